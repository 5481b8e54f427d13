// SPDX-License-Identifier: MIT
// Calls code with the preset that an argument names, because presets are types.
#pragma once

#include "command.hpp"

#include <fapilog/setup/preset.hpp>

#include <string>
#include <string_view>
#include <utility>

namespace cli {

/// Calls `use.operator()<preset>()`. Throws: usage_error if there is no such preset.
template <class Use>
auto with_preset(std::string_view name, Use&& use) {
  using namespace fapilog::presets;
  if (name == minimal.name) return std::forward<Use>(use).template operator()<minimal>();
  if (name == dev.name) return std::forward<Use>(use).template operator()<dev>();
  if (name == production.name) return std::forward<Use>(use).template operator()<production>();
  if (name == serverless.name) return std::forward<Use>(use).template operator()<serverless>();
  if (name == hardened.name) return std::forward<Use>(use).template operator()<hardened>();
  throw usage_error{"there is no preset '" + std::string{name} +
                    "'; write minimal, dev, production, serverless or hardened"};
}

}  // namespace cli
