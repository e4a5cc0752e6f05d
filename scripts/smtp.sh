#!/usr/bin/env bash
# Puts aiosmtpd, a real SMTP server, into .tools/python for the tests. Its wheels are of pure Python, and their hashes are
# pinned here. Does nothing when they are there.
set -euo pipefail
cd "$(dirname "$0")/.."

folder=.tools/python
stamp="$folder/aiosmtpd-1.4.6.dist-info"
requirements="
aiosmtpd==1.4.6 --hash=sha256:72c99179ba5aa9ae0abbda6994668239b64a5ce054471955fe75f581d2592475
atpublic==5.1 --hash=sha256:135783dbd887fbddb6ef032d104da70c124f2b44b9e2d79df07b9da5334825e3
attrs==25.3.0 --hash=sha256:427318ce031701fea540783410126f03899a97ffc6f61596ad581ac2e40e3bc3
"

scripts/need.sh python3:python3
if [[ ! -d "$stamp" ]]; then
    echo "==> aiosmtpd 1.4.6: downloading (300 KB)"
    python3 -m pip --version >/dev/null 2>&1 || scripts/need.sh :python3-pip
    partial=$(mktemp -d "${TMPDIR:-/tmp}/smtp.XXXXXX")
    trap 'rm -rf "$partial"' EXIT
    echo "$requirements" >"$partial/requirements.txt"
    # --target installs into no environment, so that Debian's own one need not be managed by pip.
    PIP_ROOT_USER_ACTION=ignore python3 -m pip install --quiet --disable-pip-version-check --no-deps --only-binary=:all: --require-hashes \
        --no-compile --target "$partial/python" --requirement "$partial/requirements.txt"
    mkdir -p .tools
    rm -rf "$folder.new" "$folder"
    mv "$partial/python" "$folder.new"
    mv "$folder.new" "$folder"
fi
PYTHONPATH="$folder" PYTHONDONTWRITEBYTECODE=1 python3 -W ignore -c 'import aiosmtpd; print("==> aiosmtpd: " + aiosmtpd.__version__)'
