// SPDX-License-Identifier: MIT
// A string takes no format specification of a number.
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
