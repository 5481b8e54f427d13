// SPDX-License-Identifier: MIT
// Checks connection strings and URIs of libpq: syntax, keywords, and values that libpq would refuse later.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/sinks/postgres/detail/setting_syntax.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace fapilog::inline v0_1::detail::pg {

// No message repeats a part of the string, which may be a password.

[[nodiscard]] inline bool is_uri(std::string_view dsn) noexcept {
  return dsn.starts_with("postgres://") || dsn.starts_with("postgresql://");
}

/// The index of the host of a URI. A password may contain any character but `/` and `@`.
[[nodiscard]] inline std::size_t host_of(std::string_view uri) noexcept {
  std::size_t const authority = uri.find("://") + 3;
  std::size_t const at = uri.find('@', authority);
  std::size_t const slash = uri.find('/', authority);
  return at != std::string_view::npos && (slash == std::string_view::npos || at < slash) ? at + 1 : authority;
}

/// The index after the `?` of a URI, or npos.
[[nodiscard]] inline std::size_t query_of(std::string_view uri) noexcept {
  std::size_t const mark = uri.find('?', host_of(uri));
  return mark == std::string_view::npos ? mark : mark + 1;
}

namespace dsn_detail {

inline constexpr std::int64_t max_int = (std::numeric_limits<std::int32_t>::max)();

/// A keyword of libpq whose value is a whole number.
struct number_keyword {
  std::string_view name;
  std::int64_t min;
  std::int64_t max;
};
inline constexpr std::array number_keywords{
    number_keyword{"connect_timeout", 1, max_int},  number_keyword{"keepalives", 0, 1},
    number_keyword{"keepalives_idle", 0, max_int},  number_keyword{"keepalives_interval", 0, max_int},
    number_keyword{"keepalives_count", 0, max_int}, number_keyword{"tcp_user_timeout", 0, max_int},
    number_keyword{"sslcompression", 0, 1},         number_keyword{"sslsni", 0, 1},
};

/// Other keywords of libpq, up to version 18.
inline constexpr std::array other_keywords{
    std::string_view{"application_name"},
    std::string_view{"authtype"},
    std::string_view{"channel_binding"},
    std::string_view{"client_encoding"},
    std::string_view{"dbname"},
    std::string_view{"fallback_application_name"},
    std::string_view{"gssdelegation"},
    std::string_view{"gssencmode"},
    std::string_view{"gsslib"},
    std::string_view{"host"},
    std::string_view{"hostaddr"},
    std::string_view{"krbsrvname"},
    std::string_view{"load_balance_hosts"},
    std::string_view{"max_protocol_version"},
    std::string_view{"min_protocol_version"},
    std::string_view{"oauth_client_id"},
    std::string_view{"oauth_client_secret"},
    std::string_view{"oauth_issuer"},
    std::string_view{"oauth_scope"},
    std::string_view{"options"},
    std::string_view{"passfile"},
    std::string_view{"password"},
    std::string_view{"port"},
    std::string_view{"replication"},
    std::string_view{"require_auth"},
    std::string_view{"requirepeer"},
    std::string_view{"scram_client_key"},
    std::string_view{"scram_server_key"},
    std::string_view{"service"},
    std::string_view{"servicefile"},
    std::string_view{"ssl_max_protocol_version"},
    std::string_view{"ssl_min_protocol_version"},
    std::string_view{"sslcert"},
    std::string_view{"sslcertmode"},
    std::string_view{"sslcrl"},
    std::string_view{"sslcrldir"},
    std::string_view{"sslkey"},
    std::string_view{"sslkeylogfile"},
    std::string_view{"sslmode"},
    std::string_view{"sslnegotiation"},
    std::string_view{"sslpassword"},
    std::string_view{"sslrootcert"},
    std::string_view{"target_session_attrs"},
    std::string_view{"tty"},
    std::string_view{"user"},
};

/// True for a whole number in this range, also with spaces around it.
[[nodiscard, gnu::cold]] inline bool is_number(std::string_view text, std::int64_t min,
                                               std::int64_t max) noexcept {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  std::int64_t number = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number >= min && number <= max;
}

/// True for ports separated by commas. An empty one is the default port.
[[nodiscard, gnu::cold]] inline bool are_ports(std::string_view list) noexcept {
  for (std::size_t at = 0; at <= list.size();) {
    std::size_t const end = (std::min)(list.find(',', at), list.size());
    std::string_view const port = list.substr(at, end - at);
    if (!port.empty() && !is_number(port, 1, 65'535)) return false;
    at = end + 1;
  }
  return true;
}

/// What is wrong with a parameter, without its position, or an empty string.
[[nodiscard, gnu::cold]] inline std::string parameter_problem(std::string_view keyword,
                                                              std::string_view value) {
  auto const must_be_one_of = [keyword, value](std::span<std::string_view const> choices) {
    std::string const problem = choice_problem(value, choices);
    return problem.empty() ? problem
                           : concat({"the value of ", keyword, problem.substr(problem.rfind(" is invalid"))});
  };
  if (keyword == "sslmode") return must_be_one_of(sslmodes);
  if (keyword == "target_session_attrs") return must_be_one_of(session_attributes);
  if (keyword == "port" && !are_ports(value)) return "the value of port is not from 1 to 65535";
  for (number_keyword const& n : number_keywords) {
    if (keyword != n.name) continue;
    if (value.empty() || is_number(value, n.min, n.max)) return {};
    return concat({"the value of ", keyword, " is not a whole number from ", std::to_string(n.min), " to ",
                   std::to_string(n.max)});
  }
  bool const is_known =
      std::find(other_keywords.begin(), other_keywords.end(), keyword) != other_keywords.end();
  return is_known ? "" : "a keyword that libpq does not know";
}

[[nodiscard, gnu::cold]] inline std::string at_character(std::string_view what, std::size_t index) {
  return what.empty() ? std::string{} : concat({what, " at character ", std::to_string(index + 1)});
}

}  // namespace dsn_detail

/// An error in a connection string of the form `key=value ...`, by the grammar of libpq, or an empty string.
[[nodiscard, gnu::cold]] inline std::string pairs_problem(std::string_view dsn) {
  using dsn_detail::at_character;
  constexpr std::string_view spaces = " \t\n\r\f\v";
  auto const skip_spaces = [dsn, spaces](std::size_t at) {
    return (std::min)(dsn.find_first_not_of(spaces, at), dsn.size());
  };
  for (std::size_t at = skip_spaces(0); at < dsn.size(); at = skip_spaces(at)) {
    std::size_t const key = at;
    std::size_t const key_end = (std::min)(dsn.find_first_of(concat({spaces, "="}), at), dsn.size());
    at = skip_spaces(key_end);
    if (at == dsn.size() || dsn[at] != '=') return at_character("a keyword without \"=\"", key);
    if (at == key) return at_character("a \"=\" without a keyword", key);
    at = skip_spaces(at + 1);
    bool const is_quoted = at < dsn.size() && dsn[at] == '\'';
    std::size_t const start = at;
    if (is_quoted) ++at;
    std::string value;
    while (at < dsn.size() &&
           (is_quoted ? dsn[at] != '\'' : spaces.find(dsn[at]) == std::string_view::npos)) {
      if (dsn[at] == '\\') ++at;
      if (at < dsn.size()) value += dsn[at];
      ++at;
    }
    if (is_quoted && at >= dsn.size()) return at_character("a quote that is not closed", start);
    if (is_quoted) ++at;
    std::string_view const keyword = dsn.substr(key, key_end - key);
    if (std::string const problem = dsn_detail::parameter_problem(keyword, value); !problem.empty())
      return at_character(problem, key);
  }
  return {};
}

namespace dsn_detail {

/// The text with its percent escapes, which must be valid, replaced.
[[nodiscard, gnu::cold]] inline std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%') {
      plain += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

/// An error in the hosts and ports of a URI, which end at `end`, or an empty string.
[[nodiscard, gnu::cold]] inline std::string hosts_problem(std::string_view uri, std::size_t end) {
  for (std::size_t at = host_of(uri); at < end;) {
    std::size_t const next = (std::min)(uri.find(',', at), end);
    std::string_view const host = uri.substr(at, next - at);
    std::size_t const bracket = host.starts_with('[') ? host.find(']') : 0;
    if (bracket == std::string_view::npos) return at_character("a bracket that is not closed", at);
    std::size_t const colon = host.find(':', bracket);
    if (colon != std::string_view::npos && !are_ports(unescaped(host.substr(colon + 1))))
      return at_character("a port that is not from 1 to 65535", at + colon + 1);
    at = next + 1;
  }
  return {};
}

}  // namespace dsn_detail

/// An error in a connection URI, or an empty string.
[[nodiscard, gnu::cold]] inline std::string uri_problem(std::string_view uri) {
  using dsn_detail::at_character;
  for (std::size_t at = uri.find('%'); at != std::string_view::npos; at = uri.find('%', at + 1)) {
    bool const is_escape = at + 2 < uri.size() && hex_value(uri[at + 1]) >= 0 &&
                           hex_value(uri[at + 2]) >= 0 && uri.substr(at, 3) != "%00";
    if (!is_escape) return at_character("an invalid percent escape", at);
  }
  std::size_t const query = query_of(uri);
  std::size_t const hosts_end = (std::min)(
      {uri.find('/', host_of(uri)), query == std::string_view::npos ? query : query - 1, uri.size()});
  if (std::string problem = dsn_detail::hosts_problem(uri, hosts_end); !problem.empty()) return problem;
  if (query == std::string_view::npos) return {};
  for (std::size_t at = query; at < uri.size();) {
    std::size_t const end = (std::min)(uri.find('&', at), uri.size());
    std::string_view const parameter = uri.substr(at, end - at);
    std::size_t const equals = parameter.find('=');
    if (equals == std::string_view::npos || parameter.find('=', equals + 1) != std::string_view::npos)
      return at_character("a parameter that is not \"key=value\"", at);
    std::string const keyword = dsn_detail::unescaped(parameter.substr(0, equals));
    std::string const value = dsn_detail::unescaped(parameter.substr(equals + 1));
    bool const is_ssl_of_jdbc = keyword == "ssl" && value == "true";
    if (std::string const problem = dsn_detail::parameter_problem(keyword, value);
        !problem.empty() && !is_ssl_of_jdbc)
      return at_character(problem, at);
    at = end + 1;
  }
  return {};
}

/// An error in a `dsn`, or an empty string.
[[nodiscard, gnu::cold]] inline std::string dsn_problem(std::string_view dsn) {
  return is_uri(dsn) ? uri_problem(dsn) : pairs_problem(dsn);
}

}  // namespace fapilog::inline v0_1::detail::pg
