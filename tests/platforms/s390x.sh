#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# IBM Z, big-endian. See cross.bash.
packages=(g++-s390x-linux-gnu qemu-user-static)
compiler=s390x-linux-gnu-g++
emulator=qemu-s390x-static
flags=()
libraries=()
has_bytes_of_page=false
source "${BASH_SOURCE[0]%/*}/cross.bash"
