// SPDX-License-Identifier: MIT
// A stored field is refused by log(level, ...), too.
// expect: fapilog: a field refers to its value and must not be stored in a variable

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log, fapilog::level severity) {
#ifdef FIXED
  log.log(severity, "paid", fapilog::lazy("total", [] { return 42; }));
#else
  auto total = fapilog::lazy("total", [] { return 42; });
  log.log(severity, "paid", total);
#endif
}
