// SPDX-License-Identifier: MIT
// The smallest program that takes the runtime from the library of fapilog::compiled.
#ifndef FAPILOG_COMPILED
#error "fapilog::compiled has to define FAPILOG_COMPILED"
#endif
#include "one_line.cpp"
