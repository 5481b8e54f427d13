# SPDX-License-Identifier: MIT
# Builds tests with a cross compiler and runs them with qemu's emulation of user mode. Sourced by <platform>.sh, which sets
# `packages`, `compiler`, `emulator` (empty if this machine runs the programs itself), `flags`, `libraries` (further ones to link),
# and `has_bytes_of_page` (the record format is that of docs/record-format.md byte for byte).
#
# Environment: FAPILOG_PLATFORM_RECORDS is the number of records per thread of that program (20000; 2000 with --quick),
# and FAPILOG_PLATFORM_OPTIMISATION replaces -O1.
#
# fmt, nlohmann_json and Catch2 are used as headers of this machine, so that no library of the platform is needed but those of
# the compiler. The output ends like that of tests/run.sh.
source "${BASH_SOURCE[0]%/*}/common.bash"

for tool in "${compiler[0]}" $emulator; do
  command -v "$tool" >/dev/null && continue
  echo "skipped: $tool is not installed (packages: ${packages[*]})"
  $quick && exit 77
  failures+=("$platform: $tool is missing")
  finish
done

launcher=()
# ccache does not know a compiler of two words.
((${#compiler[@]} > 1)) || ! command -v ccache >/dev/null || launcher=(ccache)
compile=("${launcher[@]}" "${compiler[@]}" -std=c++20 "${FAPILOG_PLATFORM_OPTIMISATION:--O1}" -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -DFMT_HEADER_ONLY
  -isystem "$build/outside" -Iinclude -Itests "${flags[@]}")
link=(-static -lpthread -ldl "${libraries[@]}")

# run <name> <program> <arguments...>
run() {
  local name=$1
  shift
  echo "== $platform: $name"
  if timeout 3600 $emulator "$@"; then
    passed=$((passed + 1))
  else
    failures+=("$platform: $name")
  fi
}

# build_object <source> <object> <flags...>
build_object() {
  local source=$1 object=$2
  shift 2
  mkdir -p "$(dirname "$object")"
  "${compile[@]}" "$@" -c "$source" -o "$object" 2>"$object.log" || {
    cat "$object.log" >&2
    rm -f "$object"
    return 1
  }
}

echo "== $platform: build the small program"
if build_object tests/platforms/exercise.cpp "$build/exercise.o" && "${compiler[@]}" "${flags[@]}" "$build/exercise.o" "${link[@]}" -o "$build/exercise"; then
  default=20000
  ! $quick || default=2000
  run exercise "$build/exercise" "${FAPILOG_PLATFORM_RECORDS:-$default}"
else
  failures+=("$platform: exercise does not compile")
fi
! $quick || finish

# The tests of everything that depends on the processor: bytes, order, atomic operations, memory.
sources=(packaging/compiled/fapilog.cpp packaging/compiled/settings.cpp tests/support/main.cpp
  tests/unit/queue/*.cpp tests/unit/record/*.cpp tests/unit/kill_safe/*.cpp tests/unit/detail/hash/*.cpp
  tests/unit/detail/text/*.cpp tests/unit/sinks/rotating_file_test.cpp
  tests/integration/{concurrency,parallel_calls,wakeup_stress,json_differential,kill_safe,spool,backpressure}_test.cpp)
echo "== $platform: build ${#sources[@]} files"
headers=$build/prelude.hpp
mkdir -p "$build"
printf '#include "support/prelude.hpp"\n' >"$headers"
"${compile[@]}" -DFAPILOG_COMPILED -x c++-header "$headers" -o "$headers.gch" || failures+=("$platform: the precompiled headers")
export -f build_object
export headers build
declare -p compile >"$build/compile.bash"
printf '%s\n' "${sources[@]}" | xargs -P "$jobs" -I{} bash -c '
  source "$build/compile.bash"
  use=()
  [[ {} != tests/* || {} == tests/support/main.cpp ]] || use=(-include "$headers")
  build_object {} "$build/objects/{}.o" -DFAPILOG_COMPILED "${use[@]}"' || true
objects=()
for source in "${sources[@]}"; do
  if [[ -e $build/objects/$source.o ]]; then
    objects+=("$build/objects/$source.o")
  else
    failures+=("$platform: $source does not compile")
  fi
done
if "${compiler[@]}" "${flags[@]}" "${objects[@]}" "${link[@]}" -o "$build/tests"; then
  run tests "$build/tests"
else
  failures+=("$platform: the tests do not link")
fi

# The bytes of the page are those of a 64-bit little-endian processor.
if $has_bytes_of_page; then
  if build_object tests/docs/record_format_test.cpp "$build/record_format.o" &&
    "${compiler[@]}" "${flags[@]}" "$build/record_format.o" "${link[@]}" -o "$build/record_format"; then
    run record_format "$build/record_format" docs/record-format.md
  else
    failures+=("$platform: record_format_test does not compile")
  fi
fi
finish
