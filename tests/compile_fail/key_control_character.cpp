// SPDX-License-Identifier: MIT
// A key has no control characters.
// expect: fapilog: a key is printable ASCII; use dynamic_key for other text

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("paid", fapilog::kv("order", 1));
#else
  log.info("paid", fapilog::kv("or\nder", 1));
#endif
}
