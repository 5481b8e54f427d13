// SPDX-License-Identifier: MIT
// The program owns the runtime; its scope is around the work of the libraries.
#include "libraries.hpp"

#include <fapilog/runtime.hpp>

#include <chrono>

int main() {
  fapilog::runtime rt;
  auto log = rt.get_logger("program");
  auto scope = fapilog::scope(fapilog::kv("tenant_id", "t-1"), fapilog::kv("region", "program"));
  outer_works(rt.get_logger("library"));
  log.info("from the program");
  auto const account = rt.drain(std::chrono::seconds{30});
  return account.submitted == 3 && account.processed == 3 ? 0 : 1;
}
