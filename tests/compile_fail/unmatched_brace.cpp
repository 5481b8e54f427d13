// SPDX-License-Identifier: MIT
// A literal brace is doubled.
// expect: invalid format string

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("took {{");
#else
  log.info("took {");
#endif
}
