// SPDX-License-Identifier: MIT
// The same with values that are not numbers.
// expect: two fields of this log call have the same key
// flags: -O2
#include <fapilog/logger.hpp>

#include <string>

void call(fapilog::logger const& log, std::string const& name) {
#ifdef FIXED
  log.info("paid", fapilog::kv("order", name), fapilog::kv("orders", name));
#else
  log.info("paid", fapilog::kv("order", name), fapilog::kv("order", name));
#endif
}
