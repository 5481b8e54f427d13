// SPDX-License-Identifier: MIT
// A lazy field takes a function, not a value.
// expect: fapilog: lazy takes a function without parameters
#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("took", fapilog::lazy("order", [] { return 1; }));
#else
  log.info("took", fapilog::lazy("order", 1));
#endif
}
