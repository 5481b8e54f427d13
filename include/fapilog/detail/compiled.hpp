// SPDX-License-Identifier: MIT
// FAPILOG_INLINE marks function bodies that the library of fapilog::compiled contains.
#pragma once

// Header-only use includes such bodies as inline functions. With FAPILOG_COMPILED, which the CMake target
// fapilog::compiled defines for its users, headers contain only the declarations and the library contains the bodies.
// None of them runs for each record, so they are compiled for size.
#ifdef FAPILOG_COMPILED
#define FAPILOG_INLINE [[gnu::cold]]
#else
#define FAPILOG_INLINE [[gnu::cold]] inline
#endif
