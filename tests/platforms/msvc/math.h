// SPDX-License-Identifier: MIT
// Functions instead of macros, as C++ has them, and what Microsoft's <cmath> refers to.
#pragma once
#include_next <math.h>
#undef fpclassify
#undef isfinite
#undef isinf
#undef isnan
#undef isnormal
#undef signbit
#undef isgreater
#undef isgreaterequal
#undef isless
#undef islessequal
#undef islessgreater
#undef isunordered
extern "C++" {
template <class T>
[[nodiscard]] inline bool signbit(T x) noexcept {
  return __builtin_signbit(x) != 0;
}
template <class T>
[[nodiscard]] inline int fpclassify(T x) noexcept {
  return __builtin_fpclassify(FP_NAN, FP_INFINITE, FP_NORMAL, FP_SUBNORMAL, FP_ZERO, x);
}
}
