#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Microsoft's C++ library and compiler, as far as clang shows them: every public header is parsed, none is compiled or run. The
# C headers are those of MinGW-w64 with the few declarations in msvc/, because Microsoft's own are not public.
#
# Environment: FAPILOG_MSVC_STL is the folder `stl/inc` of the public repository of Microsoft's C++ library, at the tag
# vs-2022-17.14. Without it the platform is skipped.
packages=(clang-19 mingw-w64-x86-64-dev)
source "${BASH_SOURCE[0]%/*}/common.bash"

compiler=$(command -v clang++-19)
c_headers=/usr/share/mingw-w64/include
for needed in "$compiler" "$c_headers/corecrt.h" "${FAPILOG_MSVC_STL:-}/yvals_core.h"; do
  [[ -e $needed ]] && continue
  echo "skipped: clang++-19, MinGW-w64's headers or FAPILOG_MSVC_STL is missing (packages: ${packages[*]})"
  $quick && exit 77
  failures+=("msvc: a tool is missing")
  finish
done

# All public headers, without those that need a POSIX system or another library.
headers=$build/headers.hpp
(cd include && find fapilog -name detail -prune -o -path '*/os' -prune -o -name '*.hpp' -print) | sort |
  grep -vE '_impl\.hpp|kill_safe|syslog|journald|zlib|zstd|opentelemetry|beast|boost|nats|grpc|httplib|spdlog_sink|glog|/(postgres|kafka|http|otlp|clickhouse)\.hpp|sinks/(postgres|kafka|http|otlp|clickhouse)/' |
  sed 's/.*/#include <&>/' >"$headers"
# abort() of MinGW-w64 is not [[noreturn]] for this compiler.
compile=("$compiler" --target=x86_64-pc-windows-msvc -fms-extensions -fms-compatibility-version=19.44 -std=c++20 -fsyntax-only
  -nostdinc -isystem tests/platforms/msvc -isystem "${FAPILOG_MSVC_STL:-}" -isystem "$("$compiler" -print-resource-dir)/include"
  -isystem "$c_headers" -include vcruntime.h -D_UCRT -DFMT_HEADER_ONLY -isystem "$build/outside" -Iinclude -Itests
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -Wno-invalid-noreturn "-DFAPILOG_TEST_HEADERS=\"$headers\"")

# parse <name> <source> <flags...>
parse() {
  echo "== msvc: $1 ($(wc -l <"$headers") headers)"
  if "${compile[@]}" "${@:3}" "$2"; then
    passed=$((passed + 1))
  else
    failures+=("msvc: $1")
  fi
}

parse "clang-cl" tests/platforms/msvc.cpp
parse "as the compiler of Microsoft" tests/platforms/msvc.cpp -DFAPILOG_TEST_MSVC_ITSELF
parse "the program of the platform Windows" tests/platforms/windows.cpp
parse "the DLL of the platform Windows" tests/platforms/windows_module.cpp
finish
