// SPDX-License-Identifier: MIT
// The migration for the table of the Postgres sink, as SQL: plain, partitioned by day, for TimescaleDB, for Citus.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/detail/text/utf8.hpp>
#include <fapilog/sinks/postgres/config.hpp>
#include <fapilog/sinks/postgres/detail/columns.hpp>
#include <fapilog/sinks/postgres/detail/partition_job.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::sinks {

/// How the table is laid out. All layouts but `plain` have the key (id, timestamp), because a unique key must contain the
/// column by which the table is divided.
enum class postgres_layout : std::uint8_t {
  plain,
  partitioned,  ///< by day, with a default partition for all other rows; see `postgres_partitions`
  timescale,    ///< a hypertable by day
  citus,        ///< distributed by id
};

}  // namespace fapilog::inline v0_1::sinks

namespace fapilog::inline v0_1::detail::pg {

using sinks::postgres_layout;

/// A name of at most 63 bytes made of a table's name and a suffix. A long name is truncated and made unique by a checksum.
[[nodiscard, gnu::cold]] inline std::string name_for(std::string const& table, std::string_view suffix) {
  constexpr std::size_t max_size = 63;
  if (table.size() + suffix.size() <= max_size) return concat({table, suffix});
  std::uint32_t sum = 2'166'136'261U;  // FNV-1a
  for (char const c : table) sum = (sum ^ static_cast<unsigned char>(c)) * 16'777'619U;
  char digits[8];
  put_hex(digits, sum, sizeof digits);
  std::size_t keep = max_size - suffix.size() - 9;
  while (keep > 0 && is_utf8_continuation(table[keep])) --keep;
  return concat({std::string_view{table}.substr(0, keep), "_", {digits, sizeof digits}, suffix});
}

/// A dollar quote that does not occur in the text.
[[nodiscard, gnu::cold]] inline std::string dollar_tag(std::string_view text) {
  std::string tag = "$fapilog$";
  for (int i = 0; text.find(tag) != std::string_view::npos; ++i)
    tag = concat({"$fapilog_", std::to_string(i), "$"});
  return tag;
}

[[nodiscard, gnu::cold]] inline std::string create_schema(postgres_config const& config) {
  return concat({"CREATE SCHEMA IF NOT EXISTS ", quoted_name(config.schema_name), ";\n"});
}

[[nodiscard, gnu::cold]] inline std::string create_table(postgres_config const& config,
                                                         postgres_layout layout) {
  bool const is_plain = layout == postgres_layout::plain;
  std::string sql = concat({"CREATE TABLE IF NOT EXISTS ", table_of(config), " (\n"});
  std::vector<column> const columns = columns_of(config);
  for (column const& c : columns) {
    append(sql, {"  ", quoted_name(c.name), " ", info_of(c.type).sql});
    if (c.name == "id") sql += is_plain ? " PRIMARY KEY" : " NOT NULL";
    if (c.name == "event" || c.name == "timestamp") sql += " NOT NULL";
    if (c.name == "id") sql += ",\n  \"created_at\" timestamptz NOT NULL DEFAULT now()";
    sql += &c == &columns.back() && is_plain ? "\n" : ",\n";
  }
  if (!is_plain) sql += "  PRIMARY KEY (\"id\", \"timestamp\")\n";
  return sql += layout == postgres_layout::partitioned ? ") PARTITION BY RANGE (\"timestamp\");\n" : ");\n";
}

[[nodiscard, gnu::cold]] inline std::string create_indexes(postgres_config const& config,
                                                           postgres_layout layout) {
  std::string sql;
  auto const index = [&](std::string_view suffix, std::string_view definition) {
    append(sql, {"CREATE INDEX IF NOT EXISTS ", quoted_name(name_for(config.table_name, suffix)), " ON ",
                 table_of(config), " ", definition, ";\n"});
  };
  // TimescaleDB creates an index on the time column of a hypertable itself.
  if (layout != postgres_layout::timescale)
    index("_timestamp_brin", "USING brin (\"timestamp\") WITH (autosummarize = on)");
  for (column const& c : columns_of(config)) {
    if (c.name == "correlation_id")
      index("_correlation_id", "(\"correlation_id\") WHERE \"correlation_id\" IS NOT NULL");
  }
  if (config.gin_index && config.use_jsonb) index("_event_gin", "USING gin (\"event\" jsonb_path_ops)");
  return sql;
}

}  // namespace fapilog::inline v0_1::detail::pg

namespace fapilog::inline v0_1::sinks {

/// SQL that drops the partitions that ended more than `keep_days` ago (0: none), and creates those of today (UTC) and of the
/// next `days_ahead` days. Rows of such a day in the default partition are moved to the new one. Run it once a day, as a role
/// that owns the table; running it more often does no harm. It waits at most a second for a lock; what it could not do is a
/// warning, and the next run does it. Throws: std::invalid_argument for invalid settings.
[[nodiscard, gnu::cold]] inline std::string postgres_partitions(postgres_config const& config,
                                                                unsigned days_ahead = 7,
                                                                unsigned keep_days = 0) {
  namespace pg = detail::pg;
  pg::validate(config);
  std::string const prefix = pg::name_for(config.table_name, "_20000101");
  auto const block = [&](std::string_view setting, unsigned value, std::string_view body) {
    std::string const text = detail::concat(
        {"DECLARE\n  parent regclass := ", pg::quoted_literal(pg::table_of(config)),
         ";\n  home text := ", pg::quoted_literal(config.schema_name),
         ";\n  stem text := ", pg::quoted_literal(std::string_view{prefix}.substr(0, prefix.size() - 8)),
         ";\n  ", setting, " int := ", std::to_string(value), ";\n", body});
    std::string const tag = pg::dollar_tag(text);
    return detail::concat({"DO ", tag, "\n", text, "END ", tag, ";\n"});
  };
  std::string sql;
  if (keep_days != 0) sql = block("keep_days", keep_days, pg::drop_partitions_body);
  return sql + block("days_ahead", days_ahead, pg::create_partitions_body);
}

/// SQL that creates the table that the sink with this configuration writes to. It can be run again. `create_table` runs
/// the same SQL for the layout `plain`. Throws: std::invalid_argument for invalid settings.
[[nodiscard, gnu::cold]] inline std::string postgres_ddl(postgres_config const& config,
                                                         postgres_layout layout = postgres_layout::plain) {
  namespace pg = detail::pg;
  pg::validate(config);
  std::string sql = pg::create_schema(config) + pg::create_table(config, layout);
  std::string const table = pg::quoted_literal(pg::table_of(config));
  switch (layout) {
    case postgres_layout::plain: break;
    case postgres_layout::partitioned:
      detail::append(sql, {"CREATE TABLE IF NOT EXISTS ", pg::quoted_name(config.schema_name), ".",
                           pg::quoted_name(pg::name_for(config.table_name, "_default")), " PARTITION OF ",
                           pg::table_of(config), " DEFAULT;\n", postgres_partitions(config)});
      break;
    case postgres_layout::timescale:
      detail::append(sql,
                     {"SELECT create_hypertable(", table,
                      ", 'timestamp', chunk_time_interval => interval '1 day', if_not_exists => true);\n"});
      break;
    case postgres_layout::citus:
      detail::append(sql, {"SELECT create_distributed_table(", table, ", 'id');\n"});
      break;
  }
  return sql + pg::create_indexes(config, layout);
}

}  // namespace fapilog::inline v0_1::sinks
