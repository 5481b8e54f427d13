// SPDX-License-Identifier: MIT
// Checks the name of a database, schema, table or column that a configuration contains.
#pragma once

#include <fapilog/detail/text/concat.hpp>
#include <fapilog/detail/text/utf8.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// What is wrong with the name, or an empty string. `max_bytes` is the limit of the server.
[[nodiscard, gnu::cold]] inline std::string database_name_problem(std::string_view name,
                                                                  std::size_t max_bytes) {
  if (name.empty()) return "must not be empty";
  if (name.size() > max_bytes) return concat({"must have at most ", std::to_string(max_bytes), " bytes"});
  if (name.find('\0') != std::string_view::npos) return "must not contain a NUL character";
  return is_utf8(name) ? std::string{} : "must be UTF-8";
}

}  // namespace fapilog::inline v0_1::detail
