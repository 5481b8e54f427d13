// SPDX-License-Identifier: MIT
// Checks the table of the ClickHouse sink without changing it: what is missing, and the SQL that adds it.
#pragma once

#include <fapilog/detail/text/concat.hpp>
#include <fapilog/detail/text/quantity_text.hpp>
#include <fapilog/sinks/clickhouse/config.hpp>
#include <fapilog/sinks/clickhouse/ddl.hpp>
#include <fapilog/sinks/clickhouse/detail/columns.hpp>
#include <fapilog/sinks/clickhouse/detail/row_writer.hpp>
#include <fapilog/sinks/clickhouse/detail/server_query.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail::ch {

struct table_state {
  clickhouse_dialect dialect = clickhouse_dialect::current;
  bool exists = false;
  /// The server recognises a block that comes again, and stores it once.
  bool deduplicates = false;
  std::vector<std::string> known_settings;
  std::vector<written_column> columns;
  std::string problem;  ///< why it cannot be written to; empty if it can
  std::string remedy;   ///< SQL that solves the problem; may be empty
  std::string notice;   ///< what weakens the guarantee; may be empty

  void add_problem(std::string_view what, std::string_view sql) {
    append(problem, {problem.empty() ? "" : "; ", what});
    remedy += sql;
  }
};

/// Runs a statement and returns its rows. Throws: query_failure.
using query_function = std::function<text_table(std::string)>;

/// Settings of an INSERT. Each INSERT is one block, stored before it is acknowledged, and no row is skipped.
struct insert_setting {
  std::string_view name;
  std::string_view value;
};
inline constexpr std::array insert_settings{
    insert_setting{"async_insert", "0"},
    insert_setting{"input_format_allow_errors_num", "0"},
    insert_setting{"input_format_allow_errors_ratio", "0"},
    insert_setting{"input_format_parallel_parsing", "0"},
    insert_setting{"input_format_skip_unknown_fields", "0"},
    insert_setting{"insert_deduplicate", "1"},
    insert_setting{"insert_distributed_sync", "1"},
    insert_setting{"max_insert_block_size", "1048576"},  // more than `batch_size` can be
};
inline constexpr std::string_view token_setting = "insert_deduplication_token";

/// `Name(arguments)` without the name, if it is this one.
[[nodiscard]] inline std::optional<std::string_view> arguments_of(std::string_view type,
                                                                  std::string_view name) {
  if (!type.starts_with(name) || type.size() < name.size() + 2 || type[name.size()] != '(' ||
      type.back() != ')')
    return std::nullopt;
  return type.substr(name.size() + 1, type.size() - name.size() - 2);
}

/// How a column of the table with this type is written; nothing if it does not take our values.
[[nodiscard]] inline std::optional<written_column> form_of(column const& c, std::string_view type) {
  for (std::string_view const wrapper : {"LowCardinality", "Nullable"}) {
    if (auto const inner = arguments_of(type, wrapper)) type = *inner;
  }
  written_column as{c};
  switch (c.type) {
    case column_type::uuid: return type == "UUID" ? std::optional{as} : std::nullopt;
    case column_type::string:
    case column_type::low_cardinality: return type == "String" ? std::optional{as} : std::nullopt;
    case column_type::int64:
      as.form = column_form::int64;
      return type == "Int64" ? std::optional{as} : std::nullopt;
    case column_type::float64:
      as.form = column_form::float64;
      return type == "Float64" ? std::optional{as} : std::nullopt;
    case column_type::boolean:
      as.form = column_form::boolean;
      return type == "UInt8" || type == "Bool" ? std::optional{as} : std::nullopt;
    case column_type::json:
      if (type == "JSON" || type.starts_with("JSON(") || type == "Object('json')")
        as.form = column_form::json;
      else if (type != "String") return std::nullopt;
      return as;
    case column_type::datetime: break;
  }
  as.form = column_form::ticks;
  if (type == "Int64") return as;
  if (auto const arguments = arguments_of(type, "DateTime64")) {
    std::from_chars(arguments->data(), arguments->data() + arguments->size(), as.digits);
    return as.digits <= 9 ? std::optional{as} : std::nullopt;
  }
  as.form = column_form::seconds;
  return type == "DateTime" || type.starts_with("DateTime(") ? std::optional{as} : std::nullopt;
}

/// True for an expression that gives another value each time, so that a block that is sent again differs.
[[nodiscard]] inline bool is_volatile(std::string_view expression) {
  std::string const text = lower_case(expression);
  for (std::string_view const function :
       {"now", "today", "yesterday", "rand", "generateuuid", "generateulid"}) {
    if (text.find(function) != std::string::npos) return true;
  }
  return false;
}

/// True for servers that have DateTime64 and LowCardinality: 20.1 and newer.
[[nodiscard]] inline bool is_current(std::string_view version) {
  unsigned major = 0;
  std::from_chars(version.data(), version.data() + version.size(), major);
  return major >= 20;
}

[[gnu::cold]] inline void inspect_columns(query_function const& run, clickhouse_config const& config,
                                          table_state& state) {
  std::string const table = table_of(config);
  text_table const found =
      run(concat({"SELECT name, type, default_kind, default_expression FROM system.columns WHERE database = ",
                  quoted_literal(config.database), " AND table = ", quoted_literal(config.table_name),
                  " FORMAT TabSeparated"}));
  auto const add_column = [&](std::string const& name, std::string_view type) {
    return concat({"ALTER TABLE ", table, " ADD COLUMN ", name, " ", type, ";\n"});
  };
  for (column const& c : columns_of(config.extract_fields, config.include_raw_json)) {
    std::string const name = quoted_name(c.name);
    auto const row = std::ranges::find_if(found, [&](auto const& one) { return one.at(0) == c.name; });
    if (row == found.end()) {
      state.add_problem(concat({"column ", name, " is missing"}),
                        add_column(name, sql_type_of(c, state.dialect)));
      continue;
    }
    if (row->at(2) == "MATERIALIZED" || row->at(2) == "ALIAS") {
      state.add_problem(concat({"column ", name, " is ", row->at(2), ", so it cannot be written"}), "");
    } else if (auto form = form_of(c, row->at(1))) {
      state.columns.push_back(std::move(*form));
    } else {
      state.add_problem(concat({"column ", name, " is ", row->at(1), ", not ", info_of(c.type).accepted}),
                        "");
    }
  }
  if (std::ranges::find(state.known_settings, token_setting) != state.known_settings.end()) return;
  for (auto const& row : found) {
    if (!is_volatile(row.at(3))) continue;
    state.deduplicates = false;
    state.notice = concat({"column ", quoted_name(row.at(0)), " has the default ", row.at(3),
                           ", so the server does not recognise a block that comes again"});
  }
}

/// Throws: query_failure.
[[nodiscard, gnu::cold]] inline table_state inspect_table(query_function const& run,
                                                          clickhouse_config const& config) {
  table_state state;
  std::string names = quoted_literal(token_setting);
  for (insert_setting const& one : insert_settings) append(names, {", ", quoted_literal(one.name)});
  for (auto const& row : run(concat({"SELECT version(), name FROM system.settings WHERE name IN (", names,
                                     ") FORMAT TabSeparated"}))) {
    if (!is_current(row.at(0))) state.dialect = clickhouse_dialect::before_20_1;
    state.known_settings.push_back(row.at(1));
  }
  text_table const engine = run(concat(
      {"SELECT engine, engine_full FROM system.tables WHERE database = ", quoted_literal(config.database),
       " AND name = ", quoted_literal(config.table_name), " FORMAT TabSeparated"}));
  state.exists = !engine.empty();
  if (!state.exists) {
    state.add_problem(concat({"the table ", table_of(config), " does not exist"}),
                      concat({create_database(config), ";\n", create_table(config, state.dialect), ";\n"}));
    return state;
  }
  std::string const& name = engine[0].at(0);
  state.deduplicates = name.starts_with("Replicated") || name.starts_with("Shared") ||
                       engine[0].at(1).find("non_replicated_deduplication_window") != std::string::npos;
  inspect_columns(run, config, state);
  return state;
}

}  // namespace fapilog::inline v0_1::detail::ch
