// SPDX-License-Identifier: MIT
// What can be chosen of the Postgres sink.
#pragma once

#include <fapilog/setting.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::sinks {

/// WARNING: `create_table` is true by default and lets the sink run DDL: right for a laptop, wrong for a production
/// database. The presets `production` and `hardened` force it off, whatever stands here; under the others set it to false
/// where a migration owns the schema, and give the role INSERT only. `postgres_ddl` prints the migration.
struct postgres_config {
  /// A connection string or URI of libpq; wins over `host`, `port`, `database`, `user` and `password`.
  std::string dsn = {};
  /// Hosts with commas between are tried in order; one that begins with `/` is the directory of a Unix socket.
  std::string host = "localhost";
  std::uint16_t port = 5432;
  std::string database = "fapilog";
  std::string user = "fapilog";
  std::string password = {};

  std::string schema_name = "public";
  std::string table_name = "logs";
  /// Creates schema, table and indexes where the table is missing, if the preset allows DDL.
  bool create_table = true;
  /// The column `event` is jsonb; false: json.
  bool use_jsonb = true;
  /// The column `event` has the whole envelope; false: only the extracted fields.
  bool include_raw_json = true;
  /// Columns besides `id` and `event`: `[column=]path[:type]`, such as `level`, `data.order.id:bigint` or
  /// `took=data.ms:double`. Types: text (default), bigint, double, boolean, timestamptz, jsonb. A value that does not fit
  /// its type is NULL; `event` has it.
  std::vector<std::string> extract_fields = {"timestamp", "level", "logger", "correlation_id", "message"};
  /// An index on `event` in DDL. It makes an insert about twice as dear.
  bool gin_index = false;

  /// Most rows and bytes of one statement, which is one transaction.
  std::uint32_t batch_size = 1000;
  std::uint64_t batch_bytes = std::uint64_t{4} * 1024 * 1024;
  /// Most connections. The first is kept; further ones are made when a batch has 100 rows for each, and closed again after
  /// a time in which none had.
  std::uint32_t connections = 2;
  std::chrono::seconds connection_idle_timeout{60};

  std::chrono::seconds connect_timeout{5};
  std::chrono::milliseconds statement_timeout{10'000};
  std::chrono::milliseconds lock_timeout{5'000};
  /// How soon a cut network is noticed: while sending, and while waiting for an answer.
  std::chrono::milliseconds tcp_user_timeout{5'000};
  std::chrono::seconds keepalives_idle{2};
  std::chrono::seconds keepalives_interval{1};
  std::uint32_t keepalives_count = 3;

  std::string application_name = "fapilog";
  /// As libpq knows them; empty: libpq's default.
  std::string sslmode = {};
  std::string sslrootcert = {};
  std::string sslcert = {};
  std::string sslkey = {};
  /// Which of several hosts will do: `read-write`, `primary`, `any` and so on.
  std::string target_session_attrs = "read-write";

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    // clang-format off
    visit(setting{.name = "dsn", .text = "Connection string or URI of libpq; wins over `host` to `password`.", .form = setting_form::secret}, self.dsn);
    visit(setting{.name = "host", .text = "Host, several with commas between, or the directory of a Unix socket."}, self.host);
    visit(setting{.name = "port", .text = "Port.", .min = 1}, self.port);
    visit(setting{.name = "database", .text = "Database."}, self.database);
    visit(setting{.name = "user", .text = "Role."}, self.user);
    visit(setting{.name = "password", .text = "Password.", .form = setting_form::secret}, self.password);
    visit(setting{.name = "schema_name", .text = "Schema of the table, at most 63 bytes."}, self.schema_name);
    visit(setting{.name = "table_name", .text = "The table, at most 63 bytes."}, self.table_name);
    visit(setting{.name = "create_table", .text = "Creates a missing table (DDL); the presets `production` and `hardened` force it off."}, self.create_table);
    visit(setting{.name = "use_jsonb", .text = "The column `event` is jsonb; false: json."}, self.use_jsonb);
    visit(setting{.name = "include_raw_json", .text = "`event` has the whole envelope; false: the extracted fields."}, self.include_raw_json);
    visit(setting{.name = "extract_fields", .text = "Columns besides `id` and `event`, as `[column=]path[:type]`."}, self.extract_fields);
    visit(setting{.name = "gin_index", .text = "DDL has a GIN index on `event`, which makes an insert about twice as dear."}, self.gin_index);
    visit(setting{.name = "batch_size", .text = "Most rows of one statement; batches that wait are put together up to so many for each connection.", .min = 1, .max = 100'000}, self.batch_size);
    visit(setting{.name = "batch_bytes", .text = "Most bytes of one statement, unless one row is larger.", .min = 1'024, .max = 67'108'864, .form = setting_form::bytes}, self.batch_bytes);
    visit(setting{.name = "connections", .text = "Most connections; the second is made when a batch has 200 rows, the third with 300, and so on.", .min = 1, .max = 64}, self.connections);
    visit(setting{.name = "connection_idle_timeout", .text = "How long a further connection stays without being needed.", .min = 0}, self.connection_idle_timeout);
    visit(setting{.name = "connect_timeout", .text = "How long one host is waited for.", .min = 2}, self.connect_timeout);
    visit(setting{.name = "statement_timeout", .text = "How long the server may take for a statement.", .min = 0.1}, self.statement_timeout);
    visit(setting{.name = "lock_timeout", .text = "How long a statement may wait for a lock.", .min = 0.1}, self.lock_timeout);
    visit(setting{.name = "tcp_user_timeout", .text = "How long sent data may stay unacknowledged.", .min = 0.1}, self.tcp_user_timeout);
    visit(setting{.name = "keepalives_idle", .text = "Silence before the connection is probed.", .min = 1}, self.keepalives_idle);
    visit(setting{.name = "keepalives_interval", .text = "Pause between two probes.", .min = 1}, self.keepalives_interval);
    visit(setting{.name = "keepalives_count", .text = "Lost probes that end the connection.", .min = 1, .max = 100}, self.keepalives_count);
    visit(setting{.name = "application_name", .text = "As it stands in pg_stat_activity."}, self.application_name);
    visit(setting{.name = "sslmode", .text = "As libpq knows it; empty: libpq's default. Over a network use `verify-full`."}, self.sslmode);
    visit(setting{.name = "sslrootcert", .text = "File with the certificates of the authorities."}, self.sslrootcert);
    visit(setting{.name = "sslcert", .text = "File with the client's certificate."}, self.sslcert);
    visit(setting{.name = "sslkey", .text = "File with the client's key."}, self.sslkey);
    visit(setting{.name = "target_session_attrs", .text = "Which of several hosts will do, as libpq knows it."}, self.target_session_attrs);
    // clang-format on
  }
};

}  // namespace fapilog::inline v0_1::sinks
