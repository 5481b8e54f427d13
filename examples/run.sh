#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: examples/run.sh [--no-install] [LOG]
#
# Installs the packages that are missing (with apt-get, if there is one), builds the examples, and runs the main one:
# it writes each request of an Apache access log as a JSON record and then prints the account of all records.
#
#   --no-install   install nothing; fail with the list of missing packages
#   LOG            an access log in the combined format (default: examples/access_log/sample.log)
#
# The list of packages is printed before anything is installed. The build folder is build/examples; the records are in
# build/examples/access_log.jsonl.
set -euo pipefail

usage() { sed -n '/^# usage:/,/^set /{/^set /d;s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]}"; }

install=true
log=
for argument; do
  case $argument in
    --no-install) install=false ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      if [[ -n $log || $argument == -* ]]; then
        usage >&2
        exit 2
      fi
      log=$argument
      ;;
  esac
done
log=$(realpath -- "${log:-$(dirname "${BASH_SOURCE[0]}")/access_log/sample.log}")
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=build/examples

# --- packages -----------------------------------------------------------------------------------------------

has() { command -v "$1" >/dev/null; }

install_packages() {
  local root=()
  if ((EUID != 0)); then root=(sudo); fi
  if ! $install || ! has apt-get || ! has "${root[0]:-env}"; then
    echo "examples/run.sh: these packages are missing, please install them: $*" >&2
    exit 1
  fi
  echo "== installing with apt-get: $*"
  "${root[@]}" apt-get update -q || echo "apt-get update failed; continuing with the existing package lists"
  "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}

# Prints the version of fmt that the compiler finds, or nothing.
fmt_version() {
  echo FMT_VERSION | "${CXX:-g++}" -E -P -x c++ -std=c++20 -include fmt/core.h - 2>/dev/null | tail -n 1
}

missing=()
has "${CXX:-g++}" || missing+=(g++)
has cmake || missing+=(cmake)
has ninja || missing+=(ninja-build)
has python3 || missing+=(python3)
[[ -n $(fmt_version) ]] || missing+=(libfmt-dev)
((${#missing[@]} == 0)) || install_packages "${missing[@]}"

# Older distributions: install a newer compiler beside the default one; CMake fetches a newer fmt with git.
if [[ -z ${CXX:-} ]] && (($(g++ -dumpversion | cut -d . -f 1) < 12)); then
  has g++-12 || install_packages g++-12
  export CXX=g++-12
fi
if (($(fmt_version) < 90000)); then
  has git || install_packages git ca-certificates
fi

# --- build --------------------------------------------------------------------------------------------------

echo "== building the examples in $build"
cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DFAPILOG_BUILD_TESTS=OFF -DFAPILOG_BUILD_EXAMPLES=ON \
  -DFAPILOG_INSTALL=OFF -DFAPILOG_WARNINGS_AS_ERRORS=OFF | { grep -F 'fapilog: the example' || true; }
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
