#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: compare.sh SOURCES WORK PROGRAM...   (the first program is the original, and each is named as its source)
#
# Runs a program that logs by spdlog and its forms after a move to fapilog. All must log the same messages. Prints how many
# lines the move adds or changes.
set -euo pipefail
sources=$1 work=$2
shift 2
export LC_ALL=C
messages() {
  python3 -c '
import json, sys
for line in sys.stdin:
    print(json.loads(line)["log"]["message"] if line.startswith("{") else line, end="" if not line.startswith("{") else "\n")'
}
status=0
for program in "$@"; do
  name=$(basename "$program")
  rm -rf "${work:?}/$name"
  mkdir -p "$work/$name"
  "$program" "$work/$name" | messages | sort >"$work/$name.txt"
  [[ -n ${first:-} ]] || first=$name
  added=$(diff <(grep -v '^ *//' "$sources/$first.cpp") <(grep -v '^ *//' "$sources/$name.cpp") | grep -c '^> .' || true)
  echo "$name: $(wc -l <"$work/$name.txt") messages, $added lines added or changed"
  [[ -s $work/$name.txt ]] || status=1
  diff "$work/$first.txt" "$work/$name.txt" || status=1
done
exit $status
