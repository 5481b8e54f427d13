// SPDX-License-Identifier: MIT
// A container takes {} only, no format specification.
// expect: fapilog: this argument takes {} without a format specification

#include <fapilog/logger.hpp>

#include <vector>

void call(fapilog::logger const& log, std::vector<int> const& values) {
#ifdef FIXED
  log.info("took {}", values);
#else
  log.info("took {:5}", values);
#endif
}
