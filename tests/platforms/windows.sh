#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Windows: built with MinGW-w64 (GCC, threads of POSIX), run with Wine.
#
# Environment: FAPILOG_PLATFORM_RECORDS is the number of records per thread of that program (250000; 2000 with --quick).
#
# fmt, nlohmann_json and Catch2 are used as headers of this machine. The output ends like that of tests/run.sh.
packages=(g++-mingw-w64-x86-64-posix wine64 wine)
compiler=x86_64-w64-mingw32-g++-posix
source "${BASH_SOURCE[0]%/*}/common.bash"

wine=$(command -v wine64 /usr/lib/wine/wine64 | head -n 1)
if ! command -v "$compiler" >/dev/null || [[ -z $wine ]]; then
  echo "skipped: $compiler or wine64 is not installed (packages: ${packages[*]})"
  $quick && exit 77
  failures+=("windows: a tool is missing")
  finish
fi

mkdir -p "$build/run"
launcher=()
! command -v ccache >/dev/null || launcher=(ccache)
# Without -mbig-obj, an object has too many sections for its format.
compile=("${launcher[@]}" "$compiler" -std=c++20 -O1 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -Wa,-mbig-obj
  -DFMT_HEADER_ONLY -isystem "$build/outside" -Iinclude -Itests)

# Wine has its files in the build directory, and shows no dialogue.
export WINEPREFIX=$build/wine WINEDEBUG=-all WINEDLLOVERRIDES='mscoree,mshtml,winedbg.exe=d'
unset DISPLAY

# run <name> <program> <arguments...>
run() {
  local name=$1
  shift
  echo "== windows: $name"
  if (cd "$build/run" && timeout 1800 "$wine" "$@"); then
    passed=$((passed + 1))
  else
    failures+=("windows: $name")
  fi
}

# Wine keeps no events: it prints the arguments of ReportEventW.
reports_events() {
  local output=$build/run/event-log.txt
  (cd "$build/run" && WINEDEBUG=-all,fixme+advapi,+eventlog timeout 600 "$wine" windows.exe --event-log) >"$output" 2>&1 || return
  local part
  for part in 'RegisterEventSourceW ((null),L"shop")' \
    ',0x0001,0x0000,0x00000007,0000000000000000,0x0001,0x00000000,' 'err:eventlog:ReportEventW L"order failed: 50% 1\r\n\r\nlevel: ERROR\r\nlogger: cart\r\ntime: ' \
    ',0x0002,0x0000,0x000004b0,0000000000000000,0x0001,0x00000000,' 'warn:eventlog:ReportEventW L"slow\r\n\r\nlevel: WARNING' \
    ',0x0004,0x0000,0x00000007,' 'trace:eventlog:ReportEventW L"\65e5\5fd7\r\n\r\nlevel: INFO'; do
    grep -qF -e "$part" "$output" || {
      echo "not found: $part" >&2
      cat "$output" >&2
      return 1
    }
  done
}

# build_object <source> <flags...>
build_object() {
  local object=$build/objects/$1.o
  mkdir -p "$(dirname "$object")"
  "${compile[@]}" "${@:2}" -c "$1" -o "$object" 2>"$object.log" || {
    cat "$object.log" >&2
    rm -f "$object"
    return 1
  }
}

if build_object tests/platforms/windows.cpp && build_object tests/platforms/windows_module.cpp &&
  "$compiler" "$build/objects/tests/platforms/windows.cpp.o" -static -o "$build/run/windows.exe" &&
  "$compiler" "$build/objects/tests/platforms/windows_module.cpp.o" -shared -static -o "$build/run/windows_module.dll"; then
  records=250000
  ! $quick || records=2000
  run program windows.exe "${FAPILOG_PLATFORM_RECORDS:-$records}"
  echo "== windows: event log"
  if reports_events; then
    passed=$((passed + 1))
  else
    failures+=("windows: event log")
  fi
else
  failures+=("windows: the program does not compile")
fi
! $quick || finish

# Tests that start no process and use no signal.
sources=(packaging/compiled/fapilog.cpp packaging/compiled/settings.cpp tests/support/main.cpp
  tests/unit/queue/{flight_recorder,lane_channel,level_registry,log_call,ring}_test.cpp
  tests/unit/record/{call_origin,context,event_path,event,json_parts,json,json_value,key,level,path_cache,sensitive,uuid,value}_test.cpp
  tests/unit/detail/hash/{sha256,siphash}_test.cpp
  tests/unit/detail/text/{ascii,copy_plain,decimal,fmt_argument,name_words,text_marks,utf8}_test.cpp tests/integration/{parallel_calls,wakeup_stress}_test.cpp)
echo "== windows: build ${#sources[@]} files"
export -f build_object
export build
declare -p compile >"$build/compile.bash"
printf '%s\n' "${sources[@]}" | xargs -P "$jobs" -I{} bash -c 'source "$build/compile.bash"; build_object {} -DFAPILOG_COMPILED' || true
objects=()
for source in "${sources[@]}"; do
  if [[ -e $build/objects/$source.o ]]; then
    objects+=("$build/objects/$source.o")
  else
    failures+=("windows: $source does not compile")
  fi
done
if "$compiler" "${objects[@]}" -static -o "$build/run/tests.exe"; then
  run tests tests.exe '~a path is its string*'  # a path of Windows has no bytes
else
  failures+=("windows: the tests do not link")
fi
finish
