#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Another CMake, such as the minimum 3.21: it configures and builds projects that take fapilog by find_package (from an installation
# by the CMake in PATH), by FetchContent and by add_subdirectory. The CMake in PATH does the same with CPM.
#
# Environment: FAPILOG_CMAKE is that CMake; one that was only bootstrapped is enough. FAPILOG_CPM is CPM.cmake; without it that
# part is skipped. Files are below build/package/cmake.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
source=$PWD

cmake=${FAPILOG_CMAKE:-}
if [[ ! -x $cmake ]]; then
  echo "skipped: FAPILOG_CMAKE is no program"
  exit 77
fi
folder=$source/build/package/cmake
rm -rf "$folder"
cmake -S . -B "$folder/build" -DFAPILOG_BUILD_TESTS=OFF -DFAPILOG_BUILD_EXAMPLES=OFF -DFAPILOG_FETCH_DEPS=OFF >/dev/null
cmake --install "$folder/build" --prefix "$folder/prefix" >/dev/null

# consume <consumer> <arguments of CMake...>
consume() {
  local build=$folder/$1
  "$cmake" -G "Unix Makefiles" -S "tests/package/consumers/$1" -B "$build" "-DPROGRAMS=$source/tests/package/programs" "${@:2}" >"$folder/log" || {
    cat "$folder/log" >&2
    return 1
  }
  make -C "$build" one_line >"$folder/log"
  echo "== $1, CMake $(sed -n 's/^CMAKE_CACHE_M[A-Z]*_VERSION:INTERNAL=//p' "$build/CMakeCache.txt" | paste -sd.)"
  "$build/one_line"
}
consume find_package "-DCMAKE_PREFIX_PATH=$folder/prefix"
consume fetch_content "-DFETCHCONTENT_SOURCE_DIR_FAPILOG=$source"
consume add_subdirectory "-DFAPILOG_SOURCE=$source"
if [[ -f ${FAPILOG_CPM:-} ]]; then
  cmake=$(command -v cmake) # fetches with git, which a bootstrapped one cannot
  consume cpm "-DCPM=$FAPILOG_CPM" "-DREPOSITORY=file://$(git rev-parse --path-format=absolute --git-common-dir)" "-DTAG=$(git rev-parse HEAD)"
else
  echo "skipped: CPM (FAPILOG_CPM)"
fi
echo "1 passed, 0 failed"
