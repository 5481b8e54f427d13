// SPDX-License-Identifier: MIT
// The same with a level chosen at run time.
// expect: fapilog: two fields of this log call have the same key
// flags: -O2

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log, fapilog::level severity) {
#ifdef FIXED
  log.log(severity, "paid", fapilog::kv("order", 1), fapilog::kv("orders", 2));
#else
  log.log(severity, "paid", fapilog::kv("order", 1), fapilog::kv("order", 2));
#endif
}
