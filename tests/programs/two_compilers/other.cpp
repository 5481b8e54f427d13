// SPDX-License-Identifier: MIT
// Logs to a runtime of code that another compiler compiled.
#include "other.hpp"

#include <string>

void log_in_other_unit(fapilog::logger const& log) {
  auto const scope = fapilog::scope(fapilog::kv("tenant_id", "t-1"));
  std::string const path = "/pay";
  log.info("number {} of the other unit", 1, fapilog::kv("path", path));
  log.error("number {} of the other unit", 2, fapilog::kv("path", path));
}
