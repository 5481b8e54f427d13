// SPDX-License-Identifier: MIT
// A user of the component zlib: the definition and the library come with the target.
#include <fapilog/fapilog.hpp>

#include <zlib.h>

#if FAPILOG_WITH_ZLIB != 1
#error "fapilog::zlib defines FAPILOG_WITH_ZLIB=1"
#endif

int main() { return zlibVersion()[0] == ZLIB_VERSION[0] ? 0 : 1; }
