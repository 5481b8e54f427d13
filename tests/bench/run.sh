#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: tests/bench/run.sh [--build DIR] [--out DIR] [--repetitions N] [--minutes N] [--loggers LIST] [--records N] [--quick]
#                           [--continue] [SCENARIO...]
#
# Measures fapilog and the other loggers that the build finds. Each repetition runs every scenario with every logger once, in a
# rotating order, so that a machine that becomes slower becomes slower for all of them. It can be stopped at any time;
# --continue goes on with the first measurement that is missing.
#
#   --build DIR         build folder (default: build/bench)
#   --out DIR           folder for raw.csv and for what report.py makes of it (default: results in the build folder)
#   --repetitions N     default: 5
#   --minutes N         begin no measurement after N minutes, the build not included (default: 15; 0: no limit)
#   --loggers LIST      only these loggers, separated by spaces
#   --records N         number of records in the scenarios throughput and worst_call (default: 2,000,000)
#   --continue          keep the results in --out and add those that are missing
#   --quick             show that everything runs; the figures mean nothing
#
# CMake gets FAPILOG_BENCH_QUILL_INCLUDE, FAPILOG_BENCH_FMTLOG_INCLUDE, FAPILOG_BENCH_FMTLOG_FMT_INCLUDE and
# FAPILOG_BENCH_XTR_INCLUDE from the environment.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
build=$root/build/bench
out=
repetitions=5
minutes=15
quick=
continue=
only=
records=2000000
scenarios=()
all_scenarios=(call_latency throughput json_floor stages worst_call rhythm threads isolated_file idle
  slow_sink hanging_sink bad_neighbours)

usage() {
  sed -n '/^# usage:/,/^set /{/^set /d;s/^# \{0,1\}//p;}' "$0" >&2
  echo "scenarios: ${all_scenarios[*]}" >&2
  exit 2
}
while (($# > 0)); do
  case $1 in
    --build | --out | --repetitions | --minutes | --records)
      [[ $# -ge 2 ]] || usage
      declare "${1#--}=$2"
      shift
      ;;
    --loggers)
      [[ $# -ge 2 ]] || usage
      only=$2
      shift
      ;;
    --quick) quick=yes ;;
    --continue) continue=yes ;;
    -*) usage ;;
    *)
      [[ " ${all_scenarios[*]} " == *" $1 "* ]] || usage
      scenarios+=("$1")
      ;;
  esac
  shift
done
if ((${#scenarios[@]} == 0)); then scenarios=("${all_scenarios[@]}"); fi
[[ -n $quick ]] && repetitions=1
[[ $repetitions =~ ^[1-9][0-9]*$ && $records =~ ^[1-9][0-9]*$ && $minutes =~ ^[0-9]+$ ]] || usage
out=${out:-$build/results}

# --- build --------------------------------------------------------------------------------------------------

options=(-DCMAKE_BUILD_TYPE=Release -DFAPILOG_BUILD_BENCHMARKS=ON -DFAPILOG_BUILD_TESTS=OFF
  -DFAPILOG_BUILD_EXAMPLES=OFF -DFAPILOG_INSTALL=OFF)
for name in QUILL FMTLOG FMTLOG_FMT XTR; do
  variable=FAPILOG_BENCH_${name}_INCLUDE
  if [[ -n ${!variable:-} ]]; then options+=("-D$variable=${!variable}"); fi
done
mkdir -p "$build"
if ! cmake -S "$root" -B "$build" "${options[@]}" >"$build/configure.log" 2>&1; then
  cat "$build/configure.log" >&2
  exit 1
fi
grep -E "fapilog: (benchmark|fmtlog|micro)" "$build/configure.log" || true
cmake --build "$build"
programs=$build/tests/bench

loggers=() # "name configuration"
mkdir -p "$out"
: >"$out/about.txt"
for name in fapilog spdlog quill boost_log glog fmtlog xtr; do
  [[ -x $programs/bench_$name ]] || continue
  [[ -z $only || " $only " == *" $name "* ]] || continue
  read -r -a about < <("$programs/bench_$name" about)
  echo "${about[*]}" >>"$out/about.txt"
  for config in "${about[@]:2}"; do loggers+=("$name $config"); done
done
uname -srm >>"$out/about.txt"
sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1 >>"$out/about.txt"
nproc | sed 's/$/ processors/' >>"$out/about.txt"

# With priority over other programs, if that is permitted.
first=()
if [[ $(nice -n -20 nice 2>/dev/null) == -20 ]]; then first=(nice -n -20); fi

# --- arguments of each scenario --------------------------------------------------------------------------------

# Number of records for loggers that would take minutes for the usual number; 0 means the harness's default.
count_of() { # scenario, logger, configuration
  local count=0
  case $1:$2 in
    throughput:boost_log | throughput:glog | worst_call:boost_log | worst_call:glog) count=200000 ;;
    throughput:* | worst_call:*) count=$records ;;
  esac
  # It polls its queue once a second.
  if [[ $2 == fmtlog && $3 == default ]]; then
    case $1 in
      throughput | worst_call | slow_sink | hanging_sink) count=20000 ;;
      rhythm | isolated_file) count=10 ;;
    esac
  fi
  if [[ -n $quick ]]; then
    case $1 in
      call_latency) count=60 ;;
      throughput | worst_call) count=20000 ;;
      rhythm | isolated_file) count=10 ;;
      idle) count=1 ;;
      bad_neighbours) count=2 ;;
      slow_sink | hanging_sink) count=5000 ;;
    esac
  fi
  echo $count
}

cases_of() { # scenario; prints a line of arguments for each case
  local message producers rhythm threads
  case $1 in
    call_latency)
      for message in num str json; do
        echo "message=$message pinned"
        echo "message=$message"
        echo "message=$message producers=2"
      done
      ;;
    throughput)
      for message in json num; do
        for producers in 1 2 4 8; do echo "message=$message producers=$producers"; done
      done
      ;;
    rhythm) # 400 ms: the backends that sleep are asleep
      for rhythm in "gap=5" "gap=5 burst=20" "gap=20" "gap=100" "gap=400" "gap=20 busy"; do
        echo "message=json $rhythm"
      done
      ;;
    threads)
      for threads in 10 100 2000; do echo "message=json count=$threads"; done
      ;;
    *) echo "message=json" ;;
  esac
}

# Rows of the measurement $2... go to raw.csv after the number of the repetition, $1; other output of the loggers goes to
# messages.log. done.txt has a line for each measurement whose rows are in raw.csv.
keep_rows() {
  local line rows=
  while IFS= read -r line; do
    if [[ $line =~ ^[a-z_]+,[^,]+,[a-z_]+,[^,]*,[a-z0-9_]+,[^,]+$ ]]; then
      rows+=$1,$line$'\n'
    else
      echo "$line" >>"$out/messages.log"
    fi
  done <"$out/stderr"
  printf %s "$rows" >>"$out/raw.csv"
  echo "$*" >>"$out/done.txt"
}

run_one() { # repetition, logger, configuration, scenario, arguments...
  local repetition=$1 logger=$2 config=$3 scenario=$4 status=0
  local -a which=("$@")
  shift 4
  local count
  count=$(count_of "$scenario" "$logger" "$config")
  if ((count != 0)); then set -- "$@" "count=$count"; fi
  "${first[@]}" timeout 600 "$programs/bench_$logger" "$scenario" "$config" "$@" 2>"$out/stderr" >/dev/null || status=$?
  keep_rows "${which[@]}"
  if ((status != 0)); then
    echo "bench_$logger $scenario $config $* ended with $status" >&2
    tail -n 3 "$out/stderr" >&2
  fi
  rm -f "$out/stderr"
}

if [[ -z $continue || ! -f $out/done.txt ]]; then
  echo "repetition,logger,config,scenario,case,metric,value" >"$out/raw.csv"
  : >"$out/messages.log"
  : >"$out/done.txt"
fi
began=$SECONDS
is_over() { ((minutes > 0 && SECONDS - began >= 60 * minutes)); }
is_done() { grep -qxF -- "$*" "$out/done.txt"; }

run_program() { # repetition, scenario: a program of its own, which compares several ways
  local own_records=1000000
  is_done "$@" && return
  [[ -n $quick ]] && own_records=20000
  "${first[@]}" "$programs/bench_$2" $own_records 2>"$out/stderr" || echo "bench_$2 failed" >&2
  keep_rows "$@"
  rm -f "$out/stderr"
}

run_scenario() { # repetition, scenario
  local repetition=$1 scenario=$2 arguments logger config i
  while read -r -a arguments <&3; do
    for ((i = 0; i < ${#loggers[@]}; ++i)); do
      read -r logger config <<<"${loggers[(i + repetition - 1) % ${#loggers[@]}]}"
      if is_over; then return; fi
      is_done "$repetition" "$logger" "$config" "$scenario" "${arguments[@]}" ||
        run_one "$repetition" "$logger" "$config" "$scenario" "${arguments[@]}"
    done
  done 3< <(cases_of "$scenario")
}

for ((repetition = 1; repetition <= repetitions; ++repetition)); do
  for scenario in "${scenarios[@]}"; do
    if is_over; then break 2; fi
    printf '%5d s  repetition %d of %d, %s\n' $((SECONDS - began)) "$repetition" "$repetitions" "$scenario"
    if [[ $scenario == json_floor || $scenario == stages ]]; then
      run_program "$repetition" "$scenario"
    else
      run_scenario "$repetition" "$scenario"
    fi
  done
done
if is_over; then
  echo "stopped after $minutes minutes; $0 --continue goes on"
else
  printf '%5d s  done: %s\n' $((SECONDS - began)) "$out/raw.csv"
fi
python3 "$root/tests/bench/report.py" "$out"
