#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# One command: installs what is missing (with apt-get, where there is one), builds, and runs every test.
#
# usage: tests/run.sh [--quick] [--sanitize=address|thread] [--jobs N]
#   --quick               without slow tests, models, the package's users, clang-tidy, single headers, fuzzing
#   --sanitize=address    unit, integration and Postgres tests under the address and undefined behaviour sanitizers
#   --sanitize=thread     unit, integration and Postgres tests under the thread sanitizer
#   --jobs N              so many at once (default: one a processor)
#
# Build folders are build/<preset>. The last line is `N passed, N failed`; the status is 0 if none failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2

quick=false
sanitize=
jobs=$(nproc 2>/dev/null || echo 2)
usage() { sed -n '/^# usage:/,/^#   --jobs/s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; }
while (($#)); do
  case $1 in
    --quick) quick=true ;;
    --sanitize=address | --sanitize=thread) sanitize=${1#*=} ;;
    --jobs)
      jobs=${2:-}
      shift
      ;;
    --jobs=*) jobs=${1#*=} ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
  shift
done
if ! [[ $jobs =~ ^[1-9][0-9]*$ ]]; then
  usage >&2
  exit 2
fi

stage() { printf '\n== %s\n' "$*"; }

# --- what is missing ----------------------------------------------------------------------------------------

needed=(g++ cmake ninja-build pkg-config libfmt-dev nlohmann-json3-dev libpqxx-dev postgresql zlib1g-dev catch2 python3)
useful=(ccache)
if [[ -z $sanitize ]]; then
  useful+=(clang-format-14 clang-tidy-14)
  $quick || [[ ! -e tests/fuzz/CMakeLists.txt ]] || useful+=(clang libclang-rt-14-dev)
  [[ ! -e tests/model/CMakeLists.txt ]] || useful+=(spin)
fi

is_installed() { [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

install_missing() {
  command -v apt-get >/dev/null && command -v dpkg-query >/dev/null || return 0
  local package missing=() root=()
  for package in "${needed[@]}" "${useful[@]}"; do
    is_installed "$package" || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  stage "installing ${missing[*]}"
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      echo "neither root nor sudo: going on without them"
      return 0
    fi
    root=(sudo)
  fi
  "${root[@]}" apt-get update -q || echo "apt-get update failed: going on with what is known"
  # One unknown name would refuse the whole list; the tests say for themselves what they lack.
  for package in "${missing[@]}"; do
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$package" ||
      echo "$package could not be installed"
  done
}
install_missing

if command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER-ccache}
fi

# --- build and run ------------------------------------------------------------------------------------------

passed=0
failed=0

fail() {
  echo "$*" >&2
  failed=$((failed + 1))
}

# GCC 12's thread sanitizer does not start where the kernel scatters addresses wider than this.
fixed_addresses=()
if [[ $sanitize == thread && $(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0) -gt 28 ]] &&
  setarch "$(uname -m)" -R true 2>/dev/null; then
  fixed_addresses=(setarch "$(uname -m)" -R)
fi

# build_and_test <preset> <arguments for ctest...>
build_and_test() {
  local preset=$1 log
  shift
  stage "$preset: configure"
  if ! cmake --preset "$preset"; then
    fail "$preset: could not be configured"
    return
  fi
  stage "$preset: build"
  # What does not compile takes only its own tests along.
  "${fixed_addresses[@]}" cmake --build --preset "$preset" -j "$jobs" -- -k 0 || fail "$preset: the build failed"
  stage "$preset: test"
  log=build/$preset/ctest.log
  "${fixed_addresses[@]}" ctest --preset "$preset" -j "$jobs" "$@" 2>&1 | tee "$log"
  if [[ $(grep -E '^[0-9]+% tests passed' "$log" | tail -n 1) =~ ([0-9]+)' tests failed out of '([0-9]+)$ ]]; then
    failed=$((failed + BASH_REMATCH[1]))
    passed=$((passed + BASH_REMATCH[2] - BASH_REMATCH[1]))
  else
    fail "$preset: no tests were run"
  fi
}

case $sanitize in
  address) preset=asan-ubsan ;;
  thread) preset=tsan ;;
  *) preset=dev ;;
esac
if $quick; then
  build_and_test "$preset" -LE '^(slow|model|package|tidy|headers)$'
else
  build_and_test "$preset"
  if [[ -z $sanitize && -e tests/fuzz/CMakeLists.txt ]] && command -v clang++ >/dev/null; then
    build_and_test fuzz
  fi
fi

printf '\n%d passed, %d failed\n' "$passed" "$failed"
((failed == 0))
