#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# One command: installs what is missing (with apt-get, where there is one), builds the examples, and runs the main
# job: every request of an Apache access log as a JSON record, then the account of all records.
#
# usage: examples/run.sh [LOG]
#   LOG   an access log in the combined format (default: examples/access_log/sample.log)
#
# The build folder is build/examples; all records are in build/examples/access_log.jsonl.
set -euo pipefail

if (($# > 1)) || [[ ${1:-} == -* ]]; then
  [[ ${1:-} == -h || ${1:-} == --help ]] && status=0 || status=2
  sed -n '/^# usage:/,/^#   LOG/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"
  exit "$status"
fi
log=$(realpath -- "${1:-$(dirname "${BASH_SOURCE[0]}")/access_log/sample.log}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=build/examples

# --- what is missing ----------------------------------------------------------------------------------------

has() { command -v "$1" >/dev/null; }

install() {
  local root=()
  if ((EUID != 0)); then root=(sudo); fi
  if ! has apt-get || ! has "${root[0]:-env}"; then
    echo "examples/run.sh: please install $*" >&2
    exit 1
  fi
  echo "== installing $*"
  "${root[@]}" apt-get update -q || echo "apt-get update failed: going on with what is known"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

# Prints fmt's version as the compiler sees it, however fmt came here; nothing without it.
fmt_version() {
  echo FMT_VERSION | "${CXX:-g++}" -E -P -x c++ -std=c++20 -include fmt/core.h - 2>/dev/null | tail -n 1
}

missing=()
has "${CXX:-g++}" || missing+=(g++)
has cmake || missing+=(cmake)
has ninja || missing+=(ninja-build)
has python3 || missing+=(python3)
[[ -n $(fmt_version) ]] || missing+=(libfmt-dev)
((${#missing[@]} == 0)) || install "${missing[@]}"

# Older releases: a newer compiler is at hand beside the default one, a newer fmt is fetched.
if [[ -z ${CXX:-} ]] && (($(g++ -dumpversion | cut -d . -f 1) < 12)); then
  has g++-12 || install g++-12
  export CXX=g++-12
fi
if (($(fmt_version) < 90000)); then
  has git || install git ca-certificates
fi

# --- build --------------------------------------------------------------------------------------------------

echo "== building the examples in $build"
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DFAPILOG_BUILD_TESTS=OFF -DFAPILOG_BUILD_EXAMPLES=ON \
  -DFAPILOG_INSTALL=OFF -DFAPILOG_WARNINGS_AS_ERRORS=OFF >/dev/null
cmake --build "$build"

# --- run ----------------------------------------------------------------------------------------------------

records=$build/access_log.jsonl
echo "== access_log $log"
status=0
"$build/examples/access_log" "$log" >"$records" 2>"$records.account" || status=$?
head -n 3 "$records"
echo "... $(wc -l <"$records") records in $records"
cat "$records.account"
exit "$status"
