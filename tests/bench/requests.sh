#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: requests.sh PROGRAM [SECONDS]
#
# Loads the example metrics_server with wrk (Debian: wrk) over 8 connections. Checks that every request has one access
# record with its own id, and prints the latencies with and without access records.
set -euo pipefail
program=$1 seconds=${2:-10}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cat >"$work/ids.lua" <<'LUA'
local thread_number = 0
function setup(thread)
  thread_number = thread_number + 1
  thread:set("me", thread_number)
end
local count = 0
request = function()
  count = count + 1
  local id = me .. "-" .. count
  return wrk.format("GET", "/metrics?id=" .. id, {["X-Request-Id"] = id})
end
done = function(summary, latency)
  io.write(string.format("%d answers, p50 %.2f ms, p99 %.2f ms, errors %d\n", summary.requests,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout))
end
LUA
for requests in off on; do
  "$program" --port 0 --requests $requests >"$work/$requests.log" 2>"$work/$requests.err" &
  server=$!
  until grep -qs 'listening on' "$work/$requests.err"; do
    kill -0 "$server" # a server that has ended fails the script
    sleep 0.05
  done
  url=$(sed -n 's/listening on //p' "$work/$requests.err")
  echo "access records $requests: $(wrk -t 2 -c 8 -d "${seconds}s" -s "$work/ids.lua" "$url" | grep answers)" | tee -a "$work/answers"
  kill "$server"
  wait "$server" || true
  tail -1 "$work/$requests.err"
done
python3 - "$work" <<'PY'
import collections, json, re, sys
work = sys.argv[1]
answers = int(re.search(r"records on: (\d+) answers", open(work + "/answers").read())[1])
ids = collections.Counter()
for line in open(work + "/on.log", encoding="utf-8"):
    log = json.loads(line)["log"]
    if log["logger"] == "http":
        ids[log["context"]["request_id"]] += 1
repeated = [i for i, n in ids.items() if n != 1]
per_thread = collections.defaultdict(set)
for i in ids:
    thread, number = i.split("-")
    per_thread[thread].add(int(number))
gaps = sum(max(numbers) - len(numbers) for numbers in per_thread.values())
print(f"{len(ids)} access records for {answers} answers; {len(repeated)} ids with more than one, {gaps} gaps")
# wrk stops before the last answers, one for each connection, and they are logged, too.
sys.exit(0 if not repeated and answers <= len(ids) <= answers + 16 and gaps <= 16 else 1)
PY
