// SPDX-License-Identifier: MIT
// A key is printable ASCII.
// expect: fapilog: a key is printable ASCII; use dynamic_key for other text

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("paid", fapilog::kv("order", 1));
#else
  log.info("paid", fapilog::kv("m\xC3\xA4rz", 1));
#endif
}
