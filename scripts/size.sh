#!/usr/bin/env bash
# Lists Rust files of more than 300 lines and functions of more than 40. rustfmt puts a function's last brace under its
# first word, so that counting needs no parser. The hard limits (500 and 60) fail in `make test`.
set -euo pipefail
cd "$(dirname "$0")/.."

git ls-files -co --exclude-standard '*.rs' | sort | xargs awk '
    FNR == 1 { report_file(); file = FILENAME; depth = 0 }
    { lines = FNR }
    /^ *(pub(\([a-z:]+\))? )?(const )?(async )?fn / {
        match($0, /^ */); depth++; indent[depth] = RLENGTH; from[depth] = FNR
        match($0, /fn [a-z0-9_]+/); name[depth] = substr($0, RSTART + 3, RLENGTH - 3)
        if ($0 ~ /(;|})$/) depth--
    }
    depth > 0 && (/^ *}$/ || /^ *\).*;$/) {
        match($0, /^ */)
        if (RLENGTH == indent[depth]) {
            length_of = FNR - from[depth] + 1
            if (/}$/ && length_of > 40) printf "%5d lines  fn %s  %s:%d\n", length_of, name[depth], file, from[depth]
            depth--
        }
    }
    function report_file() { if (lines > 300) printf "%5d lines  %s\n", lines, file }
    END { report_file() }
'
