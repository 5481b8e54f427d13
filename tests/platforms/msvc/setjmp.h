// SPDX-License-Identifier: MIT
// MinGW-w64 renames _setjmp, which clang's intrin.h declares.
#pragma once
#include_next <setjmp.h>
#undef _setjmp
#undef setjmp
