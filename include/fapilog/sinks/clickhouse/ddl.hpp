// SPDX-License-Identifier: MIT
// The migration for the table of the ClickHouse sink, as SQL.
#pragma once

#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/sinks/clickhouse/config.hpp>
#include <fapilog/sinks/clickhouse/detail/columns.hpp>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::sinks {

/// The types that a server has.
enum class clickhouse_dialect : std::uint8_t {
  current,      ///< 20.1 and newer: DateTime64, LowCardinality
  before_20_1,  ///< the time in seconds, strings for LowCardinality
};

}  // namespace fapilog::inline v0_1::sinks

namespace fapilog::inline v0_1::detail::ch {

using sinks::clickhouse_config;
using sinks::clickhouse_dialect;

/// `"database"."table"`.
[[nodiscard, gnu::cold]] inline std::string table_of(clickhouse_config const& config) {
  return concat({quoted_name(config.database), ".", quoted_name(config.table_name)});
}

/// The type of a column in DDL. The time of a record is in the key, so it is not nullable.
[[nodiscard, gnu::cold]] inline std::string_view sql_type_of(column const& c, clickhouse_dialect dialect) {
  bool const is_old = dialect == clickhouse_dialect::before_20_1;
  if (c.name == "timestamp") return is_old ? "DateTime('UTC')" : "DateTime64(9, 'UTC')";
  return is_old ? info_of(c.type).old_sql : info_of(c.type).sql;
}

[[nodiscard, gnu::cold]] inline std::string create_database(clickhouse_config const& config) {
  return concat({"CREATE DATABASE IF NOT EXISTS ", quoted_name(config.database)});
}

[[nodiscard, gnu::cold]] inline std::string create_table(clickhouse_config const& config,
                                                         clickhouse_dialect dialect) {
  std::string sql = concat({"CREATE TABLE IF NOT EXISTS ", table_of(config), " ("});
  for (column const& c : columns_of(config.extract_fields, config.include_raw_json)) {
    append(sql, {c.name == "id" ? "\n  " : ",\n  ", quoted_name(c.name), " ", sql_type_of(c, dialect)});
  }
  append(sql, {"\n) ENGINE = ", config.engine,
               "\nPARTITION BY toYYYYMMDD(\"timestamp\")\nORDER BY (\"timestamp\", \"id\")"});
  if (config.ttl_days != 0) {
    append(sql, {"\nTTL toDateTime(\"timestamp\") + INTERVAL ", std::to_string(config.ttl_days), " DAY"});
  }
  return sql;
}

}  // namespace fapilog::inline v0_1::detail::ch

namespace fapilog::inline v0_1::sinks {

/// SQL that creates the table that the sink with this configuration writes to: two statements, each with a semicolon at its
/// end. It can be run again; `create_table` runs the same. Throws: std::invalid_argument for invalid settings.
[[nodiscard, gnu::cold]] inline std::string clickhouse_ddl(
    clickhouse_config const& config, clickhouse_dialect dialect = clickhouse_dialect::current) {
  check_settings("clickhouse", config);
  return detail::concat(
      {detail::ch::create_database(config), ";\n", detail::ch::create_table(config, dialect), ";\n"});
}

}  // namespace fapilog::inline v0_1::sinks
