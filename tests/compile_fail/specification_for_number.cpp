// SPDX-License-Identifier: MIT
// A text's specification does not fit a number.
// expect: invalid type specifier
#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("took {:d}", 5);
#else
  log.info("took {:s}", 5);
#endif
}
