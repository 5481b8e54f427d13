#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# What it costs a translation unit to log: preprocessed lines, and compile time against fmt's light header alone.
# Usage: tests/bench/compile_cost.sh [--check]; with --check it fails where a limit is broken. CXX chooses the compiler.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
compiler=${CXX:-g++}
check=${1:-}
runs=${RUNS:-7}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

fmt_header=core
printf '#include <fmt/base.h>\n' >probe.cpp
if "$compiler" -std=c++20 -fsyntax-only probe.cpp 2>/dev/null; then fmt_header=base; fi

cat >baseline.cpp <<EOT
#include <fmt/$fmt_header.h>
#include <string>
std::string text(int n) { return fmt::format("{} of", n); }
EOT
cat >one_call.cpp <<'EOT'
#include <fapilog/logger.hpp>
void log_it(fapilog::logger const& log, int n) { log.info("{} of", n, fapilog::kv("n", n)); }
EOT
printf '#include <fapilog/logger.hpp>\n' >include.cpp

flags=(-std=c++20 "-I$here/include")
lines=$("$compiler" "${flags[@]}" -E include.cpp | wc -l)

# Least CPU time of several interleaved runs, in milliseconds.
least() { sort -n "$1" | head -n 1; }
for level in -O0 -O2; do
  : >baseline.ms
  : >one_call.ms
  for ((i = 0; i < runs; ++i)); do
    for unit in baseline one_call; do
      TIMEFORMAT='%U %S'
      took=$({ time "$compiler" "${flags[@]}" "$level" -c "$unit.cpp" -o "$unit.o"; } 2>&1)
      awk '{printf "%d\n", ($1 + $2) * 1000}' <<<"$took" >>"$unit.ms"
    done
  done
  base=$(least baseline.ms)
  one=$(least one_call.ms)
  ratio=$(awk -v a="$one" -v b="$base" 'BEGIN {printf "%.2f", a / b}')
  echo "$compiler $level: fmt alone ${base} ms, one log call ${one} ms, ratio ${ratio} (limit 1.30)"
  if [[ $check == --check ]] && awk -v r="$ratio" 'BEGIN {exit !(r > 1.30)}'; then
    echo "too slow to compile" >&2
    exit 1
  fi
done
echo "$compiler: logger.hpp preprocesses to $lines lines (limit 44700)"
if [[ $check == --check && $lines -ge 44700 ]]; then
  echo "too many lines" >&2
  exit 1
fi
