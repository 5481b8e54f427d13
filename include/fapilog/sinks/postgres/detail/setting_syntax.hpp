// SPDX-License-Identifier: MIT
// Checks the syntax of the string settings of the Postgres sink: names and choices.
#pragma once

#include <fapilog/detail/text/concat.hpp>
#include <fapilog/sinks/detail/database_name.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail::pg {

/// What is wrong with an SQL identifier, or an empty string. The server would silently truncate a longer one.
[[nodiscard]] inline std::string name_problem(std::string_view name) {
  constexpr std::size_t max_bytes = 63;
  return database_name_problem(name, max_bytes);
}

/// The values of `sslmode` and `target_session_attrs` that libpq knows.
inline constexpr std::array<std::string_view, 6> sslmodes{"disable", "allow",     "prefer",
                                                          "require", "verify-ca", "verify-full"};
inline constexpr std::array<std::string_view, 6> session_attributes{
    "any", "read-write", "read-only", "primary", "standby", "prefer-standby"};

/// What is wrong with a value that must be empty or one of `choices`, or an empty string.
[[nodiscard, gnu::cold]] inline std::string choice_problem(std::string_view value,
                                                           std::span<std::string_view const> choices) {
  if (value.empty() || std::find(choices.begin(), choices.end(), value) != choices.end()) return {};
  std::string all;
  for (std::string_view const choice : choices) append(all, {choice, ", "});
  return concat({"\"", value.substr(0, 100), "\" is invalid; it must be ", all, "or empty"});
}

}  // namespace fapilog::inline v0_1::detail::pg
