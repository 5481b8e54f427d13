// SPDX-License-Identifier: MIT
// A key is a literal; an array without a terminator is not one.
// expect: fapilog: a key is a string literal

#include <fapilog/logger.hpp>

constexpr char unended[] = {'o', 'r', 'd', 'e', 'r'};
constexpr char ended[] = "order";

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("paid", fapilog::kv(ended, 1));
#else
  log.info("paid", fapilog::kv(unended, 1));
#endif
}
