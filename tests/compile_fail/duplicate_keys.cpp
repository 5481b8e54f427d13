// SPDX-License-Identifier: MIT
// Two fields of one call do not have the same key.
// expect: fapilog: two fields of this log call have the same key
// flags: -O2

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("paid", fapilog::kv("order", 1), fapilog::kv("ip", 2), fapilog::kv("orders", 3));
#else
  log.info("paid", fapilog::kv("order", 1), fapilog::kv("ip", 2), fapilog::kv("order", 3));
#endif
}
