// SPDX-License-Identifier: MIT
// A PostgreSQL server for tests: a temporary cluster that listens on a Unix socket.
#pragma once

#include <fapilog/sinks/postgres/config.hpp>

#include <pqxx/pqxx>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <sys/wait.h>

#include "support/server_process.hpp"
#include "support/temporary_directory.hpp"

namespace support {

/// Returns true if a client can connect in this way.
[[nodiscard]] inline bool accepts_clients(std::string const& conninfo) {
  try {
    pqxx::connection const connection{conninfo + " connect_timeout=5"};
    return true;
  } catch (std::exception const&) {
    return false;
  }
}

/// Rows as strings; null is "NULL".
using sql_rows = std::vector<std::vector<std::string>>;

/// Thread: start and stop on the thread that made it; `sql` on any.
class postgres_server {
 public:
  using settings = std::vector<std::pair<std::string, std::string>>;

  /// Throws: std::runtime_error if PostgreSQL is not installed or does not start.
  explicit postgres_server(settings more = {}) : more_(std::move(more)) {
    make_data({"initdb", "-D", data(), "-U", "postgres", "-E", "UTF8", "--locale=C", "--auth-local=trust",
               "--auth-host=trust", "--no-sync"});
    start();
  }
  /// A server that can have a standby.
  struct standby_of {
    postgres_server const& primary;
  };
  /// A read-only copy that follows the server by streaming replication until it is promoted.
  explicit postgres_server(standby_of const& whom) : more_(whom.primary.more_) {
    make_data({"pg_basebackup", "-R", "-D", data(), "-h", whom.primary.socket_folder(), "-U", "postgres",
               "-X", "stream", "-c", "fast", "--no-sync"});
    start();
  }
  postgres_server(postgres_server const&) = delete;
  postgres_server& operator=(postgres_server const&) = delete;
  ~postgres_server() {
    stop(SIGQUIT);
    // The last processes of the server clean up after it has ended.
    (void)eventually(
        [this] {
          std::error_code ignored;
          std::filesystem::remove_all(folder_.path(), ignored);
          return !std::filesystem::exists(folder_.path());
        },
        std::chrono::seconds{10});
  }

  /// The folder with the programs of the server that FAPILOG_POSTGRES_BIN names, or of the newest one; empty if there is none.
  static std::string binaries() {
    if (char const* const chosen = std::getenv("FAPILOG_POSTGRES_BIN")) return chosen;
    for (int version = 20; version > 9; --version) {
      std::string const folder = "/usr/lib/postgresql/" + std::to_string(version) + "/bin";
      if (std::filesystem::exists(folder + "/initdb")) return folder;
    }
    return {};
  }

  void start() {
    std::vector<std::string> arguments{binaries() + "/postgres", "-D", data(), "-k", socket_folder()};
    settings all{{"listen_addresses", ""},      {"fsync", "off"},          {"log_statement", "all"},
                 {"log_line_prefix", "%u|%a|"}, {"max_connections", "20"}, {"shared_buffers", "32MB"}};
    all.insert(all.end(), more_.begin(), more_.end());
    for (auto const& [key, value] : all) {
      arguments.emplace_back("-c");
      arguments.push_back(key + '=' + value);
    }
    // After a kill, the old server's shared memory is in use until its last process has noticed.
    bool const up = eventually([&] {
      if (pid_ <= 0) pid_ = spawn(arguments);
      if (::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
      return pid_ > 0 && accepts_clients(conninfo());
    });
    if (!up) throw std::runtime_error{"the server does not start: " + log()};
  }
  /// Stops the server. SIGINT: at once; SIGQUIT: as in a crash; SIGKILL: as kill -9.
  void stop(int signal = SIGINT) {
    if (pid_ <= 0) return;
    ::kill(pid_, signal);
    (void)wait_for_process(pid_);
    pid_ = -1;
  }
  /// Promotes a standby to a primary.
  void promote() const {
    if (value("SELECT pg_promote()") != "t")
      throw std::runtime_error{"the standby is not promoted: " + log()};
  }
  /// Adds lines to pg_hba.conf, before or after those that accept every local connection.
  void set_access(std::string const& before, std::string const& after) {
    stop();
    std::ofstream{data() + "/pg_hba.conf"} << before << "local all all trust\n" << after;
    start();
  }
  void set(std::string const& key, std::string const& value) { more_.emplace_back(key, value); }

  [[nodiscard]] std::string socket_folder() const { return folder_ / "socket"; }
  [[nodiscard]] std::string data() const { return folder_ / "data"; }
  [[nodiscard]] temporary_directory const& folder() const noexcept { return folder_; }
  /// Makes the server the owner of a file or folder.
  static void own(std::string const& path) { give_to_server_user(path); }

  [[nodiscard]] std::string conninfo(std::string const& user = "postgres") const {
    return "host=" + socket_folder() + " dbname=postgres user=" + user;
  }
  /// The settings with which a sink connects to the server.
  [[nodiscard]] fapilog::sinks::postgres_config config(std::string const& user = "postgres") const {
    return {.host = socket_folder(), .database = "postgres", .user = user};
  }
  /// The same for a table in this schema.
  [[nodiscard]] fapilog::sinks::postgres_config config_in(std::string const& schema,
                                                          std::string const& user = "postgres") const {
    auto chosen = config(user);
    chosen.schema_name = schema;
    return chosen;
  }

  /// Runs statements as the superuser.
  sql_rows sql(std::string const& text) const {
    pqxx::connection connection{conninfo() + " application_name=test"};
    pqxx::nontransaction transaction{connection};
    pqxx::result const result = transaction.exec(text);
    sql_rows rows;
    for (auto const& row : result) {
      auto& texts = rows.emplace_back();
      for (auto const& field : row) texts.emplace_back(field.is_null() ? "NULL" : field.c_str());
    }
    return rows;
  }
  /// The first column of the first row.
  std::string value(std::string const& text) const { return sql(text).at(0).at(0); }
  std::size_t count(std::string const& rest) const {
    return std::stoull(value("SELECT count(*) FROM " + rest));
  }

  /// The server's log, which contains each statement.
  [[nodiscard]] std::string log() const {
    std::ifstream file{folder_ / "log"};
    return {std::istreambuf_iterator<char>{file}, {}};
  }
  /// Statements that the sink sent, as the server logged them.
  [[nodiscard]] std::vector<std::string> statements_of_sink() const { return statements("fapilog"); }
  /// Statements of connections with this `application_name`.
  [[nodiscard]] std::vector<std::string> statements(std::string const& name) const {
    std::vector<std::string> all;
    std::istringstream lines{log()};
    bool is_ours = false;
    for (std::string line; std::getline(lines, line);) {
      if (line.find('|' + name + '|') != std::string::npos) {
        is_ours = line.find("LOG:  statement:") != std::string::npos ||
                  line.find("LOG:  execute") != std::string::npos;
        if (is_ours) all.push_back(line);
      } else if (is_ours && line.starts_with('\t')) {
        all.back() += '\n' + line;
      } else {
        is_ours = false;
      }
    }
    return all;
  }
  /// Statements of the sink that change a schema.
  [[nodiscard]] std::vector<std::string> ddl_of_sink() const {
    std::vector<std::string> found;
    for (std::string const& statement : statements_of_sink()) {
      for (char const* const word : {"CREATE ", "ALTER ", "DROP ", "GRANT ", "TRUNCATE "}) {
        if (statement.find(word) != std::string::npos) {
          found.push_back(statement);
          break;
        }
      }
    }
    return found;
  }

 private:
  /// Makes the cluster with initdb.
  void make_data(std::vector<std::string> command) const {
    if (binaries().empty()) throw std::runtime_error{"there is no PostgreSQL server on this machine"};
    std::filesystem::permissions(folder_.path(), std::filesystem::perms::all);
    std::filesystem::create_directory(socket_folder());
    own(socket_folder());
    command[0].insert(0, binaries() + '/');
    if (wait_for_process(spawn(command)) != 0) throw std::runtime_error{command[0] + " failed: " + log()};
  }

  [[nodiscard]] pid_t spawn(std::vector<std::string> arguments) const {
    return spawn_server(std::move(arguments), folder_ / "log");
  }

  temporary_directory folder_;
  settings more_;
  pid_t pid_ = -1;
};

/// One server for all cases of a process that do not stop or change it; each case makes its own schema.
inline postgres_server& shared_server() {
  static postgres_server server;
  return server;
}

/// A role that may only log in.
inline void make_role(postgres_server const& server, std::string const& name) {
  server.sql("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '" + name +
             "') THEN CREATE ROLE \"" + name + "\" LOGIN; END IF; END $$");
}

}  // namespace support
