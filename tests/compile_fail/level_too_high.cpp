// SPDX-License-Identifier: MIT
// A custom level lies between 0 and 99.
// expect: fapilog: a custom level lies between 0 and 99

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.log(fapilog::custom_level(99), "paid");
#else
  log.log(fapilog::custom_level(100), "paid");
#endif
}
