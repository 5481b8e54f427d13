// SPDX-License-Identifier: MIT
// The columns of the ClickHouse sink: their names, their types, and the paths of their values in an event.
#pragma once

#include <fapilog/detail/text/concat.hpp>
#include <fapilog/record/event_path.hpp>
#include <fapilog/sinks/detail/database_name.hpp>
#include <fapilog/sinks/detail/extracted_field.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail::ch {

/// What a column is for; its type in the table may be a similar one (see `table_check.hpp`).
enum class column_type : std::uint8_t {
  uuid,
  string,
  low_cardinality,
  int64,
  float64,
  boolean,
  datetime,
  json
};

struct column_type_info {
  column_type type;
  std::string_view setting;   ///< name in `extract_fields`; empty if it cannot be used there
  std::string_view sql;       ///< type in DDL
  std::string_view old_sql;   ///< the same for servers before 20.1
  std::string_view accepted;  ///< for messages: what the table may have instead
};
inline constexpr std::array column_types{
    column_type_info{column_type::uuid, "", "UUID", "UUID", "UUID"},
    column_type_info{column_type::string, "string", "String", "String", "String"},
    column_type_info{column_type::low_cardinality, "low_cardinality", "LowCardinality(String)", "String",
                     "String"},
    column_type_info{column_type::int64, "int64", "Nullable(Int64)", "Nullable(Int64)", "Int64"},
    column_type_info{column_type::float64, "float64", "Nullable(Float64)", "Nullable(Float64)", "Float64"},
    column_type_info{column_type::boolean, "bool", "Nullable(UInt8)", "Nullable(UInt8)", "UInt8 or Bool"},
    column_type_info{column_type::datetime, "datetime", "Nullable(DateTime64(9, 'UTC'))",
                     "Nullable(DateTime('UTC'))", "DateTime, DateTime64 or Int64"},
    column_type_info{column_type::json, "json", "String", "String", "String or JSON"},
};
[[nodiscard]] constexpr column_type_info const& info_of(column_type type) noexcept {
  return column_types[static_cast<std::size_t>(type)];
}

struct column {
  std::string name;
  column_type type;
  event_path path;
};

/// What is wrong with the name of a database, table or column, or an empty string.
[[nodiscard]] inline std::string name_problem(std::string_view name) {
  constexpr std::size_t max_bytes = 200;  // the server makes file names of it
  return database_name_problem(name, max_bytes);
}

/// The text between these quotes, with escapes.
[[nodiscard, gnu::cold]] inline std::string quoted(std::string_view text, char quote) {
  std::string all{quote};
  for (char const c : text) {
    if (c == quote || c == '\\') all += '\\';
    all += c;
  }
  return all += quote;
}
/// An SQL identifier, always quoted.
[[nodiscard, gnu::cold]] inline std::string quoted_name(std::string_view name) { return quoted(name, '"'); }
/// An SQL string literal.
[[nodiscard, gnu::cold]] inline std::string quoted_literal(std::string_view value) {
  return quoted(value, '\'');
}

/// Throws: std::invalid_argument for an invalid path or type, without a prefix.
[[nodiscard, gnu::cold]] inline column column_from(std::string const& written) {
  extracted_field field = split_extracted_field(written);
  column_type type = field.path == "timestamp" ? column_type::datetime : column_type::string;
  if (field.type) {
    auto const found = std::ranges::find(column_types, *field.type, &column_type_info::setting);
    if (field.type->empty() || found == column_types.end()) {
      throw std::invalid_argument{concat(
          {"the type '", field.type->substr(0, 100),
           "' is unknown; it must be string, low_cardinality, int64, float64, bool, datetime or json"})};
    }
    type = found->type;
  }
  if (field.path.empty()) throw std::invalid_argument{"a path is empty"};
  return {std::move(field.column), type, event_path{field.path}};
}

/// The columns in order: `id`, those of `extract_fields` (always with `timestamp`), and `event` if it is wanted. The paths of
/// `id` and `event` are not used. Throws: std::invalid_argument with what is wrong, without a prefix.
[[nodiscard, gnu::cold]] inline std::vector<column> columns_of(std::vector<std::string> const& extract_fields,
                                                               bool has_event) {
  std::vector<column> all;
  all.push_back({"id", column_type::uuid, event_path{"message_id"}});
  for (std::string const& written : extract_fields) all.push_back(column_from(written));
  auto const by_time = std::ranges::find(all, std::string_view{"timestamp"}, &column::name);
  if (by_time == all.end()) {
    all.insert(all.begin() + 1, column_from("timestamp"));
  } else if (by_time->type != column_type::datetime || by_time->path.dotted() != "timestamp") {
    throw std::invalid_argument{"the column 'timestamp' must be the time of the record"};
  }
  if (has_event) all.push_back({"event", column_type::json, event_path{"event"}});
  for (std::size_t i = 0; i < all.size(); ++i) {
    std::string const& name = all[i].name;
    if (auto const problem = name_problem(name); !problem.empty())
      throw std::invalid_argument{concat({"the column '", name.substr(0, 100), "' ", problem})};
    auto const end = all.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::find_if(all.begin(), end, [&](column const& other) { return other.name == name; }) != end) {
      throw std::invalid_argument{
          concat({"the column '", name, "' exists already; give the field another column, as in x=", name})};
    }
  }
  return all;
}

/// What is wrong with `extract_fields`, or an empty string.
[[nodiscard, gnu::cold]] inline std::string columns_problem(std::vector<std::string> const& extract_fields,
                                                            bool has_event) {
  try {
    (void)columns_of(extract_fields, has_event);
    return {};
  } catch (std::invalid_argument const& error) {
    return error.what();
  }
}

}  // namespace fapilog::inline v0_1::detail::ch
