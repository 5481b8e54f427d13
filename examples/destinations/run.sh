#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Starts the counterpart of a destination on the loopback interface, in a temporary folder, logs three orders to it, and
# prints what arrived there.
#
# usage: examples/destinations/run.sh NAME
#   NAME   syslog       rsyslog, by RELP
#          syslog_tls   rsyslog, by RELP over TLS
#          syslog_ng    syslog-ng, over TCP; it must be installed, or unpacked by tests/run.sh
#          journald     systemd-journald, read by journalctl
#          kafka        the mock cluster of librdkafka, read by kcat
#          nats         nats-server with JetStream
#          otlp         OpenTelemetry's own decoder, if tests/run.sh has installed it; else a receiver in Python
#          http         nginx, which writes each body to its log
#          webhook      a receiver in Python, which checks the signature
#          datadog, elasticsearch, loki, splunk   a receiver in Python that answers by the documentation of the product
#          clickhouse   examples/clickhouse/run.sh: an access log, and queries
#          postgres     examples/postgres/run.sh: an access log, and queries
#
# Missing packages are installed with apt-get, if there is one. If PROGRAM is set, it is the built example: nothing is built
# or installed. The status is 77 if the counterpart is missing.
set -euo pipefail

usage() { sed -n '/^# usage:/,/^set /{/^set /d;s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]}"; }

case ${1:-} in
  -h | --help)
    usage
    exit 0
    ;;
esac
if (($# != 1)); then
  usage >&2
  exit 2
fi
name=$1
program=${PROGRAM:+$(realpath -- "$PROGRAM")}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
PATH=$PATH:/usr/sbin:/lib/systemd

case $name in
  clickhouse | postgres) exec "examples/$name/run.sh" ;;
esac

# --- packages -----------------------------------------------------------------------------------------------

missing=()
need() { command -v "$1" >/dev/null || missing+=("$2"); }  # need <command> <its package>

need python3 python3
case $name in
  syslog)
    need rsyslogd rsyslog
    compgen -G '/usr/lib*/*/rsyslog/imrelp.so' >/dev/null || missing+=(rsyslog-relp)
    ;;
  syslog_tls)
    need rsyslogd rsyslog
    need openssl openssl
    compgen -G '/usr/lib*/*/rsyslog/imrelp.so' >/dev/null || missing+=(rsyslog-relp)
    ;;
  syslog_ng)
    if [[ ! -x build/syslog-ng/usr/sbin/syslog-ng ]] && ! command -v syslog-ng >/dev/null; then
      echo "skipped: syslog-ng is missing; its package would remove rsyslog, but tests/run.sh unpacks it below build/"
      exit 77
    fi
    ;;
  journald) need systemd-journald systemd ;;
  kafka) need kcat kcat ;;
  nats) need nats-server nats-server ;;
  http) need nginx nginx-light ;;
  otlp | webhook | datadog | elasticsearch | loki | splunk) ;;
  *)
    usage >&2
    exit 2
    ;;
esac
if [[ -z $program ]]; then
  need "${CXX:-g++}" g++
  need cmake cmake
  need ninja ninja-build
  for package in libfmt-dev nlohmann-json3-dev libcurl4-openssl-dev libssl-dev librdkafka-dev libnats-dev; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
fi
if ((${#missing[@]} != 0)); then
  if [[ -n $program ]]; then
    echo "skipped: these packages are missing: ${missing[*]}"
    exit 77
  fi
  root=()
  if ((EUID != 0)); then root=(sudo); fi
  echo "== installing ${missing[*]}"
  "${root[@]}" apt-get update -q || echo "apt-get update failed; continuing with the existing package lists"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -q --no-install-recommends "${missing[@]}"
fi

# --- build --------------------------------------------------------------------------------------------------

if [[ -z $program ]]; then
  echo "== building the example in build/examples"
  cmake -S . -B build/examples -G Ninja -DCMAKE_BUILD_TYPE=Release -DFAPILOG_BUILD_TESTS=OFF -DFAPILOG_BUILD_EXAMPLES=ON \
    -DFAPILOG_INSTALL=OFF -DFAPILOG_WARNINGS_AS_ERRORS=OFF >/dev/null
  cmake --build build/examples --target fapilog_example_destinations
  program=$PWD/build/examples/examples/destinations
fi

# --- what all counterparts share ----------------------------------------------------------------------------

home=$(mktemp -d)
running=()
host=
cleanup() {
  if [[ -n $host ]]; then
    exec 3>&-
    wait "$host" || true
  fi
  for process in "${running[@]}"; do kill "$process" 2>/dev/null || true; done
  for process in "${running[@]}"; do wait "$process" 2>/dev/null || true; done
  rm -rf "$home"
}
trap cleanup EXIT

free_port() { python3 -c 'import socket; print(socket.create_server(("127.0.0.1", 0)).getsockname()[1])'; }

# in_background <command...>: its output is in $home/log.
in_background() {
  "$@" >>"$home/log" 2>&1 &
  running+=($!)
}

# wait_until <command...>: at most 30 seconds.
wait_until() {
  for ((i = 0; i < 300; ++i)); do
    if "$@" >/dev/null 2>&1; then return; fi
    sleep 0.1
  done
  echo "$name: gave up waiting for: $*" >&2
  cat "$home/log" >&2
  exit 1
}
listens() { (: <"/dev/tcp/127.0.0.1/$1"); }
has_lines() { (($(grep -c '' "$1") >= $2)); }  # has_lines <file> <count>

send() {
  FAPILOG_CORE__SINKS=${1:-$name} "$program"
  echo "== what arrived"
}

start_rsyslog() {  # start_rsyslog <further parameters of the input>
  port=$(free_port)
  cat >"$home/rsyslog.conf" <<END
global(workDirectory="$home")
module(load="imrelp"${2:+ $2})
input(type="imrelp" address="127.0.0.1" port="$port" $1)
template(name="line" type="string" string="%pri% %app-name% %msgid% %structured-data% %msg%\n")
action(type="omfile" file="$home/messages" template="line" flushOnTXEnd="on")
END
  in_background rsyslogd -n -f "$home/rsyslog.conf" -i "$home/pid"
  wait_until listens "$port"
}

# start_receiver <answer to each request>: records each request as $home/N.head and $home/N.body.
start_receiver() {
  printf '%s' "$1" >"$home/script"
  in_background python3 tests/http/recording_server.py "$home"
  wait_until test -e "$home/port"
  url=http://127.0.0.1:$(<"$home/port")
}
print_requests() {
  for head in "$home"/*.head; do
    head -n 1 "$head"
    cat "${head%.head}.body"
    echo
  done
}

# --- the destinations ---------------------------------------------------------------------------------------

case $name in
  syslog)
    start_rsyslog ""
    FAPILOG_SYSLOG__TRANSPORT=relp FAPILOG_SYSLOG__HOST=127.0.0.1 FAPILOG_SYSLOG__PORT=$port send
    wait_until has_lines "$home/messages" 3
    cat "$home/messages"
    ;;
  syslog_tls)
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$home/key.pem" -out "$home/cert.pem" \
      -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 2>/dev/null
    start_rsyslog "tls=\"on\" tls.cacert=\"$home/cert.pem\" tls.mycert=\"$home/cert.pem\" tls.myprivkey=\"$home/key.pem\"" \
      'tls.tlslib="openssl"'
    FAPILOG_SYSLOG_TLS__PROTOCOL=relp FAPILOG_SYSLOG_TLS__HOST=127.0.0.1 FAPILOG_SYSLOG_TLS__PORT=$port \
      FAPILOG_SYSLOG_TLS__TLS__CA_FILE=$home/cert.pem send
    wait_until has_lines "$home/messages" 3
    cat "$home/messages"
    ;;
  syslog_ng)
    port=$(free_port)
    cat >"$home/syslog-ng.conf" <<END
@version: current
options { keep-hostname(yes); use-dns(no); stats-freq(0); };
source s { syslog(transport("tcp") ip("127.0.0.1") port($port)); };
destination d { file("$home/messages" template("\$PRI \$PROGRAM \$MSGID \$SDATA \$MSG\n")); };
log { source(s); destination(d); };
END
    options=()
    if [[ -x build/syslog-ng/usr/sbin/syslog-ng ]]; then  # unpacked there by tests/run.sh, because it conflicts with rsyslog
      unpacked=$(realpath build/syslog-ng)
      socket=$(find "$unpacked" -name libafsocket.so | head -n 1)
      options=("--module-path=$(dirname "$socket")")
      libraries=$unpacked/usr/lib/$(uname -m)-linux-gnu
      export LD_LIBRARY_PATH=$libraries:$unpacked/usr/lib/syslog-ng:$unpacked/lib/$(uname -m)-linux-gnu
      PATH=$unpacked/usr/sbin:$PATH
    fi
    in_background syslog-ng -F -f "$home/syslog-ng.conf" --no-caps "--persist-file=$home/persist" "--pidfile=$home/pid" \
      "--control=$home/control" "${options[@]}"
    unset LD_LIBRARY_PATH
    wait_until listens "$port"
    FAPILOG_SYSLOG__TRANSPORT=tcp FAPILOG_SYSLOG__HOST=127.0.0.1 FAPILOG_SYSLOG__PORT=$port send syslog
    wait_until has_lines "$home/messages" 3
    cat "$home/messages"
    ;;
  journald)
    fields=(--output-fields=PRIORITY,MESSAGE,SYSLOG_IDENTIFIER,ORDER,AMOUNT,ITEM,TENANT_ID)
    if ((EUID == 0)) && unshare --mount mount --make-rprivate / 2>/dev/null; then  # one of its own
      mkfifo "$home/commands"
      unshare --mount --kill-child python3 tests/syslog/journald_host.py "$home" <"$home/commands" >"$home/log.host" 2>&1 &
      host=$!
      exec 3>"$home/commands"  # it ends when this is closed
      echo start >&3
      wait_until grep -qx ok "$home/log.host"
      FAPILOG_JOURNALD__SOCKET=$home/systemd/journal/socket FAPILOG_JOURNALD__IDENTIFIER=destinations send
      from=(-D "$(echo "$home"/log/journal/*)")
    elif [[ -z ${PROGRAM:-} && -S /run/systemd/journal/socket ]]; then  # the one of this machine
      FAPILOG_JOURNALD__IDENTIFIER=destinations send
      from=(-n 3)
    else
      echo "skipped: journald does not run, and only root can start one beside it"
      exit 77
    fi
    entries() { journalctl -q "${from[@]}" -t destinations -o json "${fields[@]}" >"$home/entries" && has_lines "$home/entries" 3; }
    wait_until entries
    cat "$home/entries"
    ;;
  kafka)
    # One process is the cluster, and consumes from it.
    kcat -C -b mock -X test.mock.num.brokers=1 -X allow.auto.create.topics=true -t logs -o beginning -u -K ' ' \
      >"$home/messages" 2>"$home/log" &
    running+=($!)
    wait_until grep -q 'replaced with' "$home/log"
    brokers=$(sed -n 's/.*replaced with //p' "$home/log")
    FAPILOG_KAFKA__BROKERS=$brokers FAPILOG_KAFKA__TOPIC=logs FAPILOG_KAFKA__KEY_FIELD=context.tenant_id send
    wait_until has_lines "$home/messages" 3
    cat "$home/messages"
    ;;
  nats)
    port=$(free_port)
    printf 'listen: "127.0.0.1:%s"\njetstream { store_dir: "%s/streams" }\n' "$port" "$home" >"$home/nats.conf"
    in_background nats-server -c "$home/nats.conf"
    wait_until listens "$port"
    python3 examples/destinations/jetstream.py "$port" create LOGS logs
    FAPILOG_NATS__SERVERS=nats://127.0.0.1:$port FAPILOG_NATS__SUBJECT=logs FAPILOG_NATS__STREAM=LOGS send
    python3 examples/destinations/jetstream.py "$port" read LOGS
    ;;
  otlp)
    if command -v node >/dev/null && [[ -e build/node_modules/@opentelemetry/otlp-transformer ]]; then
      node tests/otlp/receiver.js "$PWD/build/node_modules" "$home/received" "$home/answers" 0 >"$home/log" 2>&1 &
      running+=($!)
      wait_until has_lines "$home/log" 1
      FAPILOG_OTLP__URL=http://127.0.0.1:$(cut -d ' ' -f 1 "$home/log")/v1/logs send
      python3 - "$home/received" <<'END'
import json, sys
for line in open(sys.argv[1], encoding="utf-8"):
    for resource in json.loads(line)["logs"]["resourceLogs"]:
        for scope in resource["scopeLogs"]:
            for record in scope["logRecords"]:
                print(scope["scope"]["name"], json.dumps(record, ensure_ascii=False))
END
    else
      in_background python3 examples/clickhouse/otlp_receiver.py "$home/port"
      wait_until test -e "$home/port"
      FAPILOG_OTLP__URL=http://127.0.0.1:$(<"$home/port")/v1/logs FAPILOG_OTLP__ENCODING=json send
      kill "${running[0]}"
      wait "${running[0]}" || true
      cat "$home/log"
    fi
    ;;
  http)
    port=$(free_port)
    cat >"$home/nginx.conf" <<END
daemon off; master_process off; pid $home/pid; error_log $home/error;
events {}
http {
  log_format body escape=none '\$request_body';
  client_body_temp_path $home/body; proxy_temp_path $home/proxy; fastcgi_temp_path $home/fastcgi;
  uwsgi_temp_path $home/uwsgi; scgi_temp_path $home/scgi;
  server {
    listen 127.0.0.1:$port;
    client_body_buffer_size 1m;
    location /logs { access_log $home/bodies body; proxy_pass http://127.0.0.1:$port/empty; }
    location /empty { access_log off; return 204; }
  }
}
END
    in_background nginx -c "$home/nginx.conf" -e "$home/error"
    wait_until listens "$port"
    FAPILOG_HTTP__URL=http://127.0.0.1:$port/logs FAPILOG_HTTP__BODY=json_lines send
    wait_until has_lines "$home/bodies" 3
    cat "$home/bodies"
    ;;
  webhook)
    start_receiver 204
    secret=whsec_$(head -c 32 /dev/urandom | base64)
    FAPILOG_WEBHOOK__URL=$url/alerts FAPILOG_WEBHOOK__SECRET=$secret send
    print_requests
    python3 - "$home" "$secret" <<'END'
import base64, glob, hashlib, hmac, sys
for name in glob.glob(sys.argv[1] + "/*.head"):
    lines = open(name).read().splitlines()
    headers = {key.lower(): value for key, _, value in (line.partition(": ") for line in lines)}
    body = open(name.replace(".head", ".body"), "rb").read()
    signed = f'{headers["webhook-id"]}.{headers["webhook-timestamp"]}.'.encode() + body
    key = base64.b64decode(sys.argv[2].removeprefix("whsec_"))
    wanted = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    print("signature", "valid" if hmac.compare_digest(wanted, headers["webhook-signature"]) else "INVALID")
END
    ;;
  datadog)
    start_receiver 202
    FAPILOG_DATADOG__URL=$url FAPILOG_DATADOG__CONNECTION__CREDENTIAL__VALUE=key send
    print_requests
    ;;
  elasticsearch)
    start_receiver bulk
    FAPILOG_ELASTICSEARCH__URL=$url FAPILOG_ELASTICSEARCH__INDEX=logs-shop-test send
    cat "$home/documents"
    ;;
  loki)
    start_receiver 204
    FAPILOG_LOKI__URL=$url FAPILOG_LOKI__LABELS=service=shop send
    print_requests
    ;;
  splunk)
    start_receiver $'200\t\t{"text":"Success","code":0}'
    FAPILOG_SPLUNK__URL=$url FAPILOG_SPLUNK__CONNECTION__CREDENTIAL__VALUE=token send
    print_requests
    ;;
esac
