// SPDX-License-Identifier: MIT
// Two fields of one call do not have the same key, in a build with little optimisation.
// expect: fapilog: two fields of this log call have the same key
// flags: -O1

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.error("took {}", 5, fapilog::kv("order", 1), fapilog::kv("orders", 2));
#else
  log.error("took {}", 5, fapilog::kv("order", 1), fapilog::kv("order", 2));
#endif
}
