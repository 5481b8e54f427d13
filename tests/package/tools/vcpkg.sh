#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# The vcpkg tool: installs the overlay port with every feature whose library pkg-config finds, builds and runs a project with its
# toolchain file, and rehearses the registry: the port that packaging/release makes, its entry in versions/, its installation.
#
# Environment: FAPILOG_VCPKG_ROOT is a folder of microsoft/vcpkg with the tool `vcpkg` in it: ports/fmt, ports/vcpkg-cmake*, scripts and
# triplets are enough. fmt and the newer CMake that vcpkg's scripts need are the registry's; without a network, put fmt's archive
# in its folder downloads and the CMake into PATH. The libraries of the features are those of this machine (empty ports). Files are
# below build/package/vcpkg.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
source=$PWD

root=${FAPILOG_VCPKG_ROOT:-}
if [[ ! -x $root/vcpkg || ! -d $root/ports/fmt ]]; then
  echo "skipped: FAPILOG_VCPKG_ROOT has no vcpkg and ports/fmt"
  exit 77
fi
root=$(cd "$root" && pwd)
folder=$source/build/package/vcpkg
rm -rf "$folder"
mkdir -p "$folder"
export VCPKG_ROOT=$root VCPKG_FORCE_SYSTEM_BINARIES=1 VCPKG_DISABLE_METRICS=1 VCPKG_BINARY_SOURCES=clear
export VCPKG_MAX_CONCURRENCY=${VCPKG_MAX_CONCURRENCY:-1}
"$root/vcpkg" version | sed -n 1p

# vcpkg <arguments...>: must succeed without a warning.
vcpkg() {
  local log=$folder/log
  "$root/vcpkg" "$@" >"$log" 2>&1 || {
    cat "$log" >&2
    return 1
  }
  if grep -E '(warning|error):' "$log" >&2; then
    echo "vcpkg $1 warns" >&2
    return 1
  fi
}
install() {
  vcpkg install "$@" --classic --triplet x64-linux-release --host-triplet x64-linux-release \
    --x-buildtrees-root="$folder/buildtrees" --x-packages-root="$folder/packages" --overlay-ports="$folder/system"
}

echo "== manifests"
for manifest in vcpkg.json packaging/vcpkg/ports/fapilog/vcpkg.json; do
  cp "$manifest" "$folder/vcpkg.json"
  vcpkg format-manifest "$folder/vcpkg.json"
  diff "$manifest" "$folder/vcpkg.json"
done

mkdir "$folder/system"
features=()
while IFS=: read -r feature port pc; do
  version=$(pkg-config --modversion "$pc" 2>/dev/null) || continue
  features+=("$feature")
  mkdir -p "$folder/system/$port"
  printf '{"name": "%s", "version-string": "%s", "description": "The library of this machine", "license": null}\n' "$port" "$version" \
    >"$folder/system/$port/vcpkg.json"
  echo 'set(VCPKG_POLICY_EMPTY_PACKAGE enabled)' >"$folder/system/$port/portfile.cmake"
done <<'LIBRARIES'
http:curl:libcurl
json:nlohmann-json:nlohmann_json
kafka:librdkafka:rdkafka
nats:cnats:libnats
postgres:libpqxx:libpqxx
tls:openssl:openssl
zlib:zlib:zlib
zstd:zstd:libzstd
LIBRARIES
features=$(IFS=, && echo "${features[*]}")

echo "== the overlay port with $features"
install "fapilog[$features]" --x-install-root="$folder/installed" --overlay-ports=packaging/vcpkg/ports

echo "== a project"
cmake -S tests/package/consumers/find_package -B "$folder/consumer" "-DCMAKE_TOOLCHAIN_FILE=$root/scripts/buildsystems/vcpkg.cmake" \
  -DVCPKG_TARGET_TRIPLET=x64-linux-release "-DVCPKG_INSTALLED_DIR=$folder/installed" -DVCPKG_MANIFEST_MODE=OFF \
  "-DPROGRAMS=$source/tests/package/programs" "-DCOMPONENTS=$features" >"$folder/log"
cmake --build "$folder/consumer" --target one_line >>"$folder/log"
"$folder/consumer/one_line"

echo "== the registry"
packaging/release --rehearse "$folder/release" >/dev/null 2>&1
version=$(sed -n 's/^  "version": "\(.*\)",/\1/p' "$folder/release/vcpkg/ports/fapilog/vcpkg.json")
registry=$folder/registry
mkdir -p "$registry/ports" "$registry/versions"
cp -r "$folder/release/vcpkg/ports/fapilog" "$folder/system"/* "$root"/ports/{fmt,vcpkg-cmake,vcpkg-cmake-config} "$registry/ports/"
ln -s "$root/scripts" "$root/triplets" "$registry/"
touch "$registry/.vcpkg-root"
# GitHub's archive of the tag.
archive=fapilog-fapilog-v$version.tar.gz
git archive --format=tar --prefix="fapilog-$version/" HEAD | gzip -cn >"$folder/$archive"
mkdir "$folder/downloads"
cp "$folder/$archive" "$folder/downloads/"
for file in "$root"/downloads/*; do
  [[ ! -f $file ]] || ln -s "$file" "$folder/downloads/"
done
sed -i "s/SHA512 0/SHA512 $(sha512sum "$folder/$archive" | cut -d' ' -f1)/" "$registry/ports/fapilog/portfile.cmake"
echo '{"default": {}}' >"$registry/versions/baseline.json"
commit() {
  git -C "$registry" add ports versions
  git -C "$registry" -c user.name=test -c user.email=test@localhost commit -q -m "$1"
}
git -C "$registry" init -q
commit port
vcpkg format-manifest "$registry/ports/fapilog/vcpkg.json"
git -C "$registry" diff --exit-code
vcpkg x-add-version fapilog "--vcpkg-root=$registry"
vcpkg x-add-version --all --skip-formatting-check --skip-version-format-check "--vcpkg-root=$registry"
commit version
vcpkg x-ci-verify-versions --verbose "--vcpkg-root=$registry"
install fapilog --x-install-root="$folder/from-registry" --downloads-root="$folder/downloads" --overlay-ports="$registry/ports/fapilog"
[[ -e $folder/from-registry/x64-linux-release/share/fapilog/fapilog-config.cmake ]]
echo "1 passed, 0 failed"
