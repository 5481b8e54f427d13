// SPDX-License-Identifier: MIT
// The columns of the Postgres sink: their names, their types, and the paths of their values in an event.
#pragma once

#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/record/event_path.hpp>
#include <fapilog/sinks/detail/extracted_field.hpp>
#include <fapilog/sinks/postgres/config.hpp>
#include <fapilog/sinks/postgres/detail/setting_syntax.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail::pg {

using sinks::postgres_config;

/// The SQL type of a column.
enum class sql_type : std::uint8_t { uuid, text, int8, float8, boolean, timestamptz, json, jsonb };

struct sql_type_info {
  sql_type type;
  std::string_view setting;    ///< name in `extract_fields`; empty if it cannot be used there
  std::string_view sql;        ///< name in DDL and casts
  std::string_view formatted;  ///< result of the server's format_type
  std::uint32_t oid;
};
inline constexpr std::array sql_types{
    sql_type_info{sql_type::uuid, "", "uuid", "uuid", 2950},
    sql_type_info{sql_type::text, "text", "text", "text", 25},
    sql_type_info{sql_type::int8, "bigint", "bigint", "bigint", 20},
    sql_type_info{sql_type::float8, "double", "double precision", "double precision", 701},
    sql_type_info{sql_type::boolean, "boolean", "boolean", "boolean", 16},
    sql_type_info{sql_type::timestamptz, "timestamptz", "timestamptz", "timestamp with time zone", 1184},
    sql_type_info{sql_type::json, "", "json", "json", 114},
    sql_type_info{sql_type::jsonb, "jsonb", "jsonb", "jsonb", 3802},
};
[[nodiscard]] constexpr sql_type_info const& info_of(sql_type type) noexcept {
  return sql_types[static_cast<std::size_t>(type)];
}

struct column {
  std::string name;
  sql_type type;
  event_path path;
};

/// An SQL identifier, always quoted.
[[nodiscard, gnu::cold]] inline std::string quoted_name(std::string_view name) {
  std::string text{'"'};
  for (char const c : name) text.append(c == '"' ? 2 : 1, c);
  return text += '"';
}
/// An SQL string literal.
[[nodiscard, gnu::cold]] inline std::string quoted_literal(std::string_view value) {
  std::string text{value.find('\\') == std::string_view::npos ? "'" : "E'"};
  for (char const c : value) text.append(c == '\'' || c == '\\' ? 2 : 1, c);
  return text += '\'';
}

/// Reports an invalid `extract_fields`. Throws: std::invalid_argument.
[[noreturn, gnu::cold]] inline void refuse(std::initializer_list<std::string_view> parts) {
  throw std::invalid_argument{concat({"fapilog: postgres.extract_fields: ", concat(parts)})};
}

namespace columns_detail {

[[nodiscard, gnu::cold]] inline column column_from(std::string const& written) {
  extracted_field field = split_extracted_field(written);
  sql_type type = field.path == "timestamp" ? sql_type::timestamptz : sql_type::text;
  if (field.type) {
    auto const found = std::ranges::find(sql_types, *field.type, &sql_type_info::setting);
    if (field.type->empty() || found == sql_types.end()) {
      refuse({"the type '", *field.type,
              "' is unknown; it must be text, bigint, double, boolean, timestamptz or jsonb"});
    }
    type = found->type;
  }
  if (field.path.empty()) refuse({"a path is empty"});
  return {std::move(field.column), type, event_path{field.path}};
}

}  // namespace columns_detail

/// The columns in order: `id`, those of `extract_fields` (always with `timestamp`), `event`. The paths of `id` and `event`
/// are not used. Throws: std::invalid_argument for invalid settings.
[[nodiscard, gnu::cold]] inline std::vector<column> columns_of(postgres_config const& config) {
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
    if (auto const problem = name_problem(name); !problem.empty()) {
      refuse({"the column '", name.substr(0, 100), "' ", problem});
    }
    bool const twice = std::any_of(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(i),
                                   [&](column const& other) { return other.name == name; });
    if (twice || name == "created_at") {
      refuse({"the column '", name, "' exists already; give the field another column, as in x=", name});
    }
  }
  return all;
}

/// `"schema"."table"`.
[[nodiscard, gnu::cold]] inline std::string table_of(postgres_config const& config) {
  return concat({quoted_name(config.schema_name), ".", quoted_name(config.table_name)});
}

/// Throws: std::invalid_argument for invalid settings.
[[gnu::cold]] inline void validate(postgres_config const& config) {
  check_settings("postgres", config);
  (void)columns_of(config);
}

}  // namespace fapilog::inline v0_1::detail::pg
