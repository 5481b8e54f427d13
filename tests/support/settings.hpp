// SPDX-License-Identifier: MIT
// Names of the settings of a configuration, and the error message of an invalid one.
#pragma once

#include <fapilog/setting.hpp>

#include <stdexcept>
#include <string>
#include <vector>

namespace support {

/// The names of the members that a configuration describes, in order.
template <fapilog::detail::described Config>
[[nodiscard]] std::vector<std::string> names_of_settings() {
  std::vector<std::string> all;
  Config const config{};
  Config::describe(config, [&](fapilog::setting const& s, auto const&) {
    if (s.text.empty() || s.text.back() != '.') throw std::logic_error{"a setting without a sentence"};
    all.emplace_back(s.name);
  });
  return all;
}

/// The message of the std::invalid_argument that `make` throws, or nothing.
template <class F>
[[nodiscard]] std::string refusal_of(F&& make) {
  try {
    (void)make();
  } catch (std::invalid_argument const& error) {
    return error.what();
  }
  return {};
}

}  // namespace support
