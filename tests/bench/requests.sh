#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: requests.sh PROGRAM [SECONDS [ROUNDS [PAUSE]]]
#
# Loads bench_request_server with wrk (Debian: wrk) over 8 connections that stay open, for SECONDS (10; the target is judged
# with 60) without logging and with it in turn, ROUNDS (5) times each. Fails unless every request has one access record and
# one record of its handler, with its own id. Prints the medians of the latencies, of the answers per second and of the CPU time
# that the service takes for an answer; at most 3 % more at p99 is the target on a quiet machine. PAUSE: milliseconds between two
# requests of a connection (0); without a pause wrk and the service use all processors, so the thread that writes the records takes
# its time from them. With RIVAL=spdlog, its asynchronous logger takes part with the same fields, if the program was built with it.
set -euo pipefail
program=$1 seconds=${2:-10} rounds=${3:-5} pause=${4:-0}
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
  return wrk.format("GET", "/orders/" .. id, {["X-Request-Id"] = id})
end
local pause = tonumber(os.getenv("PAUSE"))
if pause > 0 then
  delay = function() return pause end
end
done = function(summary, latency)
  io.write(string.format("result %d %.3f %.3f %.1f %d\n", summary.requests, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, summary.requests / summary.duration * 1e6,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.status + summary.errors.timeout))
end
LUA
for ((round = 1; round <= rounds; round++)); do
  for mode in none logged ${RIVAL:-}; do
    target=(none)
    [[ $mode == none ]] || target=("$work/logs/requests.log")
    [[ $mode == none || $mode == logged ]] || target+=("$mode")
    mkdir -p "$work/logs"
    rm -f "$work/out"
    "$program" "${target[@]}" >"$work/out" &
    server=$!
    until [[ -s $work/out ]]; do
      kill -0 "$server" # a server that has ended fails the script
      sleep 0.05
    done
    result=$(PAUSE=$pause wrk -t 2 -c 8 -d "${seconds}s" -s "$work/ids.lua" "$(head -1 "$work/out")" | grep '^result ')
    ticks=$(awk '{ print $14 + $15 }' "/proc/$server/stat")
    kill "$server"
    wait "$server"
    echo "$mode ${result#result } $ticks $(getconf CLK_TCK)" |
      awk '{ print $1, $2, $3, $4, $5, $6, $7 / $8 / $2 * 1e6 }' | tee -a "$work/results" |
      awk '{ printf "%-6s %9d answers, p50 %.3f ms, p99 %.3f ms, %.0f/s, errors %d, CPU %.1f us an answer\n", $1, $2, $3, $4, $5, $6, $7 }'
    if [[ $mode != none ]]; then
      tail -1 "$work/out"
      cat "$work"/logs/* | python3 -c '
import collections, json, sys
answers = int(sys.argv[1])
records = {"http": collections.Counter(), "orders": collections.Counter()}
foreign = 0
for line in sys.stdin:
    log = json.loads(line)["log"]
    request = log["context"]["request_id"]
    records[log["logger"]][request] += 1
    own = log["data"]["order"] if log["logger"] == "orders" else log["data"]["path"].removeprefix("/orders/")
    foreign += own != request
access, inner = records["http"], records["orders"]
repeated = sum(n != 1 for n in access.values()) + sum(n != 1 for n in inner.values())
numbers = collections.defaultdict(list)
for request in access:
    thread, number = request.split("-")
    numbers[thread].append(int(number))
gaps = sum(max(all) - len(all) for all in numbers.values())
print(f"{len(access)} access records for {answers} answers, {foreign} with the id of another request, {repeated} repeated, {gaps} missing")
# wrk stops before the last answers, one for each connection, and they are logged, too. Its threads count requests that they
# have not sent, one for each connection.
sys.exit(0 if foreign == repeated == 0 and access.keys() == inner.keys() and gaps <= 16 and answers <= len(access) <= answers + 16 else 1)
' "$(cut -d' ' -f2 <<<"$result")"
      rm -rf "$work/logs"
    fi
  done
done
python3 - "$work/results" <<'PY'
import statistics, sys
rows = [line.split() for line in open(sys.argv[1])]
modes = list(dict.fromkeys(row[0] for row in rows))
for name, column in (("p50", 2), ("p99", 3), ("answers/s", 4), ("CPU us an answer", 6)):
    none, *others = (statistics.median(float(r[column]) for r in rows if r[0] == mode) for mode in modes)
    for mode, other in zip(modes[1:], others):
        print(f"{name}: {none:.3f} without logging, {other:.3f} {mode} ({(other / none - 1) * 100:+.1f} %), medians")
PY
