// SPDX-License-Identifier: MIT
// Format arguments come first, fields after them.
// expect: fapilog: a field precedes a format argument. Format arguments come first, fields after them.

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("took {}", 5, fapilog::kv("order", 1));
#else
  log.info("took {}", fapilog::kv("order", 1), 5);
#endif
}
