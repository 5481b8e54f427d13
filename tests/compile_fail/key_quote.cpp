// SPDX-License-Identifier: MIT
// A key has no quotes: it goes into JSON unchanged.
// expect: fapilog: a key has no quotes and no backslashes; use dynamic_key

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("paid", fapilog::kv("order", 1));
#else
  log.info("paid", fapilog::kv("the \"order\"", 1));
#endif
}
