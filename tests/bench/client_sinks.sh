#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: tests/bench/client_sinks.sh PATH/TO/bench_client_sinks SINK [RECORDS [REPETITIONS]]
#
# Starts the counterpart of a sink and runs the program beside it. SINK: syslog (rsyslog over TCP, which writes to /dev/null), journald
# (a systemd-journald of its own; needs root), kafka (the mock cluster of librdkafka, in kcat), nats (nats-server with JetStream).
set -euo pipefail
usage="usage: $0 PATH/TO/bench_client_sinks syslog|journald|kafka|nats [RECORDS [REPETITIONS]]"
program=$(realpath "${1:?$usage}")
sink=${2:?$usage}
shift 2
top=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
port=$((20000 + RANDOM % 20000))
server=
cleanup() {
  exec 3>&-
  [[ -z $server ]] || kill "$server" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap cleanup EXIT
wait_for_port() { until (: <"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do kill -0 "$server"; sleep 0.1; done; }
run=()
case $sink in
  syslog)
    cat >"$work/config" <<CONF
global(workDirectory="$work")
module(load="imptcp")
input(type="imptcp" address="127.0.0.1" port="$port")
action(type="omfile" file="/dev/null")
CONF
    /usr/sbin/rsyslogd -n -f "$work/config" -i "$work/pid" &
    server=$!
    wait_for_port
    address=$port
    ;;
  journald)
    mkfifo "$work/commands"
    unshare --mount python3 "$top/tests/syslog/journald_host.py" "$work" <"$work/commands" >"$work/answers" &
    host=$!
    exec 3>"$work/commands"
    echo start >&3
    until grep -qx ok "$work/answers"; do kill -0 "$host"; sleep 0.1; done
    address=/run/systemd/journal/socket
    run=(nsenter "--mount=/proc/$host/ns/mnt")
    # /run is the folder of the host there.
    cp "$program" "$work/program"
    program=/run/program
    ;;
  kafka)
    kcat -C -b mock -X test.mock.num.brokers=1 -X allow.auto.create.topics=true -t logs -o end -q >/dev/null 2>"$work/log" -v &
    server=$!
    until grep -q 'replaced with' "$work/log"; do kill -0 "$server"; sleep 0.1; done
    address=$(sed -n 's/.*replaced with //p' "$work/log")
    ;;
  nats)
    printf 'listen: "127.0.0.1:%s"\njetstream { store_dir: "%s" }\n' "$port" "$work" >"$work/config"
    nats-server -c "$work/config" >"$work/log" 2>&1 &
    server=$!
    wait_for_port
    python3 "$top/examples/destinations/jetstream.py" "$port" create LOGS logs
    address=127.0.0.1:$port
    ;;
  *)
    echo "$usage" >&2
    exit 2
    ;;
esac
"${run[@]}" "$program" "$sink" "$address" "$@"
