// SPDX-License-Identifier: MIT
// with takes fields.
// expect: 
#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  auto const bound = log.with(fapilog::kv("order", 1));
  bound.info("paid");
#else
  auto const bound = log.with(1);
  bound.info("paid");
#endif
}
