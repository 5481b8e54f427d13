// SPDX-License-Identifier: MIT
// Fuzz target: any bytes as a settings file and as variables give settings, or an error whose lines are printable.
#include <fapilog/settings.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

void look_at(fapilog::settings const& all) {
  (void)all.options<fapilog::presets::hardened>();
  for (auto const kind : fapilog::detail::plugin_kinds) (void)all.entries(kind);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text{reinterpret_cast<char const*>(data), size};
  std::size_t const half = size / 2;
  fapilog::environment_map const variables{
      {"FAPILOG_" + std::string{text.substr(0, half)}, std::string{text.substr(half)}},
      {"FAPILOG_CORE__SINKS", std::string{text.substr(half)}},
      {"FAPILOG_FILE", std::string{text}}};
  for (bool const as_text : {true, false}) {
    try {
      look_at(as_text ? fapilog::settings::from_json(text) : fapilog::settings::from_environment(variables));
    } catch (fapilog::settings_error const& error) {
      for (char const c : std::string_view{error.what()}) {
        if ((c >= '\0' && c < ' ' && c != '\n') || c == '\x7F') std::abort();
      }
      if (error.problems().empty()) std::abort();
    }
  }
  return 0;
}
