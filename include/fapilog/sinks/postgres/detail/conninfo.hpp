// SPDX-License-Identifier: MIT
// Builds the connection string for libpq from the settings of the Postgres sink, and checks the syntax of a `dsn`.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/sinks/postgres/config.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail::pg {

using sinks::postgres_config;

using conninfo_list = std::vector<std::pair<std::string_view, std::string>>;

/// The parameters that every connection gets.
[[nodiscard, gnu::cold]] inline conninfo_list session_parameters(postgres_config const& c) {
  conninfo_list all{{"client_encoding", "UTF8"},
                    {"connect_timeout", std::to_string(c.connect_timeout.count())},
                    {"tcp_user_timeout", std::to_string(c.tcp_user_timeout.count())},
                    {"keepalives", "1"},
                    {"keepalives_idle", std::to_string(c.keepalives_idle.count())},
                    {"keepalives_interval", std::to_string(c.keepalives_interval.count())},
                    {"keepalives_count", std::to_string(c.keepalives_count)}};
  auto const add = [&all](std::string_view key, std::string const& value) {
    if (!value.empty()) all.emplace_back(key, value);
  };
  add("application_name", c.application_name);
  add("target_session_attrs", c.target_session_attrs);
  add("sslmode", c.sslmode);
  add("sslrootcert", c.sslrootcert);
  add("sslcert", c.sslcert);
  add("sslkey", c.sslkey);
  return all;
}

/// `key='value' ...`.
[[nodiscard, gnu::cold]] inline std::string as_pairs(conninfo_list const& all) {
  std::string text;
  for (auto const& [key, value] : all) {
    append(text, {key, "='"});
    for (char const c : value) {
      if (c == '\'' || c == '\\') text += '\\';
      text += c;
    }
    text += "' ";
  }
  return text;
}

/// `key=value&...` for a URI.
[[nodiscard, gnu::cold]] inline std::string as_query(conninfo_list const& all) {
  std::string text;
  for (auto const& [key, value] : all) {
    append(text, {text.empty() ? "" : "&", key, "="});
    for (char const c : value) {
      if (is_ascii_alphanumeric(c) || c == '-' || c == '_' || c == '.') {
        text += c;
      } else {
        char digits[2];
        put_hex(digits, static_cast<unsigned char>(c));
        append(text, {"%", std::string_view{digits, sizeof digits}});
      }
    }
  }
  return text;
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

/// The complete connection string. If a key occurs twice, libpq uses the later one.
[[nodiscard, gnu::cold]] inline std::string conninfo_of(postgres_config const& c) {
  conninfo_list all = session_parameters(c);
  if (is_uri(c.dsn)) {
    std::string_view const dsn = c.dsn;
    std::size_t const query = query_of(dsn);
    if (query == std::string_view::npos) return concat({dsn, "?", as_query(all)});
    return concat({dsn.substr(0, query), as_query(all), query < dsn.size() ? "&" : "", dsn.substr(query)});
  }
  if (!c.dsn.empty()) return as_pairs(all) + c.dsn;
  all.emplace_back("host", c.host);
  all.emplace_back("port", std::to_string(c.port));
  all.emplace_back("dbname", c.database);
  all.emplace_back("user", c.user);
  if (!c.password.empty()) all.emplace_back("password", c.password);
  return as_pairs(all);
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

}  // namespace fapilog::inline v0_1::detail::pg
