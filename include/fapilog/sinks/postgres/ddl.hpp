// SPDX-License-Identifier: MIT
// The migration of the Postgres sink's table as SQL text: plain, partitioned by day, for TimescaleDB, for Citus.
#pragma once

#include <fapilog/detail/text/utf8.hpp>
#include <fapilog/sinks/postgres/config.hpp>
#include <fapilog/sinks/postgres/detail/columns.hpp>

#include <cstdint>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::sinks {

/// How the table is laid out. All but `plain` have the key (id, timestamp), since a unique key has to hold what the
/// table is divided by.
enum class postgres_layout : std::uint8_t {
  plain,
  partitioned,  ///< by day, with a partition for what fits nowhere else; see `postgres_partitions`
  timescale,    ///< a hypertable by day
  citus,        ///< distributed by id
};

namespace pg {

/// A name of at most 63 bytes made of a table's and a suffix; a long one is cut and told apart by a checksum.
[[nodiscard]] inline std::string name_for(std::string const& table, std::string_view suffix) {
  constexpr std::size_t longest = 63;
  if (table.size() + suffix.size() <= longest) return table + std::string{suffix};
  std::uint32_t sum = 2'166'136'261U;
  for (char const c : table) sum = (sum ^ static_cast<unsigned char>(c)) * 16'777'619U;
  char digits[16];
  std::snprintf(digits, sizeof digits, "_%08x", static_cast<unsigned>(sum));
  std::size_t keep = longest - suffix.size() - 9;
  while (keep > 0 && fapilog::detail::is_utf8_continuation(table[keep])) --keep;
  return table.substr(0, keep) + digits + std::string{suffix};
}

/// A dollar quote that does not stand in the text.
[[nodiscard]] inline std::string dollar_tag(std::string_view text) {
  std::string tag = "$fapilog$";
  for (int i = 0; text.find(tag) != std::string_view::npos; ++i) tag = "$fapilog_" + std::to_string(i) + '$';
  return tag;
}

[[nodiscard]] inline std::string create_schema(postgres_config const& config) {
  return "CREATE SCHEMA IF NOT EXISTS " + quoted_name(config.schema_name) + ";\n";
}

[[nodiscard]] inline std::string create_table(postgres_config const& config, postgres_layout layout) {
  bool const is_plain = layout == postgres_layout::plain;
  std::string sql = "CREATE TABLE IF NOT EXISTS " + table_of(config) + " (\n";
  std::vector<column> const columns = columns_of(config);
  for (column const& c : columns) {
    sql += "  " + quoted_name(c.name) + ' ' + std::string{facts_of(c.type).sql};
    if (c.name == "id") sql += is_plain ? " PRIMARY KEY" : " NOT NULL";
    if (c.name == "event" || c.name == "timestamp") sql += " NOT NULL";
    if (c.name == "id") sql += ",\n  \"created_at\" timestamptz NOT NULL DEFAULT now()";
    sql += &c == &columns.back() && is_plain ? "\n" : ",\n";
  }
  if (!is_plain) sql += "  PRIMARY KEY (\"id\", \"timestamp\")\n";
  return sql += layout == postgres_layout::partitioned ? ") PARTITION BY RANGE (\"timestamp\");\n" : ");\n";
}

[[nodiscard]] inline std::string create_indexes(postgres_config const& config, postgres_layout layout) {
  std::string const& table = config.table_name;
  std::string sql;
  auto const index = [&](std::string_view suffix, std::string const& rest) {
    sql += "CREATE INDEX IF NOT EXISTS " + quoted_name(name_for(table, suffix)) + " ON " + table_of(config) +
           ' ' + rest + ";\n";
  };
  // A hypertable makes one on its time column by itself.
  if (layout != postgres_layout::timescale)
    index("_timestamp_brin", "USING brin (\"timestamp\") WITH (autosummarize = on)");
  for (column const& c : columns_of(config)) {
    if (c.name == "correlation_id")
      index("_correlation_id", "(\"correlation_id\") WHERE \"correlation_id\" IS NOT NULL");
  }
  if (config.gin_index && config.use_jsonb) index("_event_gin", "USING gin (\"event\" jsonb_path_ops)");
  return sql;
}

/// Throws: std::invalid_argument where the configuration is wrong.
inline void check(postgres_config config) {
  if (std::string const wrong = complete(config); !wrong.empty())
    throw std::invalid_argument{"fapilog: " + wrong};
}

}  // namespace pg

/// SQL that makes the partitions of today (UTC) and the `days_ahead` that follow, and drops those that ended more than
/// `keep_days` ago (0: none). To be run once a day, by a role that owns the table; it may be run as often as you like.
/// Throws: std::invalid_argument where the configuration is wrong.
[[nodiscard]] inline std::string postgres_partitions(postgres_config const& config, unsigned days_ahead = 7,
                                                     unsigned keep_days = 0) {
  pg::check(config);
  std::string const schema = pg::literal(config.schema_name);
  std::string const parent = pg::literal(pg::table_of(config));
  std::string const prefix = pg::name_for(config.table_name, "_20000101");
  std::string const stem = pg::literal(prefix.substr(0, prefix.size() - 8));
  std::string body =
      "DECLARE\n"
      "  stem text := " +
      stem + ";\n  parent text := " + parent + ";\n  home text := " + schema +
      ";\n"
      "  today date := (now() AT TIME ZONE 'UTC')::date;\n"
      "  day date;\n"
      "  part text;\n"
      "BEGIN\n"
      "  FOR i IN 0.." +
      std::to_string(days_ahead) +
      " LOOP\n"
      "    day := today + i;\n"
      "    EXECUTE format('CREATE TABLE IF NOT EXISTS %I.%I PARTITION OF %s FOR VALUES FROM (%L) TO (%L)',\n"
      "                   home, stem || to_char(day, 'YYYYMMDD'), parent, day::text || ' 00:00:00+00',\n"
      "                   (day + 1)::text || ' 00:00:00+00');\n"
      "  END LOOP;\n";
  if (keep_days != 0) {
    body +=
        "  FOR part IN SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid\n"
        "              WHERE i.inhparent = parent::regclass AND left(c.relname, length(stem)) = stem\n"
        "                AND substr(c.relname, length(stem) + 1) ~ '^[0-9]{8}$' LOOP\n"
        "    IF to_date(right(part, 8), 'YYYYMMDD') < today - " +
        std::to_string(keep_days) +
        " THEN\n"
        "      EXECUTE format('DROP TABLE %I.%I', home, part);\n"
        "    END IF;\n"
        "  END LOOP;\n";
  }
  std::string const tag = pg::dollar_tag(body);
  return "DO " + tag + '\n' + body + "END " + tag + ";\n";
}

/// The migration that makes the table which this configuration writes to, as SQL that may be run again. What
/// `create_table` does is the same for `plain`. Throws: std::invalid_argument where the configuration is wrong.
[[nodiscard]] inline std::string postgres_ddl(postgres_config const& config,
                                              postgres_layout layout = postgres_layout::plain) {
  pg::check(config);
  std::string sql = pg::create_schema(config) + pg::create_table(config, layout);
  std::string const table = pg::literal(pg::table_of(config));
  switch (layout) {
    case postgres_layout::plain: break;
    case postgres_layout::partitioned:
      sql += "CREATE TABLE IF NOT EXISTS " + pg::quoted_name(config.schema_name) + '.' +
             pg::quoted_name(pg::name_for(config.table_name, "_default")) + " PARTITION OF " +
             pg::table_of(config) + " DEFAULT;\n" + postgres_partitions(config);
      break;
    case postgres_layout::timescale:
      sql += "SELECT create_hypertable(" + table +
             ", 'timestamp', chunk_time_interval => interval '1 day', if_not_exists => true);\n";
      break;
    case postgres_layout::citus: sql += "SELECT create_distributed_table(" + table + ", 'id');\n"; break;
  }
  return sql + pg::create_indexes(config, layout);
}

}  // namespace fapilog::inline v0_1::sinks
