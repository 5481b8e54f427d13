// SPDX-License-Identifier: MIT
// A lazy function returns a value.
// expect: fapilog: the result of this lazy function cannot be logged

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("took", fapilog::lazy("order", [] { return 1; }));
#else
  log.info("took", fapilog::lazy("order", [] {}));
#endif
}
