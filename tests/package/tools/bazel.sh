#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Bazel: a project that builds and runs a program with packaging/bazel/BUILD.bazel, and analyses the other targets. The libraries
# are those of this machine.
#
# Environment: FAPILOG_BAZEL is the command (bazel). FAPILOG_BAZEL_OVERRIDES is a list NAME=FOLDER, with spaces, of Bazel's own
# repositories that cannot be downloaded, such as rules_cc. This reads no MODULE.bazel: Bazel before version 6 has no modules.
# Files are below build/package/bazel.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."

bazel=${FAPILOG_BAZEL:-bazel}
if ! command -v "$bazel" >/dev/null; then
  echo "skipped: $bazel is not installed (FAPILOG_BAZEL)"
  exit 77
fi
folder=$PWD/build/package/bazel
rm -rf "$folder/projects"
mkdir -p "$folder/projects"/{fapilog,consumer}
cp -r packaging/bazel/BUILD.bazel LICENSE include "$folder/projects/fapilog/"
cp tests/package/programs/one_line.cpp "$folder/projects/consumer/"

# library <repository> <target> <headers below /usr/include> <link option>
library() {
  mkdir -p "$folder/projects/$1/include"
  (cd /usr/include && cp -rL --parents $3 "$folder/projects/$1/include/")
  cat >"$folder/projects/$1/BUILD.bazel" <<BUILD
load("@rules_cc//cc:defs.bzl", "cc_library")
cc_library(
    name = "$2",
    hdrs = glob(["include/**"]),
    includes = ["include"],
    linkopts = [$4],
    visibility = ["//visibility:public"],
)
BUILD
}
library fmt fmt fmt '"-lfmt"'
library nlohmann_json json nlohmann ''
library zlib zlib 'zlib.h zconf.h' '"-lz"'
{
  echo 'workspace(name = "consumer")'
  for name in fapilog fmt nlohmann_json zlib; do
    [[ -e $folder/projects/$name/WORKSPACE ]] || echo "workspace(name = \"$name\")" >"$folder/projects/$name/WORKSPACE"
    echo "local_repository(name = \"$name\", path = \"../$name\")"
  done
} >"$folder/projects/consumer/WORKSPACE"
cat >"$folder/projects/consumer/BUILD.bazel" <<'BUILD'
load("@rules_cc//cc:defs.bzl", "cc_binary")
cc_binary(
    name = "one_line",
    srcs = ["one_line.cpp"],
    deps = ["@fapilog"],
)
BUILD

options=(--cxxopt=-std=c++20 --jobs=1)
for override in ${FAPILOG_BAZEL_OVERRIDES:-}; do
  options+=("--override_repository=$override")
done
cd "$folder/projects/consumer"
run_bazel() { "$bazel" "--output_user_root=$folder/cache" --batch "$@" "${options[@]}" 2>"$folder/log" || { cat "$folder/log" >&2 && return 1; }; }
run_bazel build --nobuild @fapilog//:fapilog @fapilog//:json @fapilog//:zlib
run_bazel build //:one_line
bazel-bin/one_line
echo "1 passed, 0 failed"
