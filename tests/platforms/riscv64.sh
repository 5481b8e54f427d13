#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# 64-bit RISC-V. See cross.bash.
packages=(g++-riscv64-linux-gnu qemu-user-static)
compiler=riscv64-linux-gnu-g++
emulator=qemu-riscv64-static
flags=()
libraries=(-latomic) # GCC 12 has no atomic operations on single bytes without it
has_bytes_of_page=true
source "${BASH_SOURCE[0]%/*}/cross.bash"
