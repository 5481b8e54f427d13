#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: tests/bench/instructions.sh PATH/TO/bench_calls [--record]
#
# Counts with callgrind the instructions of a log call on the caller's thread and of a record on the worker's thread. Fails if a
# count exceeds the one in instructions.txt by more than 5 %; --record writes that file. The counts do not depend on the load of
# the machine. The status is 77 if valgrind is not installed.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
record=$here/instructions.txt
program=${1:?"usage: $0 PATH/TO/bench_calls [--record]"}
action=${2:-}
few=500
many=1500

if ! command -v valgrind >/dev/null; then
  echo "skipped: valgrind is not installed" >&2
  exit 77
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# count <message> <records>: prints the instructions of the main thread and of all other threads.
count() {
  local out=$work/$1.$2
  if ! valgrind --tool=callgrind --collect-atstart=no --separate-threads=yes --callgrind-out-file="$out" \
    "$program" "$1" "$2" >"$work/log" 2>&1; then
    cat "$work/log" >&2
    return 1
  fi
  awk 'FNR == 1 {thread = 0} /^thread:/ {thread = $2} /^totals:/ {if (thread == 1) caller += $2; else worker += $2}
       END {print caller + 0, worker + 0}' "$out"-*
}

# Lines of `<message> <caller> <worker>`. The difference of two runs excludes one-time work.
measured=$work/measured
for message in num str json; do
  read -r caller_few worker_few < <(count "$message" $few)
  read -r caller_many worker_many < <(count "$message" $many)
  awk -v m="$message" -v n=$((many - few)) -v c=$((caller_many - caller_few)) -v w=$((worker_many - worker_few)) \
    'BEGIN {printf "%s %.0f %.0f\n", m, c / n, w / n}' >>"$measured"
  if awk '{exit !($2 < 1 || $3 < 1)}' <(tail -n 1 "$measured"); then
    echo "no instructions were counted for $message" >&2
    exit 1
  fi
done

if [[ $action == --record ]]; then
  {
    echo "# Instructions: message, per call on the caller's thread, per record on the worker's thread. Written by"
    echo "# instructions.sh --record; counts of another compiler or libfmt differ a little."
    cat "$measured"
  } >"$record"
  cat "$record"
  exit 0
fi

if [[ ! -f $record ]]; then
  cat "$measured"
  echo "$record does not exist; run $0 with --record" >&2
  exit 1
fi
awk '
  /^#/ {next}
  NR == FNR {caller[$1] = $2; worker[$1] = $3; next}
  function judge(what, now, before) {
    if (before == 0) {
      printf "%-4s %-6s %6d instructions, nothing recorded\n", $1, what, now
      failed = 1
      return
    }
    change = (now / before - 1) * 100
    bad = now > before * 1.05
    failed = failed || bad
    printf "%-4s %-6s %6d instructions, recorded %6d, %+.1f %%%s\n", $1, what, now, before, change, bad ? ": too many" : ""
  }
  {judge("caller", $2, caller[$1]); judge("worker", $3, worker[$1])}
  END {exit failed}' "$record" "$measured"
