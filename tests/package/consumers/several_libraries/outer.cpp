// SPDX-License-Identifier: MIT
// The library that the program calls.
#include "libraries.hpp"

void outer_works(fapilog::logger const& log) {
  auto scope = fapilog::scope(fapilog::kv("outer_id", "o-1"), fapilog::kv("region", "outer"));
  inner_works(log);
  log.info("from the outer library");
}
