// SPDX-License-Identifier: MIT
// A brace alone is written twice.
// expect: invalid format string

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("took {{");
#else
  log.info("took {");
#endif
}
