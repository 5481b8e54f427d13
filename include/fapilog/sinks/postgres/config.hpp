// SPDX-License-Identifier: MIT
// Configuration of the Postgres sink.
#pragma once

#include <fapilog/setting.hpp>
#include <fapilog/sinks/postgres/detail/dsn_syntax.hpp>
#include <fapilog/sinks/postgres/detail/setting_syntax.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::sinks {

/// What is between the sink and the server.
enum class postgres_pooler : std::uint8_t {
  automatic,  ///< `none` if the connection provably ends at the server, else `transaction`
  none,       ///< the session belongs to the sink: an INSERT takes one round trip
  session,  ///< a pool that gives each of its clients a session: as `transaction`, and a change of the session is reported
  transaction,  ///< a pool whose clients share sessions: nothing is left in them, and a commit is confirmed by the server
};

/// WARNING: `create_table` is true by default and lets the sink run DDL. That is right for a laptop and wrong for a
/// production database. The presets `production` and `hardened` force it off, whatever its value. Under the other presets,
/// set it to false if a migration owns the schema, and grant the role INSERT only. `postgres_ddl` prints the migration.
struct postgres_config {
  /// A libpq connection string or URI. It overrides all other connection settings.
  std::string dsn = {};
  /// Several hosts, separated by commas, are tried in order. A host that begins with `/` is the directory of a Unix socket.
  std::string host = "localhost";
  std::uint16_t port = 5432;
  std::string database = "fapilog";
  std::string user = "fapilog";
  std::string password = {};

  /// Takes host, port, database and user from the PG* variables and the service file of libpq instead of from the settings.
  /// A `dsn` does so, too, for what it leaves out.
  bool libpq_environment = false;

  std::string schema_name = "public";
  std::string table_name = "logs";
  /// Creates the schema, table and indexes if the table is missing and the preset allows DDL.
  bool create_table = true;
  /// The type of the column `event`: jsonb if true, json if false.
  bool use_jsonb = true;
  /// The column `event` contains the whole envelope if true, only the extracted fields if false.
  bool include_raw_json = true;
  /// Columns besides `id` and `event`, as `[column=]path[:type]`: `level`, `data.order.id:bigint`, `took=data.ms:double`.
  /// Types: text (default), bigint, double, boolean, timestamptz, jsonb. A value that does not fit its type is stored as
  /// NULL; `event` still contains it.
  std::vector<std::string> extract_fields = {"timestamp", "level", "logger", "correlation_id", "message"};
  /// Adds a GIN index on `event` to the DDL. It about doubles the cost of an insert.
  bool gin_index = false;

  /// Maximum rows and bytes of one statement, which is one transaction.
  std::uint32_t batch_size = 1000;
  std::uint64_t batch_bytes = std::uint64_t{4} * 1024 * 1024;
  /// Maximum number of connections. The first one stays open. The others are opened when a batch has 100 rows for each, and
  /// closed when no batch has needed them for `connection_idle_timeout`.
  std::uint32_t connections = 2;
  std::chrono::seconds connection_idle_timeout{60};

  /// The connection pool between the sink and the server. `automatic` is right behind every pool that has transactions.
  postgres_pooler pooler = postgres_pooler::automatic;
  std::chrono::seconds connect_timeout{5};
  std::chrono::milliseconds statement_timeout{10'000};
  std::chrono::milliseconds lock_timeout{5'000};
  /// How soon a broken network is noticed: `tcp_user_timeout` while sending, `keepalives_*` while waiting for a response.
  std::chrono::milliseconds tcp_user_timeout{5'000};
  std::chrono::seconds keepalives_idle{2};
  std::chrono::seconds keepalives_interval{1};
  std::uint32_t keepalives_count = 3;

  std::string application_name = "fapilog";
  /// TLS settings of libpq. Empty: the default of libpq.
  std::string sslmode = {};
  std::string sslrootcert = {};
  std::string sslcert = {};
  std::string sslkey = {};
  /// Which kind of server to accept: `any`, `read-write`, `read-only`, `primary`, `standby` or `prefer-standby`.
  std::string target_session_attrs = "read-write";

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    constexpr double day = 86'400;
    // clang-format off
    visit(setting{.name = "dsn", .text = "Connection string or URI of libpq; overrides the other connection settings.", .form = setting_form::secret}, self.dsn);
    visit(setting{.name = "host", .text = "Host, several hosts separated by commas, or the directory of a Unix socket."}, self.host);
    visit(setting{.name = "port", .text = "Port.", .min = 1}, self.port);
    visit(setting{.name = "database", .text = "Database."}, self.database);
    visit(setting{.name = "user", .text = "Role."}, self.user);
    visit(setting{.name = "password", .text = "Password.", .form = setting_form::secret}, self.password);
    visit(setting{.name = "libpq_environment", .text = "Takes host, port, database and user from the PG* variables and the service file of libpq instead of from the settings."}, self.libpq_environment);
    visit(setting{.name = "schema_name", .text = "Schema of the table, at most 63 bytes."}, self.schema_name);
    visit(setting{.name = "table_name", .text = "Table, at most 63 bytes."}, self.table_name);
    visit(setting{.name = "create_table", .text = "Creates a missing table (DDL); the presets `production` and `hardened` force it off."}, self.create_table);
    visit(setting{.name = "use_jsonb", .text = "The column `event` is jsonb; false: json."}, self.use_jsonb);
    visit(setting{.name = "include_raw_json", .text = "`event` contains the whole envelope; false: the extracted fields."}, self.include_raw_json);
    visit(setting{.name = "extract_fields", .text = "Columns besides `id` and `event`, as `[column=]path[:type]`."}, self.extract_fields);
    visit(setting{.name = "gin_index", .text = "Adds a GIN index on `event` to the DDL, which about doubles the cost of an insert."}, self.gin_index);
    visit(setting{.name = "batch_size", .text = "Maximum rows of one statement; waiting batches are merged up to this many rows for each connection.", .min = 1, .max = 100'000}, self.batch_size);
    visit(setting{.name = "batch_bytes", .text = "Maximum bytes of one statement, unless a single row is larger.", .min = 1'024, .max = 67'108'864, .form = setting_form::bytes}, self.batch_bytes);
    visit(setting{.name = "connections", .text = "Maximum connections; the second is opened when a batch has 200 rows, the third at 300, and so on.", .min = 1, .max = 64}, self.connections);
    visit(setting{.name = "connection_idle_timeout", .text = "How long an additional connection stays open without being needed.", .min = 0, .max = day, .advanced = true}, self.connection_idle_timeout);
    visit(setting{.name = "pooler", .text = "Connection pool before the server: `none`, `session`, `transaction`, or `automatic`, which is right behind every pool."}, self.pooler);
    visit(setting{.name = "connect_timeout", .text = "How long to wait for one host.", .min = 2, .max = day}, self.connect_timeout);
    visit(setting{.name = "statement_timeout", .text = "How long the server may take for a statement.", .min = 0.1, .max = day}, self.statement_timeout);
    visit(setting{.name = "lock_timeout", .text = "How long a statement may wait for a lock.", .min = 0.1, .max = day}, self.lock_timeout);
    visit(setting{.name = "tcp_user_timeout", .text = "How long sent data may stay unacknowledged.", .min = 0.1, .max = day, .advanced = true}, self.tcp_user_timeout);
    visit(setting{.name = "keepalives_idle", .text = "How long a connection may be silent before it is probed.", .min = 1, .max = day, .advanced = true}, self.keepalives_idle);
    visit(setting{.name = "keepalives_interval", .text = "Pause between two probes.", .min = 1, .max = day, .advanced = true}, self.keepalives_interval);
    visit(setting{.name = "keepalives_count", .text = "Unanswered probes that close the connection.", .min = 1, .max = 100, .advanced = true}, self.keepalives_count);
    visit(setting{.name = "application_name", .text = "Name in pg_stat_activity."}, self.application_name);
    visit(setting{.name = "sslmode", .text = "disable, allow, prefer, require, verify-ca or verify-full; empty: the default of libpq. Over a network use verify-full."}, self.sslmode);
    visit(setting{.name = "sslrootcert", .text = "File with the certificates of the authorities."}, self.sslrootcert);
    visit(setting{.name = "sslcert", .text = "File with the client's certificate."}, self.sslcert);
    visit(setting{.name = "sslkey", .text = "File with the client's key."}, self.sslkey);
    visit(setting{.name = "target_session_attrs", .text = "Which server to accept: any, read-write, read-only, primary, standby or prefer-standby."}, self.target_session_attrs);
    // clang-format on
  }

  /// Checks the rules that bounds of numbers cannot express.
  [[gnu::cold]] static void(check)(postgres_config const& c, setting_problems& problems) {
    struct member {
      std::string_view name;
      std::string const& value;
    };
    auto const report = [&problems](std::string_view name, std::string_view problem) {
      if (!problem.empty()) problems.add(name, problem);
    };
    for (member const& m : {member{"schema_name", c.schema_name}, member{"table_name", c.table_name}})
      report(m.name, detail::pg::name_problem(m.value));
    for (member const& m :
         {member{"dsn", c.dsn}, member{"host", c.host}, member{"database", c.database},
          member{"user", c.user}, member{"password", c.password},
          member{"application_name", c.application_name}, member{"sslrootcert", c.sslrootcert},
          member{"sslcert", c.sslcert}, member{"sslkey", c.sslkey}}) {
      if (m.value.find('\0') != std::string::npos) report(m.name, "must not contain a NUL character");
    }
    report("dsn", detail::pg::dsn_problem(c.dsn));
    report("sslmode", detail::pg::choice_problem(c.sslmode, detail::pg::sslmodes));
    report("target_session_attrs",
           detail::pg::choice_problem(c.target_session_attrs, detail::pg::session_attributes));
  }
};

}  // namespace fapilog::inline v0_1::sinks

namespace fapilog::inline v0_1 {

template <>
struct enum_names<sinks::postgres_pooler> {
  static constexpr std::array names{
      std::pair{sinks::postgres_pooler::automatic, std::string_view{"automatic"}},
      std::pair{sinks::postgres_pooler::none, std::string_view{"none"}},
      std::pair{sinks::postgres_pooler::session, std::string_view{"session"}},
      std::pair{sinks::postgres_pooler::transaction, std::string_view{"transaction"}}};
};

}  // namespace fapilog::inline v0_1
