#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Builds the module fapilog with clang, and a program that imports it, and runs that.
# usage: module.sh CLANGXX SOURCE FMT_LIBRARY WORK
set -euo pipefail
compiler=$1 source=$2 fmt=$3 work=$4
rm -rf "$work"
mkdir -p "$work"
cd "$work"
"$compiler" -std=c++20 -Wall -Wextra -Werror -I"$source/include" --precompile "$source/packaging/module/fapilog.cppm" -o fapilog.pcm
"$compiler" -std=c++20 -c fapilog.pcm -o fapilog.o
"$compiler" -std=c++20 -fprebuilt-module-path=. -c "$source/tests/programs/module/main.cpp" -o main.o
"$compiler" main.o fapilog.o "$fmt" -pthread -ldl -o program
./program
