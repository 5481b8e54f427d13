#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Runs the access_log example on a log in Apache's combined format and holds its output against what awk reads from the
# log: as many lines, each valid JSON, the same sum of bytes and the same count of each status.
#
# usage: tests/access_log_check.sh PROGRAM LOG
set -euo pipefail
if (($# != 2)); then
  sed -n '/^# usage:/s/^# //p' "${BASH_SOURCE[0]}" >&2
  exit 2
fi
program=$1
log=$2
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"$program" "$log" >"$folder/output"

# After the request's closing quote: status and bytes, where "-" is none. Like the example, so that a line that is not
# in this format is counted on both sides.
awk '
  match($0, /" [0-9][0-9][0-9] ([0-9]+|-)( |$)/) {
    split(substr($0, RSTART + 2, RLENGTH - 2), part, " ")
    status[part[1]]++
    bytes += part[2]
    next
  }
  { status["none"]++ }
  END {
    print "lines", NR
    printf "bytes %.0f\n", bytes
    for (code in status) print "status", code, status[code]
  }' "$log" | LC_ALL=C sort >"$folder/wanted"

python3 - "$folder/output" <<'PYTHON' | LC_ALL=C sort >"$folder/found"
import collections
import json
import sys


def refuse(word):
    raise ValueError(word + " is no JSON")


total = 0
count = 0
status = collections.Counter()
with open(sys.argv[1], encoding="utf-8", newline="\n") as lines:
    for count, line in enumerate(lines, 1):
        try:
            data = json.loads(line, parse_constant=refuse)["log"]["data"]
            total += int(data.get("bytes") or 0)
            status[data.get("status", "none")] += 1
        except (ValueError, KeyError, TypeError) as error:
            sys.exit(f"output line {count}: {type(error).__name__}: {error}: {line!r}")
print("lines", count)
print("bytes", total)
for code, times in status.items():
    print("status", code, times)
PYTHON

if ! diff --label "awk: $log" --label "output: $program" -u "$folder/wanted" "$folder/found"; then
  echo "access_log: the output is not what the log says" >&2
  exit 1
fi
echo "access_log: $(grep '^lines' "$folder/found"), $(grep '^bytes' "$folder/found"), all as in the log"
