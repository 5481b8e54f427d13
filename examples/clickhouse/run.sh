#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs the packages that are missing (with apt-get, if there is one), builds the example, starts a ClickHouse server in a
# temporary directory and a receiver of OTLP, writes an access log to both, and prints the results of some queries.
#
# usage: examples/clickhouse/run.sh [LOG [TIMES]]
#   LOG     an access log in the combined format (default: examples/access_log/sample.log)
#   TIMES   how often it is written (default: 1)
#
# If PROGRAM is set, it is the built example, and nothing is built. FAPILOG_CORE__SINKS=clickhouse leaves the receiver out.
set -euo pipefail

if (($# > 2)) || [[ ${1:-} == -* ]]; then
  [[ ${1:-} == -h || ${1:-} == --help ]] && status=0 || status=2
  sed -n '/^# usage:/,/^#   TIMES/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit "$status"
fi
log=$(realpath -- "${1:-$(dirname "${BASH_SOURCE[0]}")/../access_log/sample.log}")
times=${2:-1}
program=${PROGRAM:+$(realpath -- "$PROGRAM")}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
here=$PWD/examples/clickhouse

# --- packages -----------------------------------------------------------------------------------------------

missing=()
[[ -x /usr/sbin/clickhouse-server || -x /usr/bin/clickhouse-server ]] || missing+=(clickhouse-server)
command -v curl >/dev/null || missing+=(curl)
command -v python3 >/dev/null || missing+=(python3)
if [[ -z $program ]]; then
  command -v "${CXX:-g++}" >/dev/null || missing+=(g++)
  command -v cmake >/dev/null || missing+=(cmake)
  command -v ninja >/dev/null || missing+=(ninja-build)
  for package in libfmt-dev libcurl4-openssl-dev nlohmann-json3-dev; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
fi
if ((${#missing[@]} != 0)); then
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
  cmake --build build/examples --target fapilog_example_clickhouse
  program=$PWD/build/examples/examples/clickhouse
fi

# --- a temporary server and a receiver ----------------------------------------------------------------------

free_ports() {
  python3 -c 'import socket
all = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(one.getsockname()[1] for one in all))'
}
read -r http_port tcp_port interserver_port < <(free_ports)
home=$(mktemp -d)
as=()
if ((EUID == 0)); then as=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups); fi
mkdir "$home"/{data,tmp,files,schemas}
cat >"$home/config.xml" <<EOF
<yandex>
  <logger><level>warning</level><log>$home/server.log</log><errorlog>$home/error.log</errorlog></logger>
  <listen_host>127.0.0.1</listen_host>
  <http_port>$http_port</http_port><tcp_port>$tcp_port</tcp_port><interserver_http_port>$interserver_port</interserver_http_port>
  <path>$home/data/</path><tmp_path>$home/tmp/</tmp_path>
  <user_files_path>$home/files/</user_files_path><format_schema_path>$home/schemas/</format_schema_path>
  <mark_cache_size>5368709</mark_cache_size>
  <users_config>users.xml</users_config><default_profile>default</default_profile><default_database>default</default_database>
</yandex>
EOF
cat >"$home/users.xml" <<EOF
<yandex>
  <profiles><default/></profiles>
  <users><default><password/><networks><ip>127.0.0.1</ip></networks><profile>default</profile><quota>default</quota></default></users>
  <quotas><default/></quotas>
</yandex>
EOF
if ((EUID == 0)); then chown -R nobody "$home"; fi
server=
receiver=
cleanup() {
  [[ -z $receiver ]] || kill "$receiver" 2>/dev/null || true
  if [[ -n $server ]]; then
    kill -KILL "$server" 2>/dev/null || true
    wait "$server" 2>/dev/null || true
  fi
  rm -rf "$home"
}
trap cleanup EXIT
"${as[@]}" clickhouse-server --config-file="$home/config.xml" >"$home/out.log" 2>&1 &
server=$!
python3 "$here/otlp_receiver.py" "$home/otlp_port" &
receiver=$!
url=http://127.0.0.1:$http_port
for ((i = 0; i < 600; ++i)); do
  if curl -sf "$url/ping" >/dev/null && [[ -e $home/otlp_port ]]; then break; fi
  sleep 0.1
done

# --- run ----------------------------------------------------------------------------------------------------

export FAPILOG_CLICKHOUSE__URL=$url FAPILOG_OTLP__ENCODING=json
FAPILOG_OTLP__URL=http://127.0.0.1:$(<"$home/otlp_port")/v1/logs
export FAPILOG_OTLP__URL
"$program" "$log" "$times"
kill "$receiver"
wait "$receiver" || true
receiver=
statement=
while IFS= read -r line; do
  if [[ $line == --* ]]; then
    printf '\n%s\n' "$line"
    continue
  fi
  statement+=$line$'\n'
  [[ $line == *\; ]] || continue
  curl -sS --fail-with-body "$url/?default_format=PrettyCompactNoEscapes" --data-binary "${statement%;*}"
  statement=
done <"$here/queries.sql"
