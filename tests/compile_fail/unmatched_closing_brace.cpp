// SPDX-License-Identifier: MIT
// A closing brace alone is written twice.
// expect: unmatched '}' in format string
#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("took }}");
#else
  log.info("took }");
#endif
}
