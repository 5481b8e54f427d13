// SPDX-License-Identifier: MIT
// Builds the connection string for libpq from the settings of the Postgres sink.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/sinks/postgres/config.hpp>
#include <fapilog/sinks/postgres/detail/dsn_syntax.hpp>

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
  conninfo_list all{{"connect_timeout", std::to_string(c.connect_timeout.count())},
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

/// The string without a separator or escape at its end that libpq would ignore, so that more can be appended.
[[nodiscard, gnu::cold]] inline std::string_view extensible(std::string_view dsn) noexcept {
  if (is_uri(dsn)) return dsn.ends_with('&') ? dsn.substr(0, dsn.size() - 1) : dsn;
  std::size_t const last = dsn.find_last_not_of('\\');
  std::size_t const escapes = dsn.size() - (last == std::string_view::npos ? 0 : last + 1);
  return dsn.substr(0, dsn.size() - escapes % 2);
}

/// The complete connection string. If a key occurs twice, libpq uses the later one: the `dsn` overrides all settings but
/// `client_encoding`, because the sink always sends UTF-8.
[[nodiscard, gnu::cold]] inline std::string conninfo_of(postgres_config const& c) {
  conninfo_list all = session_parameters(c);
  std::string_view const dsn = extensible(c.dsn);
  if (is_uri(dsn)) {
    std::size_t const query = query_of(dsn);
    constexpr std::string_view encoding = "&client_encoding=UTF8";
    if (query == std::string_view::npos) return concat({dsn, "?", as_query(all), encoding});
    return concat(
        {dsn.substr(0, query), as_query(all), query < dsn.size() ? "&" : "", dsn.substr(query), encoding});
  }
  constexpr std::string_view encoding = " client_encoding=UTF8";
  if (!dsn.empty()) return concat({as_pairs(all), dsn, encoding});
  if (!c.libpq_environment) {
    all.emplace_back("host", c.host);
    all.emplace_back("port", std::to_string(c.port));
    all.emplace_back("dbname", c.database);
    all.emplace_back("user", c.user);
  }
  if (!c.password.empty()) all.emplace_back("password", c.password);
  return concat({as_pairs(all), encoding});
}

}  // namespace fapilog::inline v0_1::detail::pg
