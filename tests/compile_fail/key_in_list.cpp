// SPDX-License-Identifier: MIT
// A key in a list of fields is checked, too.
// expect: fapilog: a key is not empty

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("paid", {{"order", 1}, {"ip", 2}});
#else
  log.info("paid", {{"", 1}, {"ip", 2}});
#endif
}
