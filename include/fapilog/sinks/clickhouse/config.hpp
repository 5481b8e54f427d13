// SPDX-License-Identifier: MIT
// Configuration of the ClickHouse sink.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/sinks/clickhouse/detail/columns.hpp>
#include <fapilog/sinks/http/connection_config.hpp>
#include <fapilog/sinks/http/detail/url_syntax.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1 {

namespace detail::ch {

/// True for `name=value` with the name of a setting of the server.
[[nodiscard]] inline bool is_server_setting(std::string_view text) noexcept {
  std::size_t const end = text.find('=');
  if (end == std::string_view::npos || end == 0) return false;
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(end),
                     [](char c) { return is_ascii_alphanumeric(c) || c == '_'; });
}

}  // namespace detail::ch

namespace sinks {

/// WARNING: `create_table` is true by default and lets the sink run DDL. That is right for a laptop and wrong for a
/// production database. The presets `production` and `hardened` force it off, whatever its value. Under the other presets,
/// set it to false if a migration owns the schema. `clickhouse_ddl` prints the migration.
struct clickhouse_config {
  /// `http://host:8123` or `https://host:8443`: the HTTP interface of the server.
  std::string url = {};
  /// Sent as `X-ClickHouse-User`; empty: no user, or `default` if there is a credential. The password is the connection's
  /// credential, which is sent as `X-ClickHouse-Key`.
  std::string user = {};
  std::string database = "default";
  std::string table_name = "logs";
  /// Creates the database and the table if the table is missing and the preset allows DDL.
  bool create_table = true;
  /// Engine of the table in the DDL, such as `ReplicatedMergeTree('/clickhouse/tables/{shard}/logs', '{replica}')`.
  std::string engine = "MergeTree()";
  /// Days after which the server deletes a record, in the DDL; 0: never. Needs server 19.6 or newer.
  std::uint32_t ttl_days = 0;
  /// The column `event` contains the whole envelope; false: there is no such column.
  bool include_raw_json = true;
  /// Columns besides `id` and `event`, as `[column=]path[:type]`: `data.user`, `data.order.id:int64`, `took=data.ms:float64`.
  /// Types: string (default), low_cardinality, int64, float64, bool, datetime, json. A record without the value, or with one
  /// that does not fit the type, gets the column's default (NULL if the column is nullable); `event` still contains it.
  std::vector<std::string> extract_fields = {"timestamp", "level:low_cardinality", "logger:low_cardinality",
                                             "correlation_id", "message"};
  /// More settings of the server for each INSERT, as `name=value`, such as `insert_quorum=2`.
  std::vector<std::string> settings = {};
  /// Maximum records and bytes of one INSERT, which is one block.
  std::uint32_t batch_size = 10'000;
  std::uint64_t batch_bytes = std::uint64_t{16} << 20;
  http_connection_config connection = {.credential = {.header = "X-ClickHouse-Key"}};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    // clang-format off
    visit(setting{.name = "url", .text = "`http://host:8123` or `https://host:8443`: the HTTP interface of the server.", .form = setting_form::secret}, self.url);
    visit(setting{.name = "user", .text = "User, sent as `X-ClickHouse-User`; the password is `connection.credential`."}, self.user);
    visit(setting{.name = "database", .text = "Database, at most 200 bytes."}, self.database);
    visit(setting{.name = "table_name", .text = "Table, at most 200 bytes."}, self.table_name);
    visit(setting{.name = "create_table", .text = "Creates a missing table (DDL); the presets `production` and `hardened` force it off."}, self.create_table);
    visit(setting{.name = "engine", .text = "Engine of the table in the DDL.", .not_empty = true}, self.engine);
    visit(setting{.name = "ttl_days", .text = "Days after which the server deletes a record, in the DDL; 0: never.", .max = 36'500}, self.ttl_days);
    visit(setting{.name = "include_raw_json", .text = "The column `event` contains the whole envelope; false: there is no such column."}, self.include_raw_json);
    visit(setting{.name = "extract_fields", .text = "Columns besides `id` and `event`, as `[column=]path[:type]`."}, self.extract_fields);
    visit(setting{.name = "settings", .text = "More settings of the server for each INSERT, as `name=value`."}, self.settings);
    visit(setting{.name = "batch_size", .text = "Maximum records of one INSERT, which is one block.", .min = 1, .max = 1'000'000}, self.batch_size);
    visit(setting{.name = "batch_bytes", .text = "Maximum bytes of one INSERT, before compression.", .min = 1'024, .max = 268'435'456, .form = setting_form::bytes}, self.batch_bytes);
    visit(setting{.name = "connection", .text = "How requests reach the server."}, self.connection);
    // clang-format on
  }

  /// Checks the rules that bounds of numbers cannot express.
  [[gnu::cold]] static void(check)(clickhouse_config const& c, setting_problems& problems) {
    auto const report = [&problems](std::string_view name, std::string_view problem) {
      if (!problem.empty()) problems.add(name, problem);
    };
    report("url", detail::url_problem(c.url));
    if (!detail::is_header_value(c.user)) report("user", "must not contain a control character");
    report("database", detail::ch::name_problem(c.database));
    report("table_name", detail::ch::name_problem(c.table_name));
    report("extract_fields", detail::ch::columns_problem(c.extract_fields, c.include_raw_json));
    for (std::string const& one : c.settings) {
      if (!detail::ch::is_server_setting(one))
        report("settings", "must be `name=value` with a name of letters, digits and _");
    }
  }
};

}  // namespace sinks
}  // namespace fapilog::inline v0_1
