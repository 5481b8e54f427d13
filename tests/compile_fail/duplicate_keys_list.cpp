// SPDX-License-Identifier: MIT
// Two fields of one list do not have the same key.
// expect: fapilog: two fields of this log call have the same key
// flags: -O2

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("paid", {{"order", 1}, {"orders", 2}});
#else
  log.info("paid", {{"order", 1}, {"order", 2}});
#endif
}
