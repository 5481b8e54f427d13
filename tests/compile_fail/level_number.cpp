// SPDX-License-Identifier: MIT
// A number is not a level.
// expect: (type 'int') to type | 'int' to 'fapilog::level'

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.log(fapilog::custom_level(35), "paid");
#else
  log.log(35, "paid");
#endif
}
