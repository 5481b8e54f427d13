// SPDX-License-Identifier: MIT
// A call begins with its message.
// expect: runtime_text
#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("paid", fapilog::kv("order", 1));
#else
  log.info(fapilog::kv("order", 1));
#endif
}
