// SPDX-License-Identifier: MIT
// A message with a list of fields is checked, too.
// expect: argument not found

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("took", {{"order", 1}});
#else
  log.info("took {}", {{"order", 1}});
#endif
}
