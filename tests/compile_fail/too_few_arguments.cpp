// SPDX-License-Identifier: MIT
// Each pair of braces has its argument.
// expect: argument not found

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("took {} of {}", 5, 6, fapilog::kv("order", 1));
#else
  log.info("took {} of {}", 5, fapilog::kv("order", 1));
#endif
}
