#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# 64-bit ARM. See cross.bash.
packages=(g++-aarch64-linux-gnu qemu-user-static)
compiler=aarch64-linux-gnu-g++
emulator=qemu-aarch64-static
flags=()
libraries=()
has_bytes_of_page=true
source "${BASH_SOURCE[0]%/*}/cross.bash"
