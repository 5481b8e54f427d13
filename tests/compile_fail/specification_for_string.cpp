// SPDX-License-Identifier: MIT
// A number's specification does not fit text.
// expect: invalid type specifier | invalid format specifier

#include <fapilog/logger.hpp>

#include <string>

void call(fapilog::logger const& log, std::string const& name) {
#ifdef FIXED
  log.info("took {:s}", name);
#else
  log.info("took {:d}", name);
#endif
}
