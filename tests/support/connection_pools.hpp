// SPDX-License-Identifier: MIT
// Connection pools for tests: PgBouncer and Pgpool-II before a PostgreSQL server, on Unix sockets.
#pragma once

#include <fapilog/sinks/postgres/config.hpp>

#include <pqxx/pqxx>

#include <csignal>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <sys/wait.h>

#include "support/postgres_server.hpp"
#include "support/server_process.hpp"
#include "support/temporary_directory.hpp"

namespace support {

/// A process that listens on a Unix socket and passes clients on to a server.
class connection_pool {
 public:
  connection_pool(connection_pool const&) = delete;
  connection_pool& operator=(connection_pool const&) = delete;
  ~connection_pool() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);  // also ends the children of Pgpool-II
    bool const ended =
        eventually([this] { return ::waitpid(pid_, nullptr, WNOHANG) != 0; }, std::chrono::seconds{10});
    if (ended) return;
    ::kill(pid_, SIGKILL);
    (void)wait_for_process(pid_);
  }

  [[nodiscard]] std::string conninfo() const {
    return "host=" + folder_.path().string() + " port=" + std::to_string(port) +
           " dbname=postgres user=postgres";
  }
  /// The settings with which a sink connects through the pool.
  [[nodiscard]] fapilog::sinks::postgres_config config() const {
    return {.host = folder_.path().string(), .port = port, .database = "postgres", .user = "postgres"};
  }
  [[nodiscard]] std::string log() const {
    std::ifstream file{folder_ / "log"};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

 protected:
  static constexpr std::uint16_t port = 6432;

  connection_pool() {
    std::filesystem::permissions(folder_.path(), std::filesystem::perms::all);
    give_to_server_user(folder_.path().string());
  }
  /// Writes a file that the pool reads and returns its path.
  std::string write(std::string const& name, std::string const& text) const {
    std::string path = folder_ / name;
    std::ofstream{path} << text;
    give_to_server_user(path);
    return path;
  }
  void start(std::vector<std::string> arguments) {
    pid_ = spawn_server(std::move(arguments), folder_ / "log");
    if (!eventually([this] { return accepts_clients(conninfo()); }))
      throw std::runtime_error{"the pool does not start: " + log()};
  }
  [[nodiscard]] std::string folder() const { return folder_.path().string(); }

 private:
  temporary_directory folder_;
  pid_t pid_ = -1;
};

/// PgBouncer with one connection to the server (or as many as `sessions`), which its clients share.
class pgbouncer : public connection_pool {
 public:
  static constexpr char const* program = "/usr/sbin/pgbouncer";
  static bool is_installed() { return std::filesystem::exists(program); }

  explicit pgbouncer(postgres_server const& server, std::string const& mode = "transaction",
                     std::string const& more = {}, int sessions = 1) {
    start({program, write("pgbouncer.ini", "[databases]\npostgres = host=" + server.socket_folder() +
                                               " dbname=postgres user=postgres\n[pgbouncer]\n"
                                               "listen_port = " +
                                               std::to_string(port) + "\nunix_socket_dir = " + folder() +
                                               "\nauth_type = any\npool_mode = " + mode +
                                               "\ndefault_pool_size = " + std::to_string(sessions) +
                                               "\nmax_client_conn = 100\n" + more)});
  }
};

/// Pgpool-II in raw mode, which keeps the connections of its clients for later ones.
class pgpool : public connection_pool {
 public:
  static constexpr char const* program = "/usr/sbin/pgpool";
  static bool is_installed() { return std::filesystem::exists(program); }

  explicit pgpool(postgres_server const& server, std::string const& more = {}) {
    std::string text =
        "backend_clustering_mode = 'raw'\nlisten_addresses = ''\npcp_listen_addresses = ''\n"
        "backend_port0 = 5432\nnum_init_children = 6\nmax_pool = 1\npool_passwd = ''\n"
        "enable_shared_relcache = off\nport = " +
        std::to_string(port) + "\nbackend_hostname0 = '" + server.socket_folder() + "'\npid_file_name = '" +
        folder() + "/pid'\n";
    for (char const* const name : {"socket_dir", "unix_socket_directories", "pcp_socket_dir",
                                   "wd_ipc_socket_dir", "logdir"})  // versions differ in the names
      text += std::string{name} + " = '" + folder() + "'\n";
    start({program, "-n", "-f", write("pgpool.conf", text + more), "-F", write("pcp.conf", "")});
  }
};

}  // namespace support
