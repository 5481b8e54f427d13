// SPDX-License-Identifier: MIT
// Presets: all of them as JSON, one chosen by type, and the error for an unknown name.
#include <fapilog/fapilog.hpp>
#include <fapilog/preset_settings.hpp>

#include <iostream>
#include <stdexcept>
#include <string>

using production_runtime = fapilog::basic_runtime<fapilog::presets::production>;

// What a preset forbids is forbidden by the type: no option, file or environment variable allows it.
static_assert(!production_runtime::allow_ddl);
static_assert(fapilog::basic_runtime<fapilog::presets::dev>::allow_ddl);

int main() {
  for (std::string const& name : fapilog::list_presets()) {
    std::cout << name << ' ' << fapilog::get_preset(name) << std::endl;
  }

  production_runtime rt{{.log_level = fapilog::level::debug}};  // everything else is the preset's
  auto const log = rt.get_logger("setup");                      // the same type for every preset
  log.debug("runtime started", fapilog::kv("preset", "production"), fapilog::kv("allow_ddl", rt.allow_ddl));

  try {
    std::cout << fapilog::get_preset("prodction");
  } catch (std::invalid_argument const& e) {
    std::cerr << e.what() << '\n';
  }
}
