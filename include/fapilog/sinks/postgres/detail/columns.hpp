// SPDX-License-Identifier: MIT
// Which columns the table of the Postgres sink has, and from where in an event each is filled.
#pragma once

#include <fapilog/detail/text/utf8.hpp>
#include <fapilog/record/event_path.hpp>
#include <fapilog/sinks/postgres/config.hpp>

#include <algorithm>
#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::sinks::pg {

/// A type of SQL that a column can have.
enum class sql_type : std::uint8_t { uuid, text, int8, float8, boolean, timestamptz, json, jsonb };

struct sql_type_facts {
  sql_type type;
  std::string_view setting;  ///< as in `extract_fields`; empty where it cannot stand there
  std::string_view sql;      ///< in DDL and casts
  std::string_view shown;    ///< as the server's format_type says it
  std::uint32_t oid;
};
inline constexpr std::array type_facts{
    sql_type_facts{sql_type::uuid, "", "uuid", "uuid", 2950},
    sql_type_facts{sql_type::text, "text", "text", "text", 25},
    sql_type_facts{sql_type::int8, "bigint", "bigint", "bigint", 20},
    sql_type_facts{sql_type::float8, "double", "double precision", "double precision", 701},
    sql_type_facts{sql_type::boolean, "boolean", "boolean", "boolean", 16},
    sql_type_facts{sql_type::timestamptz, "timestamptz", "timestamptz", "timestamp with time zone", 1184},
    sql_type_facts{sql_type::json, "", "json", "json", 114},
    sql_type_facts{sql_type::jsonb, "jsonb", "jsonb", "jsonb", 3802},
};
[[nodiscard]] constexpr sql_type_facts const& facts_of(sql_type type) noexcept {
  return type_facts[static_cast<std::size_t>(type)];
}

struct column {
  std::string name;
  sql_type type;
  event_path path;
};

/// An identifier as SQL has it: always between quotes.
[[nodiscard]] inline std::string quoted_name(std::string_view name) {
  std::string text{'"'};
  for (char const c : name) text.append(c == '"' ? 2 : 1, c);
  return text += '"';
}
/// A text as SQL has it.
[[nodiscard]] inline std::string literal(std::string_view value) {
  std::string text{value.find('\\') == std::string_view::npos ? "'" : "E'"};
  for (char const c : value) text.append(c == '\'' || c == '\\' ? 2 : 1, c);
  return text += '\'';
}

/// What is wrong with a name of SQL, or nothing. The server would cut longer ones silently.
[[nodiscard]] inline std::string_view wrong_with_name(std::string_view name) noexcept {
  constexpr std::size_t longest = 63;
  if (name.empty()) return "is empty";
  if (name.size() > longest) return "is longer than 63 bytes";
  if (name.find('\0') != std::string_view::npos) return "has a NUL character";
  if (!fapilog::detail::is_utf8(name)) return "is not UTF-8";
  return {};
}

namespace columns_detail {

/// Where the fields that fapilog for Python knows by name stand in the envelope.
[[nodiscard]] inline std::string path_of(std::string const& written) {
  using std::string_view_literals::operator""sv;
  for (auto const name : {"message_id"sv, "correlation_id"sv, "request_id"sv, "user_id"sv, "tenant_id"sv,
                          "trace_id"sv, "span_id"sv}) {
    if (written == name) return "context." + written;
  }
  for (auto const name : {"origin"sv, "service"sv, "env"sv, "version"sv, "host"sv, "pid"sv}) {
    if (written == name) return "diagnostics." + written;
  }
  return written;
}

[[nodiscard]] inline std::string column_of(std::string path) {
  for (std::string_view const root : {"context.", "data.", "diagnostics."}) {
    if (path.starts_with(root)) {
      path.erase(0, root.size());
      break;
    }
  }
  std::replace(path.begin(), path.end(), '.', '_');
  return path;
}

[[noreturn]] inline void refuse(std::string const& what) {
  throw std::invalid_argument{"fapilog: postgres: " + what};
}

[[nodiscard]] inline column column_from(std::string const& written) {
  std::string rest = written;
  sql_type type = rest == "timestamp" ? sql_type::timestamptz : sql_type::text;
  if (auto const colon = rest.rfind(':'); colon != std::string::npos) {
    std::string const name = rest.substr(colon + 1);
    auto const found = std::ranges::find(type_facts, name, &sql_type_facts::setting);
    if (name.empty() || found == type_facts.end()) {
      refuse("`extract_fields` has the type '" + name +
             "'; it must be text, bigint, double, boolean, timestamptz or jsonb");
    }
    type = found->type;
    rest.erase(colon);
  }
  std::string name;
  if (auto const equals = rest.find('='); equals != std::string::npos) {
    name = rest.substr(0, equals);
    rest.erase(0, equals + 1);
    if (rest == "timestamp" && written.find(':') == std::string::npos) type = sql_type::timestamptz;
  }
  if (rest.empty()) refuse("`extract_fields` has an empty path");
  if (name.empty()) name = column_of(rest);
  return {std::move(name), type, event_path{path_of(rest)}};
}

}  // namespace columns_detail

/// The columns in their order: `id`, those of `extract_fields` (`timestamp` is always among them), `event`. The paths of
/// `id` and `event` are not looked at. Throws: std::invalid_argument with what is wrong in the configuration.
[[nodiscard]] inline std::vector<column> columns_of(postgres_config const& config) {
  std::vector<column> all;
  all.push_back({"id", sql_type::uuid, event_path{"message_id"}});
  if (std::ranges::find(config.extract_fields, "timestamp") == config.extract_fields.end()) {
    all.push_back(columns_detail::column_from("timestamp"));
  }
  for (std::string const& written : config.extract_fields)
    all.push_back(columns_detail::column_from(written));
  all.push_back({"event", config.use_jsonb ? sql_type::jsonb : sql_type::json, event_path{"event"}});
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::string const& name = all[i].name;
    if (auto const wrong = wrong_with_name(name); !wrong.empty()) {
      columns_detail::refuse("the column '" + name.substr(0, 100) + "' of `extract_fields` " +
                             std::string{wrong});
    }
    bool const twice = std::any_of(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(i),
                                   [&](column const& other) { return other.name == name; });
    if (twice || name == "created_at") {
      std::string what = "there is a column '" + name;
      what.append("' already; give the field another, as in x=").append(name);
      columns_detail::refuse(what);
    }
  }
  return all;
}

/// `"schema"."table"`.
[[nodiscard]] inline std::string table_of(postgres_config const& config) {
  return quoted_name(config.schema_name) + '.' + quoted_name(config.table_name);
}

}  // namespace fapilog::inline v0_1::sinks::pg

namespace fapilog::inline v0_1::sinks {

/// What is wrong in the configuration, or nothing. Throws: std::bad_alloc.
[[nodiscard]] inline std::string complete(postgres_config& config) {
  for (auto const& [name, value] :
       {std::pair{"schema_name", &config.schema_name}, std::pair{"table_name", &config.table_name}}) {
    if (auto const wrong = pg::wrong_with_name(*value); !wrong.empty()) {
      return "postgres: `" + std::string{name} + "` " + std::string{wrong};
    }
  }
  for (std::string const* const text :
       {&config.dsn, &config.host, &config.database, &config.user, &config.password, &config.application_name,
        &config.sslmode, &config.sslrootcert, &config.sslcert, &config.sslkey,
        &config.target_session_attrs}) {
    if (text->find('\0') != std::string::npos) return "postgres: a setting has a NUL character";
  }
  if (config.batch_size == 0) return "postgres: `batch_size` is 0; it must be 1 or more";
  try {
    (void)pg::columns_of(config);
  } catch (std::invalid_argument const& error) {
    std::string text = error.what();
    if (text.starts_with("fapilog: ")) text.erase(0, 9);
    return text;
  }
  return {};
}

}  // namespace fapilog::inline v0_1::sinks
