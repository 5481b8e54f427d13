// SPDX-License-Identifier: MIT
// Two fields of one scope do not have the same key.
// expect: fapilog: two fields of this log call have the same key
// flags: -O2

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  fapilog::scope const bound{fapilog::kv("order", 1), fapilog::kv("orders", 2)};
  log.info("paid");
#else
  fapilog::scope const bound{fapilog::kv("order", 1), fapilog::kv("order", 2)};
  log.info("paid");
#endif
}
