#!/usr/bin/env bash
# cargo-tool.sh NAME VERSION [FLAG…] : puts a cargo subcommand at .tools/NAME-VERSION/bin, unless it is there. Built
# without optimisation: it runs for two seconds, and would be optimised for minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

name=$1 version=$2
shift 2
root=".tools/$name-$version"
if [[ ! -x "$root/bin/$name" ]]; then
    echo "==> $name $version: installing (about a minute)"
    CARGO_TARGET_DIR="$root/build" CARGO_PROFILE_DEV_DEBUG=0 \
        cargo install "$name" --version "=$version" --locked --debug --quiet --root "$root" "$@"
    rm -rf "$root/build"
fi
mkdir -p .tools/bin
ln -sfn "../$name-$version/bin/$name" ".tools/bin/$name"
