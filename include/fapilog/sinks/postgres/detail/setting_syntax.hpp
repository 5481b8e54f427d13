// SPDX-License-Identifier: MIT
// Checks the syntax of the string settings of the Postgres sink: names, connection strings, choices.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/detail/text/utf8.hpp>

#include <algorithm>
#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail::pg {

/// What is wrong with an SQL identifier, or an empty string. The server would silently truncate a longer one.
[[nodiscard]] inline std::string_view name_problem(std::string_view name) noexcept {
  constexpr std::size_t longest = 63;
  if (name.empty()) return "is empty";
  if (name.size() > longest) return "is longer than 63 bytes";
  if (name.find('\0') != std::string_view::npos) return "contains a NUL character";
  if (!is_utf8(name)) return "is not UTF-8";
  return {};
}

[[nodiscard]] inline bool is_uri(std::string_view dsn) noexcept {
  return dsn.starts_with("postgres://") || dsn.starts_with("postgresql://");
}

/// The index after the `?` of a URI, or npos. A password may contain a `?` itself.
[[nodiscard]] inline std::size_t query_of(std::string_view uri) noexcept {
  std::size_t const authority = uri.find("://") + 3;
  std::size_t const at = uri.find('@', authority);
  std::size_t const slash = uri.find('/', authority);
  std::size_t const from =
      at != std::string_view::npos && (slash == std::string_view::npos || at < slash) ? at : authority;
  std::size_t const mark = uri.find('?', from);
  return mark == std::string_view::npos ? mark : mark + 1;
}

/// A syntax error in a connection string of the form `key=value ...`, by the grammar of libpq, or an empty string. Never
/// repeats a part of the string, which may be a password.
[[nodiscard, gnu::cold]] inline std::string pairs_problem(std::string_view dsn) {
  constexpr std::string_view spaces = " \t\n\r\f\v";
  auto const skip_spaces = [dsn, spaces](std::size_t at) {
    return std::min(dsn.find_first_not_of(spaces, at), dsn.size());
  };
  auto const problem = [](std::string_view what, std::size_t at) {
    return concat({what, " at character ", std::to_string(at + 1)});
  };
  for (std::size_t at = skip_spaces(0); at < dsn.size(); at = skip_spaces(at)) {
    std::size_t const key = at;
    at = skip_spaces(std::min(dsn.find_first_of(concat({spaces, "="}), at), dsn.size()));
    if (at == dsn.size() || dsn[at] != '=') return problem("a keyword without \"=\"", key);
    if (at == key) return problem("a \"=\" without a keyword", key);
    at = skip_spaces(at + 1);
    bool const is_quoted = at < dsn.size() && dsn[at] == '\'';
    std::size_t const value = at;
    if (is_quoted) ++at;
    while (at < dsn.size() && (is_quoted ? dsn[at] != '\'' : spaces.find(dsn[at]) == std::string_view::npos))
      at += dsn[at] == '\\' ? 2 : 1;
    if (is_quoted && at >= dsn.size()) return problem("a quote that is not closed", value);
    if (is_quoted) ++at;
  }
  return {};
}

/// A syntax error in a connection URI, or an empty string. Never repeats a part of the URI.
[[nodiscard, gnu::cold]] inline std::string uri_problem(std::string_view uri) {
  for (std::size_t at = uri.find('%'); at != std::string_view::npos; at = uri.find('%', at + 1)) {
    bool const is_escape = at + 2 < uri.size() && hex_value(uri[at + 1]) >= 0 &&
                           hex_value(uri[at + 2]) >= 0 && uri.substr(at, 3) != "%00";
    if (!is_escape) return concat({"an invalid percent escape at character ", std::to_string(at + 1)});
  }
  std::size_t const query = query_of(uri);
  if (query == std::string_view::npos) return {};
  for (std::size_t at = query; at < uri.size();) {
    std::size_t const end = std::min(uri.find('&', at), uri.size());
    std::string_view const parameter = uri.substr(at, end - at);
    std::size_t const equals = parameter.find('=');
    if (equals == std::string_view::npos || parameter.find('=', equals + 1) != std::string_view::npos) {
      return concat({"a parameter that is not \"key=value\" at character ", std::to_string(at + 1)});
    }
    at = end + 1;
  }
  return {};
}

/// A syntax error in a `dsn`, or an empty string.
[[nodiscard, gnu::cold]] inline std::string dsn_problem(std::string_view dsn) {
  return is_uri(dsn) ? uri_problem(dsn) : pairs_problem(dsn);
}

/// What is wrong with a value that must be empty or one of `choices`, or an empty string.
[[nodiscard, gnu::cold]] inline std::string choice_problem(std::string_view value,
                                                           std::initializer_list<std::string_view> choices) {
  if (value.empty() || std::find(choices.begin(), choices.end(), value) != choices.end()) return {};
  std::string all;
  for (std::string_view const choice : choices) append(all, {choice, ", "});
  return concat({"\"", value.substr(0, 100), "\" is invalid; it must be ", all, "or empty"});
}

}  // namespace fapilog::inline v0_1::detail::pg
