// SPDX-License-Identifier: MIT
// The first unit owns the runtime. Calls of the second unit must see the scope that it binds to the thread. No unit includes
// kill_safe.hpp, so a runtime that needs it is refused.
#include "options.hpp"
#include "other.hpp"

#include <fapilog/runtime.hpp>
#include <fapilog/version.hpp>

#include <chrono>
#include <stdexcept>
#include <string_view>

namespace {

bool is_kill_safe_refused() {
  try {
    fapilog::runtime const rt{{.kill_safe = {.directory = "kept"}}};
  } catch (std::invalid_argument const& error) {
    return std::string_view{error.what()}.find("#include <fapilog/kill_safe.hpp>") != std::string_view::npos;
  }
  return false;
}

}  // namespace

int main() {
  if (!is_kill_safe_refused()) return 3;
  fapilog::runtime rt{options_of_other_unit()};
  auto log = rt.get_logger("units");
  auto scope = fapilog::scope(fapilog::kv("tenant_id", "t-1"));
  log.info("from the first unit", fapilog::kv("unit", 1));
  log_in_other_unit(log);
  auto const account = rt.drain(std::chrono::seconds{30});
  if (account.submitted != 2 || account.processed != 2) return 1;
  return fapilog::version == version_in_other_unit() ? 0 : 2;
}
