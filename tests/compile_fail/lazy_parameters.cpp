// SPDX-License-Identifier: MIT
// A lazy function takes no parameters.
// expect: fapilog: lazy takes a function without parameters

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("took", fapilog::lazy("order", [] { return 1; }));
#else
  log.info("took", fapilog::lazy("order", [](int order) { return order; }));
#endif
}
