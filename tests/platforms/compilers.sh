#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The small program (exercise.cpp) with other compilers, standard libraries and options of this machine.
#
# usage: tests/platforms/compilers.sh [--packages] [--jobs N]
#
#   --packages   print the packages that it needs
#   --jobs N     has no effect
#
# Environment: FAPILOG_FMT_INCLUDES lists include folders of other versions of fmt, with colons; the program is built with each.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
if [[ ${1:-} == --packages ]]; then
  printf '%s\n' clang-19 libc++-19-dev libc++abi-19-dev lld-19
  exit
fi

build=build/platforms/compilers
mkdir -p "$build/outside"
for library in fmt nlohmann; do
  [[ -e $build/outside/$library ]] || ln -s "/usr/include/$library" "$build/outside/$library"
done
passed=0
failures=()
IFS=: read -ra versions_of_fmt <<<"${FAPILOG_FMT_INCLUDES:-}"
for folder in "${versions_of_fmt[@]}"; do
  version=$(sed -n 's/^#define FMT_VERSION //p' "$folder/fmt/base.h" "$folder/fmt/core.h" 2>/dev/null | head -n 1)
  echo "== fmt $version"
  if g++ -std=c++20 -O1 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -DFMT_HEADER_ONLY -isystem "$folder" -isystem "$build/outside" \
    -Iinclude -Itests tests/platforms/exercise.cpp -o "$build/exercise" -lpthread -ldl && "$build/exercise" "${FAPILOG_PLATFORM_RECORDS:-20000}"; then
    passed=$((passed + 1))
  else
    failures+=("fmt $version")
  fi
done
while IFS= read -r line; do
  read -ra command <<<"$line"
  if ! command -v "${command[0]}" >/dev/null; then
    echo "skipped: $line: ${command[0]} is not installed"
    continue
  fi
  echo "== $line"
  if "${command[@]}" -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -DFMT_HEADER_ONLY -isystem "$build/outside" -Iinclude -Itests \
    tests/platforms/exercise.cpp -o "$build/exercise" -lpthread -ldl && "$build/exercise" "${FAPILOG_PLATFORM_RECORDS:-20000}"; then
    passed=$((passed + 1))
  else
    failures+=("$line")
  fi
done <<'COMMANDS'
g++ -std=c++20 -O2
g++ -std=c++20 -O0
g++ -std=c++23 -O1
g++ -std=c++20 -O2 -flto=auto
g++ -std=c++20 -O1 -funsigned-char
g++ -std=c++20 -O1 -fshort-enums
g++ -std=c++20 -O3 -march=native
g++-13 -std=c++20 -O1
g++-14 -std=c++20 -O1
clang++-19 -std=c++20 -O2
clang++-19 -std=c++23 -O1
clang++-19 -std=c++20 -O1 -stdlib=libc++
clang++-19 -std=c++20 -O2 -flto -fuse-ld=lld
COMMANDS

printf '\n'
((${#failures[@]} == 0)) || printf 'failed: %s\n' "${failures[@]}"
printf '%d passed, %d failed\n' "$passed" "${#failures[@]}"
((${#failures[@]} == 0))
