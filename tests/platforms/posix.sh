#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The calls of POSIX alone, as on macOS and the BSDs, built and run on Linux (FAPILOG_POSIX_ONLY).
#
# usage: tests/platforms/posix.sh [--packages | --quick] [--jobs N]
#
#   --packages   print the packages that the platform needs
#   --quick      the small program alone (exercise.cpp)
#
# Without --quick: the unit and integration tests of the CMake preset `posix`, too. The object files must not refer to a
# function that Linux alone has. The output ends like that of tests/run.sh.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2

quick=false
jobs=$(nproc)
while (($#)); do
  case $1 in
    --packages) exit 0 ;;
    --quick) quick=true ;;
    --jobs)
      jobs=$2
      shift
      ;;
    *)
      sed -n '/^# usage:/,/^set /{/^set /d;s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]}" >&2
      exit 2
      ;;
  esac
  shift
done

build=build/platforms/posix
passed=0
failures=()
# What macOS and the BSDs have not.
linux_only='^(syscall|prctl|pwritev2?|preadv2|statfs|statfs64|memfd_create|dladdr1|posix_fallocate(64)?|fdatasync|epoll_\w+|eventfd|inotify_\w+|getrandom|accept4|pipe2|dup3|gettid|futex|sched_setattr|ppoll|mremap|fallocate|signalfd|timerfd_\w+|program_invocation_\w+)$'

check() {
  if "${@:2}"; then
    passed=$((passed + 1))
    echo "ok: $1"
  else
    failures+=("posix: $1")
  fi
}
has_no_linux_call() {
  local found
  found=$(nm -u "$@" | awk 'NF == 2 {print $2}' | sed 's/@.*//' | sort -u | grep -E "$linux_only")
  [[ -z $found ]] || printf 'a function of Linux: %s\n' "$found" >&2
  [[ -z $found ]]
}

mkdir -p "$build"
launcher=()
! command -v ccache >/dev/null || launcher=(ccache)
compile=("${launcher[@]}" "${CXX:-g++}" -std=c++20 -O1 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -DFAPILOG_POSIX_ONLY
  -DFMT_HEADER_ONLY -Iinclude -Itests)
outside=${FAPILOG_OUTSIDE_INCLUDE:-/usr/include}
[[ $outside == /usr/include ]] || compile+=(-isystem "$outside")
check "the small program compiles" "${compile[@]}" -c tests/platforms/exercise.cpp -o "$build/exercise.o"
check "it links" "${CXX:-g++}" "$build/exercise.o" -o "$build/exercise" -lpthread -ldl
check "it calls nothing that Linux alone has" has_no_linux_call "$build/exercise.o"
check "it runs" "$build/exercise" "${FAPILOG_PLATFORM_RECORDS:-2000}"

if ! $quick; then
  check "the preset posix configures" cmake --preset posix -DFAPILOG_BUILD_EXAMPLES=OFF
  check "its tests build" cmake --build --preset posix --parallel "$jobs"
  check "its tests pass" ctest --preset posix
fi

printf '\n'
((${#failures[@]} == 0)) || printf 'failed: %s\n' "${failures[@]}"
printf '%d passed, %d failed\n' "$passed" "${#failures[@]}"
((${#failures[@]} == 0))
