// SPDX-License-Identifier: MIT
// The connection string for libpq from the Postgres sink's settings; what stands in a `dsn` wins.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/sinks/postgres/config.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::sinks::pg {

using conninfo_list = std::vector<std::pair<std::string_view, std::string>>;

/// What goes along with every connection.
[[nodiscard]] inline conninfo_list session_parameters(postgres_config const& c) {
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
[[nodiscard]] inline std::string as_pairs(conninfo_list const& all) {
  std::string text;
  for (auto const& [key, value] : all) {
    text.append(key).append("='");
    for (char const c : value) {
      if (c == '\'' || c == '\\') text += '\\';
      text += c;
    }
    text += "' ";
  }
  return text;
}

/// `key=value&...` for a URI.
[[nodiscard]] inline std::string as_query(conninfo_list const& all) {
  std::string text;
  for (auto const& [key, value] : all) {
    if (!text.empty()) text += '&';
    text.append(key) += '=';
    for (char const c : value) {
      if (fapilog::detail::is_ascii_alphanumeric(c) || c == '-' || c == '_' || c == '.') {
        text += c;
      } else {
        char digits[2];
        fapilog::detail::put_hex(digits, static_cast<unsigned char>(c));
        text.append(1, '%').append(digits, sizeof digits);
      }
    }
  }
  return text;
}

/// Where a URI's parameters begin, behind the `?`, or npos. A password may have a `?` of its own.
[[nodiscard]] inline std::size_t query_of(std::string const& uri) noexcept {
  std::size_t const authority = uri.find("://") + 3;
  std::size_t const at = uri.find('@', authority);
  std::size_t const slash = uri.find('/', authority);
  std::size_t const from =
      at != std::string::npos && (slash == std::string::npos || at < slash) ? at : authority;
  std::size_t const mark = uri.find('?', from);
  return mark == std::string::npos ? mark : mark + 1;
}

/// The whole. The later of two equal keys counts for libpq.
[[nodiscard]] inline std::string conninfo_of(postgres_config const& c) {
  conninfo_list all = session_parameters(c);
  if (c.dsn.starts_with("postgres://") || c.dsn.starts_with("postgresql://")) {
    std::size_t const query = query_of(c.dsn);
    if (query == std::string::npos) return c.dsn + '?' + as_query(all);
    bool const has_some = query < c.dsn.size();
    return c.dsn.substr(0, query) + as_query(all) + (has_some ? "&" : "") + c.dsn.substr(query);
  }
  if (!c.dsn.empty()) return as_pairs(all) + c.dsn;
  all.insert(all.end(),
             {{"host", c.host}, {"port", std::to_string(c.port)}, {"dbname", c.database}, {"user", c.user}});
  if (!c.password.empty()) all.emplace_back("password", c.password);
  return as_pairs(all);
}

}  // namespace fapilog::inline v0_1::sinks::pg
