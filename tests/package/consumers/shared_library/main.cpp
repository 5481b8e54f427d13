// SPDX-License-Identifier: MIT
// The program owns the runtime and binds a scope; its account counts the library's records, too.
#include "plugin.hpp"

#include <fapilog/runtime.hpp>

#include <chrono>

int main() {
  fapilog::runtime rt;
  auto log = rt.get_logger("program");
  auto scope = fapilog::scope(fapilog::kv("tenant_id", "t-1"));
  log.info("from the program", fapilog::kv("number", 1));
  plugin_works(rt.get_logger("plugin"));
  auto const account = rt.drain(std::chrono::seconds{30});
  return account.submitted == 3 && account.processed == 3 ? 0 : 1;
}
