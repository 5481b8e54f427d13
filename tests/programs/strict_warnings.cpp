// SPDX-License-Identifier: MIT
// A file that logs, for the strictest warnings of GCC and clang: users who include the headers with -I may have them on.
#include <fapilog/logger.hpp>

#include <string>
#include <vector>

void log_a_little(fapilog::logger const& log, std::string const& name);

void log_a_little(fapilog::logger const& log, std::string const& name) {
  std::vector<double> const list{0.5, 1.5};
  fapilog::scope const scoped{fapilog::kv("request_id", "r-1")};
  log.info("took {} ms", 3, fapilog::kv("order", 7), fapilog::kv("ratio", 1.5F), fapilog::kv("list", list));
  log.with(fapilog::kv("name", name)).error("failed: {}", name);
}
