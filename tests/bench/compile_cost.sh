#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: tests/bench/compile_cost.sh [--check | --full]
#
# Measures what it costs to compile a file that logs (preprocessed lines, time compared with fmt's light header alone, time and
# code of each statement) and a file that owns the runtime ("hello", one with settings, one with settings and Postgres;
# header-only and with fapilog::compiled, next to header-only spdlog if that is installed).
#
#   --check   fail if a figure exceeds its limit
#   --full    measure units of 1, 200 and 2,000 statements; writes CSV rows to standard error
#
# --check and --full compare with quill if FAPILOG_BENCH_QUILL_INCLUDE names its headers. CXX is the compiler, RUNS the number
# of measurements of each time.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
compiler=${CXX:-g++}
action=${1:-}
runs=${RUNS:-7}
quill=${FAPILOG_BENCH_QUILL_INCLUDE:-}
[[ -z $action || $action == --check || $action == --full ]] || {
  sed -n 's/^# usage: /usage: /p' "$0" >&2
  exit 2
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"

flags=(-std=c++20 "-I$here/include")
if [[ -n $quill ]]; then flags+=(-isystem "$quill"); fi

# CPU time of one compilation in milliseconds: source, options.
cpu_ms() {
  local unit=$1 took
  shift
  local TIMEFORMAT='%U %S'
  took=$({ time "$compiler" "${flags[@]}" "$@" -c "$unit.cpp" -o "$unit.o"; } 2>&1)
  awk '{printf "%d\n", ($1 + $2) * 1000}' <<<"$took"
}
# Writes the lowest CPU time of several interleaved runs to <unit>.least: number of runs, units, options after "--".
least_ms() {
  local count=$1 units=() unit i
  shift
  while [[ $1 != -- ]]; do
    units+=("$1")
    shift
  done
  shift
  for unit in "${units[@]}"; do : >"$unit.ms"; done
  for ((i = 0; i < count; ++i)); do
    for unit in "${units[@]}"; do cpu_ms "$unit" "$@" >>"$unit.ms"; done
  done
  for unit in "${units[@]}"; do sort -n "$unit.ms" | head -n 1 >"$unit.least"; done
}
# Size of all code of an object, including templates and functions with their own sections.
text_bytes() { size -A "$1.o" | awk '$1 ~ /^\.text/ {sum += $2} END {print sum + 0}'; }
lines_of() { "$compiler" "${flags[@]}" -E "$1.cpp" | wc -l; }
holds() { awk "BEGIN {exit !($1)}"; }

# A unit that logs: logger, number of statements. All have the same signature; at most 50 are in one function.
write_unit() {
  local logger=$1 count=$2
  awk -v logger="$logger" -v count="$count" 'BEGIN {
    if (logger == "fapilog") {
      print "#include <fapilog/logger.hpp>"
      type = "fapilog::logger const&"
      statement = "  log.info(\"value {} {} {}\", n, n, d);"
    } else {
      print "#include <quill/LogMacros.h>\n#include <quill/Logger.h>"
      type = "quill::Logger*"
      statement = "  LOG_INFO(log, \"value {} {} {}\", n, n, d);"
    }
    for (f = 0; f * 50 < count; ++f) {
      printf "void log_%d(%s log, int n, double d) {\n", f, type
      for (i = 0; i < 50 && f * 50 + i < count; ++i) print statement
      print "}"
    }
  }' >"${logger}_$count.cpp"
}
loggers=(fapilog)
if [[ -n $quill ]]; then loggers+=(quill); fi

# --- every statement ----------------------------------------------------------------------------------------

if [[ $action == --full ]]; then
  runs=${RUNS:-3}
  row() { echo "$1,$compiler,compile_cost,$2,$3,$4" >&2; }
  for logger in "${loggers[@]}"; do
    for count in 1 200 2000; do
      write_unit "$logger" $count
      row "$logger" "$count statements" lines "$(lines_of "${logger}_$count")"
    done
  done
  for level in -O0 -O2; do
    for count in 1 200 2000; do
      units=()
      for logger in "${loggers[@]}"; do units+=("${logger}_$count"); done
      least_ms "$runs" "${units[@]}" -- "$level"
      for logger in "${loggers[@]}"; do
        row "$logger" "$count statements $level" seconds "$(awk '{print $1 / 1000}' "${logger}_$count.least")"
        bytes=$(text_bytes "${logger}_$count")
        echo "$bytes" >"${logger}_$count.text"
        row "$logger" "$count statements $level" text_bytes "$bytes"
      done
    done
    for logger in "${loggers[@]}"; do
      for figure in least:ms_per_statement text:bytes_per_statement; do
        few=$(<"${logger}_200.${figure%%:*}")
        many=$(<"${logger}_2000.${figure%%:*}")
        row "$logger" "each more $level" "${figure##*:}" "$(awk -v a="$few" -v b="$many" 'BEGIN {print (b - a) / 1800}')"
      done
    done
  done
  exit 0
fi

# --- the first statement ------------------------------------------------------------------------------------

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

failed=0
# fail_unless <condition for awk> <message>: with --check.
fail_unless() {
  if [[ $action == --check ]] && ! holds "$1"; then
    echo "$2" >&2
    failed=1
  fi
}

for level in -O0 -O2; do
  least_ms "$runs" baseline one_call -- "$level"
  base=$(<baseline.least)
  one=$(<one_call.least)
  ratio=$(awk -v a="$one" -v b="$base" 'BEGIN {printf "%.2f", a / b}')
  echo "$compiler $level: fmt alone ${base} ms, one log call ${one} ms, ratio ${ratio} (limit 1.30)"
  fail_unless "$ratio <= 1.30" "too slow to compile"
done
lines=$(lines_of include)
echo "$compiler: logger.hpp preprocesses to $lines lines (limit 44700)"
fail_unless "$lines < 44700" "too many lines"

# --- each more ----------------------------------------------------------------------------------------------

write_unit fapilog 200
write_unit fapilog 2000
least_ms 2 fapilog_200 fapilog_2000 -- -O2
few=$(<fapilog_200.least)
many=$(<fapilog_2000.least)
ms=$(awk -v a="$few" -v b="$many" 'BEGIN {printf "%.2f", (b - a) / 1800}')
bytes=$(awk -v a="$(text_bytes fapilog_200)" -v b="$(text_bytes fapilog_2000)" 'BEGIN {printf "%.1f", (b - a) / 1800}')
echo "$compiler -O2: each further statement $bytes bytes of code (limit 46) and $ms ms (limit 1.0)"
fail_unless "$bytes <= 46" "too much code for a statement"
fail_unless "$ms <= 1.0" "a statement is too slow to compile"

if [[ -n $quill ]]; then
  for logger in fapilog quill; do write_unit "$logger" 1; done
  for level in -O0 -O2; do
    least_ms 3 fapilog_1 quill_1 -- "$level"
    ours=$(<fapilog_1.least)
    theirs=$(<quill_1.least)
    ratio=$(awk -v a="$ours" -v b="$theirs" 'BEGIN {printf "%.2f", a / b}')
    echo "$compiler $level: one statement $ours ms, quill's $theirs ms, ratio $ratio (limit 0.50)"
    fail_unless "$ratio <= 0.50" "a unit is too slow to compile next to quill's"
  done
else
  echo "FAPILOG_BENCH_QUILL_INCLUDE is not set: not compared with quill"
fi

# --- the file that owns the runtime -------------------------------------------------------------------------

# owner <unit> <options...>: compiles once at -O2 and prints seconds of CPU time and megabytes of memory.
owner() {
  python3 - "$compiler" "${flags[@]}" -O2 "${@:2}" -c "$1.cpp" -o "$1.o" <<'PY'
import resource, subprocess, sys
if subprocess.run(sys.argv[1:], stderr=subprocess.DEVNULL).returncode != 0:
    sys.exit(1)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{used.ru_utime + used.ru_stime:.1f} {used.ru_maxrss // 1024}")
PY
}

cat >hello.cpp <<'EOT'
#include <fapilog/fapilog.hpp>
int main() {
  fapilog::runtime rt;
  rt.get_logger("hello").info("hello {}", 42);
}
EOT
cat >with_settings.cpp <<'EOT'
#include <fapilog/fapilog.hpp>
#include <fapilog/settings.hpp>
int main() {
  fapilog::runtime rt{fapilog::settings::from_environment().options()};
  rt.get_logger("hello").info("hello {}", 42);
}
EOT
cat >with_postgres.cpp <<'EOT'
#include <fapilog/fapilog.hpp>
#include <fapilog/plugins/postgres.hpp>
#include <fapilog/settings.hpp>
int main() {
  auto plugins = fapilog::builtin_plugins();
  fapilog::add_postgres(plugins);
  fapilog::runtime rt{fapilog::settings::from_environment(fapilog::process_environment(), plugins).options()};
  rt.get_logger("hello").info("hello {}", 42);
}
EOT
cat >spdlog_hello.cpp <<'EOT'
#include <spdlog/async.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
int main() {
  auto log = spdlog::create_async<spdlog::sinks::stdout_color_sink_mt>("hello");
  log->info("hello {}", 42);
  spdlog::shutdown();
}
EOT

if ! command -v python3 >/dev/null; then
  echo "python3 is not installed: owners of a runtime are not measured"
  exit $failed
fi
for unit in hello with_settings with_postgres; do
  for flavour in header_only compiled; do
    options=()
    if [[ $flavour == compiled ]]; then options=(-DFAPILOG_COMPILED); fi
    if ! figures=$(owner "$unit" "${options[@]}"); then
      echo "$compiler -O2: $unit, $flavour: does not compile here (a dependency may be missing)"
      continue
    fi
    read -r "${unit}_${flavour}_seconds" "${unit}_${flavour}_mb" <<<"$figures"
    echo "$compiler -O2: $unit, $flavour: ${figures% *} s, ${figures#* } MB"
    if [[ $unit == hello && $flavour == header_only ]] && "$compiler" hello.o -o hello -lfmt -pthread 2>/dev/null; then
      strip -s hello
      kb=$(($(stat -c %s hello) / 1024))
      echo "$compiler -O2: hello, header_only, stripped: $kb KB (limit 400)"
      fail_unless "$kb <= 400" "the program is too large"
    fi
  done
done
fail_unless "${hello_header_only_mb:-9999} <= 670" "hello takes too much memory to compile (limit 670 MB)"
if figures=$(owner spdlog_hello); then
  theirs=${figures% *}
  echo "$compiler -O2: spdlog header-only: $theirs s, ${figures#* } MB"
  for pair in hello_header_only:2.6 hello_compiled:0.45; do
    variable=${pair%:*}_seconds
    if [[ -z ${!variable:-} ]]; then continue; fi
    ratio=$(awk -v a="${!variable}" -v b="$theirs" 'BEGIN {printf "%.2f", a / b}')
    echo "$compiler -O2: ${pair%:*} to spdlog header-only: ratio $ratio (limit ${pair#*:})"
    fail_unless "$ratio <= ${pair#*:}" "the file that owns the runtime is too slow to compile"
  done
else
  echo "spdlog is not installed: not compared"
fi
exit $failed
