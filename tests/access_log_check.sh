#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: tests/access_log_check.sh PROGRAM LOG
#
# Runs the access_log example on a log in Apache's combined format and compares its output with what awk reads from the
# log: the number of lines, each of them valid JSON, the sum of bytes, and the count of each status.
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

# Status and bytes follow the request's closing quote; "-" means no bytes. A line in another format counts as "none", as
# in the example.
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
  }' "$log" | LC_ALL=C sort >"$folder/expected"

python3 - "$folder/output" <<'PYTHON' | LC_ALL=C sort >"$folder/actual"
import collections
import json
import sys


def reject_constant(word):
    raise ValueError(word + " is not JSON")


total = 0
count = 0
status = collections.Counter()
with open(sys.argv[1], encoding="utf-8", newline="\n") as lines:
    for count, line in enumerate(lines, 1):
        try:
            data = json.loads(line, parse_constant=reject_constant)["log"]["data"]
            total += int(data.get("bytes") or 0)
            status[data.get("status", "none")] += 1
        except (ValueError, KeyError, TypeError) as error:
            sys.exit(f"output line {count}: {type(error).__name__}: {error}: {line!r}")
print("lines", count)
print("bytes", total)
for code, times in status.items():
    print("status", code, times)
PYTHON

if ! diff --label "awk: $log" --label "output: $program" -u "$folder/expected" "$folder/actual"; then
  echo "access_log: the output differs from the log" >&2
  exit 1
fi
echo "access_log: $(grep '^lines' "$folder/actual"), $(grep '^bytes' "$folder/actual") match the log"
