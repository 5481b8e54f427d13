// SPDX-License-Identifier: MIT
// The first unit owns the runtime. Calls of the second unit must see the scope that it binds to the thread.
#include "other.hpp"

#include <fapilog/runtime.hpp>
#include <fapilog/version.hpp>

#include <chrono>

int main() {
  fapilog::runtime rt;
  auto log = rt.get_logger("units");
  auto scope = fapilog::scope(fapilog::kv("tenant_id", "t-1"));
  log.info("from the first unit", fapilog::kv("unit", 1));
  log_in_other_unit(log);
  auto const account = rt.drain(std::chrono::seconds{30});
  if (account.submitted != 2 || account.processed != 2) return 1;
  return fapilog::version == version_in_other_unit() ? 0 : 2;
}
