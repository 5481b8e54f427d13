#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Conan 2: creates the package of packaging/conan with every component whose library pkg-config finds, and runs its test_package.
# The libraries are those of this machine (conan_system), so that nothing is downloaded.
#
# Environment: FAPILOG_CONAN is the command (conan). Its files are below build/package/conan.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

conan=${FAPILOG_CONAN:-conan}
if ! command -v "$conan" >/dev/null; then
  echo "skipped: $conan is not installed (FAPILOG_CONAN)"
  exit 77
fi
export CONAN_HOME=$PWD/build/package/conan
folder=$CONAN_HOME/test
mkdir -p "$CONAN_HOME"
"$conan" --version
"$conan" profile detect --force >/dev/null 2>&1

options=()
while IFS=: read -r component package pc; do
  if ! version=$(pkg-config --modversion "$pc" 2>/dev/null); then
    echo "left out: ${component:-fapilog}, because pkg-config does not find $pc"
    continue
  fi
  "$conan" export tests/package/tools/conan_system --name "$package" --version "$version" >/dev/null 2>&1
  [[ -z $component ]] || options+=(-o "fapilog/*:$component=True")
done <<'LIBRARIES'
:fmt:fmt
http:libcurl:libcurl
json:nlohmann_json:nlohmann_json
kafka:librdkafka:rdkafka
nats:cnats:libnats
postgres:libpqxx:libpqxx
tls:openssl:openssl
zlib:zlib:zlib
zstd:zstd:libzstd
LIBRARIES

"$conan" create packaging/conan --no-remote --build=missing -s build_type=Debug -s compiler.cppstd=20 "${options[@]}" \
  -c "tools.cmake.cmake_layout:test_folder=$folder" -c tools.build:jobs=1 "$@"

# Each target is itself alone: the core brings no component.
targets=$(find "$folder" -name 'fapilog-Target-debug.cmake')
if grep -q 'TARGET fapilog::fapilog APPEND PROPERTY INTERFACE_LINK_LIBRARIES fapilog::' "$targets"; then
  echo "fapilog::fapilog links components" >&2
  exit 1
fi
echo "1 passed, 0 failed"
