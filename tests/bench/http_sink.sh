#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: tests/bench/http_sink.sh PATH/TO/bench_http_sink [RECORDS [REPETITIONS]]
#
# Starts nginx, which answers every request with 204 after it has read it, and runs the program beside it.
set -euo pipefail
program=${1:?"usage: $0 PATH/TO/bench_http_sink [RECORDS [REPETITIONS]]"}
shift
work=$(mktemp -d)
port=$((20000 + RANDOM % 20000))
cat >"$work/nginx.conf" <<CONF
daemon off; pid $work/pid; error_log $work/error.log; worker_processes 1;
events {}
http {
  access_log off; client_body_temp_path $work; client_body_buffer_size 8m; client_max_body_size 64m;
  proxy_temp_path $work; fastcgi_temp_path $work; uwsgi_temp_path $work; scgi_temp_path $work;
  server {
    listen 127.0.0.1:$port; location /answer { return 204; } keepalive_requests 1000000;
    location / { proxy_pass http://127.0.0.1:$port/answer; proxy_set_body ""; proxy_request_buffering on; }
  }
}
CONF
nginx -c "$work/nginx.conf" -e "$work/error.log" &
server=$!
trap 'kill $server; wait $server 2>/dev/null || true; rm -rf "$work"' EXIT
until curl -s -o /dev/null "http://127.0.0.1:$port/answer"; do kill -0 $server; done
"$program" "http://127.0.0.1:$port/logs" "$@"
