// SPDX-License-Identifier: MIT
// Each format argument has its braces.
// expect: more format arguments

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("took {} of {}", 5, 6);
#else
  log.info("took {}", 5, 6);
#endif
}
