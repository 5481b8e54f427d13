// SPDX-License-Identifier: MIT
// Two fields bound at once do not have the same key.
// expect: fapilog: two fields of this log call have the same key
// flags: -O2

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  auto const bound = log.with(fapilog::kv("order", 1), fapilog::kv("orders", 2));
  bound.info("paid");
#else
  auto const bound = log.with(fapilog::kv("order", 1), fapilog::kv("order", 2));
  bound.info("paid");
#endif
}
