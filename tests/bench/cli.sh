#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# How fast the tool `fapilog` filters lines of JSON, beside grep and jq, each on one core.
# usage: tests/bench/cli.sh FAPILOG_TOOL [LINES]
set -eu
tool=${1:?path of the tool fapilog}
lines=${2:-1000000}
work=$(mktemp -d "${TMPDIR:-/tmp}/fapilog-cli.XXXXXX")
trap 'rm -rf "$work"' EXIT
log=$work/log

awk -v lines="$lines" 'BEGIN {
  split("DEBUG INFO INFO INFO INFO INFO INFO WARNING INFO ERROR", levels, " ")
  for (i = 0; i < lines; i++)
    printf "{\"schema_version\":\"1.1\",\"log\":{\"timestamp\":\"2026-11-28T%02d:%02d:%02d.%03dZ\",\"level\":\"%s\",\"message\":\"request served\",\"logger\":\"http.server\",\"context\":{\"message_id\":\"01a22446-3861-73b9-b851-%012d\",\"correlation_id\":null,\"user_id\":\"%d\"},\"diagnostics\":{\"origin\":\"native\",\"service\":\"shop\",\"env\":\"prod\",\"version\":\"1.4.2\",\"host\":\"web-3\",\"pid\":14326},\"data\":{\"status\":%d,\"path\":\"/api/v1/orders/%d\",\"ms\":%.2f}}}\n",
      i / 360000 % 24, i / 6000 % 60, i / 100 % 60, i * 10 % 1000, levels[i % 10 + 1], i, i % 1000, i % 37 == 0 ? 500 : 200, i, i * 0.25 % 900
}' > "$log"
bytes=$(stat -c %s "$log")
echo "$lines lines, $((bytes / 1000000)) MB; MB per second of processor time, best of three"

# Prints the rate of a command and its number of lines.
rate() {
  local name=$1 best=
  shift
  for _ in 1 2 3; do
    local found
    found=$( { TIMEFORMAT='%U %S'; time taskset -c 0 "$@" > "$work/out"; } 2>&1) || true
    best=$(awk -v found="$found" -v best="${best:-1e9}" 'BEGIN { split(found, part, " "); now = part[1] + part[2]; print now < best ? now : best }')
  done
  awk -v name="$name" -v bytes="$bytes" -v best="$best" -v found="$(wc -l < "$work/out")" \
    'BEGIN { printf "%-34s %8.0f MB/s  %8d lines\n", name, bytes / 1e6 / (best > 0 ? best : 0.001), found }'
}

rate 'fapilog filter level>=warning' "$tool" filter 'level>=warning' "$log"
rate 'fapilog filter status>=500' "$tool" filter 'status>=500' "$log"
rate 'fapilog filter user_id=42' "$tool" filter user_id=42 "$log"
rate 'fapilog filter status>=500, two more' "$tool" filter 'status>=500' 'level!=debug' 'ms<100' "$log"
rate 'fapilog filter (all)' "$tool" filter "$log"
rate 'fapilog count --by status' "$tool" count --by status "$log"
rate 'fapilog show level=error' "$tool" show level=error "$log"
rate 'grep -F "status":500' grep -F '"status":500' "$log"
rate 'grep -E "status":[5-9][0-9]{2}' grep -E '"status":[5-9][0-9]{2}' "$log"
if command -v jq > /dev/null; then
  head -n $((lines / 10)) "$log" > "$work/part" && mv "$work/part" "$log"
  bytes=$(stat -c %s "$log")
  rate 'jq -c select(.log.data.status>=500)' jq -c 'select(.log.data.status >= 500)' "$log"
fi
