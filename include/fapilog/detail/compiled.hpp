// SPDX-License-Identifier: MIT
// FAPILOG_INLINE marks function bodies that the library of fapilog::compiled contains.
#pragma once

// Header-only use includes such bodies as inline functions. With FAPILOG_COMPILED, which the CMake target
// fapilog::compiled defines for its users, headers contain only the declarations and the library contains the bodies.
#ifdef FAPILOG_COMPILED
#define FAPILOG_INLINE
#else
#define FAPILOG_INLINE inline
#endif
