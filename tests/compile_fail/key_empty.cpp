// SPDX-License-Identifier: MIT
// A key has at least one character.
// expect: fapilog: a key is not empty

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("paid", fapilog::kv("order", 1));
#else
  log.info("paid", fapilog::kv("", 1));
#endif
}
