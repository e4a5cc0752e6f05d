#!/usr/bin/env bash
# need.sh COMMAND:PACKAGE… : installs the Debian packages whose command is missing, and does nothing when none is.
# `:PACKAGE` has no command to look for, and is installed.
set -euo pipefail

missing=()
for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null || missing+=("${pair#*:}")
done
# A C compiler without the headers of the C library compiles nothing.
if [[ " $* " == *" cc:"* && ! -e /usr/include/stdlib.h ]]; then
    missing+=(libc6-dev)
fi
[[ ${#missing[@]} -eq 0 ]] && exit 0

as_root=()
if [[ $(id -u) -ne 0 ]]; then
    as_root=(sudo -n)
fi
if ! command -v apt-get >/dev/null || ! "${as_root[@]}" true 2>/dev/null; then
    echo "Please install: ${missing[*]} (on Debian: sudo apt-get install ${missing[*]})" >&2
    exit 1
fi
echo "==> installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
install=("${as_root[@]}" apt-get install -y -qq --no-install-recommends "${missing[@]}")
"${install[@]}" >/dev/null 2>&1 || { "${as_root[@]}" apt-get update -qq && "${install[@]}" >/dev/null; }
