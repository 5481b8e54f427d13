// SPDX-License-Identifier: MIT
// The library that the other one calls.
#include "libraries.hpp"

void inner_works(fapilog::logger const& log) {
  auto scope = fapilog::scope(fapilog::kv("inner_id", "i-1"), fapilog::kv("region", "inner"));
  log.info("from the inner library");
}
