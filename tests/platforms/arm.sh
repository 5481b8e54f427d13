#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# 32-bit ARM, version 7. See cross.bash.
packages=(g++-arm-linux-gnueabihf qemu-user-static)
compiler=arm-linux-gnueabihf-g++
emulator=qemu-arm-static
flags=(-D_FILE_OFFSET_BITS=64)
libraries=()
has_bytes_of_page=false
source "${BASH_SOURCE[0]%/*}/cross.bash"
