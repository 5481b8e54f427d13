# SPDX-License-Identifier: MIT
# MinGW-w64 on Linux for 64-bit Windows, with Wine for the tests. The compiler has the threads of POSIX: that with the threads
# of Windows has no std::thread before GCC 13.
set(CMAKE_SYSTEM_NAME Windows)
set(CMAKE_SYSTEM_PROCESSOR x86_64)
set(CMAKE_CXX_COMPILER x86_64-w64-mingw32-g++-posix)
find_program(fapilog_wine NAMES wine64 PATHS /usr/lib/wine)
if(fapilog_wine)
  set(CMAKE_CROSSCOMPILING_EMULATOR "${fapilog_wine}")
endif()
# Packages in /usr are those of Linux.
set(CMAKE_FIND_ROOT_PATH /usr/x86_64-w64-mingw32)
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
