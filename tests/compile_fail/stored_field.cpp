// SPDX-License-Identifier: MIT
// A field refers to its value: one that is stored in a variable is refused.
// expect: fapilog: a field refers to its value and must not be stored in a variable

#include <fapilog/logger.hpp>

#include <string>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("paid {}", 1, fapilog::kv("order", std::string{"o-1"}));
#else
  auto const order = fapilog::kv("order", std::string{"o-1"});
  log.info("paid {}", 1, order);
#endif
}
