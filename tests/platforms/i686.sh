#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# 32-bit x86. See cross.bash.
packages=(g++-i686-linux-gnu)
compiler=i686-linux-gnu-g++
emulator=
flags=(-D_FILE_OFFSET_BITS=64)
libraries=()
has_bytes_of_page=false
source "${BASH_SOURCE[0]%/*}/cross.bash"
