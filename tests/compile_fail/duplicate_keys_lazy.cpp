// SPDX-License-Identifier: MIT
// The key of a lazy field must not be repeated either.
// expect: fapilog: two fields of this log call have the same key
// flags: -O2

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("paid", fapilog::kv("order", 1), fapilog::lazy("orders", [] { return 2; }));
#else
  log.info("paid", fapilog::kv("order", 1), fapilog::lazy("order", [] { return 2; }));
#endif
}
