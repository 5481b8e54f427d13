#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Installs the packages that are missing (with apt-get, if there is one), builds the example, starts a PostgreSQL server in a
# temporary directory, writes an access log into it, and prints the results of some queries.
#
# usage: examples/postgres/run.sh [LOG]
#   LOG   an access log in the combined format (default: examples/access_log/sample.log)
#
# If PROGRAM is set, it is the built example, and nothing is built.
set -euo pipefail

if (($# > 1)) || [[ ${1:-} == -* ]]; then
  [[ ${1:-} == -h || ${1:-} == --help ]] && status=0 || status=2
  sed -n '/^# usage:/,/^#   LOG/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit "$status"
fi
log=$(realpath -- "${1:-$(dirname "${BASH_SOURCE[0]}")/../access_log/sample.log}")
program=${PROGRAM:+$(realpath -- "$PROGRAM")}
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
queries=$PWD/examples/postgres/queries.sql

# --- packages -----------------------------------------------------------------------------------------------

binaries() { find /usr/lib/postgresql -maxdepth 3 -name initdb -printf '%h\n' 2>/dev/null | sort -V | tail -n 1; }

missing=()
[[ -n $(binaries) ]] || missing+=(postgresql)
if [[ -z $program ]]; then
  command -v "${CXX:-g++}" >/dev/null || missing+=(g++)
  command -v cmake >/dev/null || missing+=(cmake)
  command -v ninja >/dev/null || missing+=(ninja-build)
  for package in libfmt-dev libpqxx-dev nlohmann-json3-dev; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
fi
if ((${#missing[@]} != 0)); then
  root=()
  if ((EUID != 0)); then root=(sudo); fi
  echo "== installing ${missing[*]}"
  "${root[@]}" apt-get update -q || echo "apt-get update failed; continuing with the existing package lists"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
fi

# --- build --------------------------------------------------------------------------------------------------

if [[ -z $program ]]; then
  echo "== building the example in build/examples"
  cmake -S . -B build/examples -G Ninja -DCMAKE_BUILD_TYPE=Release -DFAPILOG_BUILD_TESTS=OFF -DFAPILOG_BUILD_EXAMPLES=ON \
    -DFAPILOG_INSTALL=OFF -DFAPILOG_WARNINGS_AS_ERRORS=OFF >/dev/null
  cmake --build build/examples --target fapilog_example_postgres
  program=$PWD/build/examples/examples/postgres
fi

# --- a temporary server ------------------------------------------------------------------------------------

bin=$(binaries)
home=$(mktemp -d)
as=()
if ((EUID == 0)); then
  user=nobody
  if id postgres >/dev/null 2>&1; then user=postgres; fi
  chown "$user" "$home"
  as=(setpriv --reuid="$user" --regid="$(id -g "$user")" --clear-groups)
fi
chmod 755 "$home"
cleanup() {
  "${as[@]}" "$bin/pg_ctl" -D "$home/data" -m immediate stop >/dev/null 2>&1 || true
  rm -rf "$home"
}
trap cleanup EXIT
cd /
"${as[@]}" "$bin/initdb" -D "$home/data" -U fapilog -E UTF8 --locale=C --auth=trust --no-sync >/dev/null
"${as[@]}" "$bin/pg_ctl" -D "$home/data" -w -l "$home/log" -o "-k $home -c listen_addresses=''" start >/dev/null

# --- run ----------------------------------------------------------------------------------------------------

export FAPILOG_POSTGRES__HOST=$home FAPILOG_POSTGRES__DATABASE=postgres FAPILOG_POSTGRES__USER=fapilog
"$program" "$log"
"$bin/psql" -X -h "$home" -U fapilog -d postgres -v ON_ERROR_STOP=1 -P footer=off -e -f "$queries"
