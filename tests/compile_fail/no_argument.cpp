// SPDX-License-Identifier: MIT
// A field is not a format argument.
// expect: argument not found

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("took {}", 5, fapilog::kv("order", 1));
#else
  log.info("took {}", fapilog::kv("order", 1));
#endif
}
