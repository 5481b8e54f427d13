// SPDX-License-Identifier: MIT
// A session with a PostgreSQL server: the only header that includes libpqxx (6.4 or newer).
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/socket_deadline.hpp>
#include <fapilog/detail/os/socket_peer.hpp>
#include <fapilog/detail/os/standard_descriptors.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/sinks/postgres/config.hpp>
#include <fapilog/sinks/postgres/detail/sqlstate.hpp>

#include <pqxx/pqxx>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail::pg {

/// Rows of strings. NULL is an empty string.
using text_rows = std::vector<std::vector<std::string>>;

/// Behind a connection pool other clients may use the session of the server. If one may be there, each transaction may get
/// another session, and this leaves nothing in it: no prepared statement, no setting, no open transaction.
/// Thread: one at a time. Throws: failure from every member but the destructor; std::bad_alloc.
class session {
 public:
  /// `settings` (such as `lock_timeout = 1000`) hold for this session, or for each of its transactions if it may be shared.
  /// `deadline` shuts the connection down if a statement is not answered within `max_wait`, because the timeouts of the
  /// server have no effect while its process is stopped. It must outlive the session.
  [[gnu::cold]] session(std::string const& conninfo, std::vector<std::string> const& settings,
                        socket_deadline const& deadline, std::chrono::milliseconds max_wait,
                        sinks::postgres_pooler pooler)
      : pooler_(pooler), deadline_(deadline), max_wait_(max_wait), fork_(generation()) {
    reserve_standard_descriptors();
    try {
      connection_ = std::make_unique<pqxx::connection>(conninfo);
    } catch (std::bad_alloc const&) {
      throw;
    } catch (std::exception const& error) {
      throw connect_failure(error.what());
    }
    // Another thread closed a standard descriptor meanwhile.
    if (connection_->sock() <= max_standard_descriptor) throw failure::lost();
    is_shared_ = detect_pool();
    std::string sql;
    for (std::string const& each : settings) append(sql, {is_shared_ ? "SET LOCAL " : "SET ", each, "; "});
    if (is_shared_) {
      local_settings_ = std::move(sql);
      require_transactions();
    } else {
      (void)run(sql);
    }
  }
  session(session const&) = delete;
  session& operator=(session const&) = delete;
  /// Closes the connection. In a forked child it belongs to the parent, so it is closed without the closing message of
  /// the protocol.
  ~session() {
    if (connection_ && is_inherited()) {
      file const closes_socket{connection_->sock()};
      (void)connection_.release();
    }
  }

  /// True in a forked child.
  [[nodiscard]] bool is_inherited() const noexcept { return fork_ != generation(); }
  [[nodiscard]] bool is_open() const noexcept {
    return connection_ && connection_->is_open() && !is_in_doubt_;
  }

  /// What contradicts the setting `pooler`; empty if nothing does.
  [[nodiscard]] std::string_view contradiction() const noexcept { return contradiction_; }

  /// Runs SQL without parameters in one transaction and returns the rows of the last statement.
  [[gnu::cold]] text_rows query(std::string const& sql) { return run(local_settings_ + sql); }

  /// Executes a statement with parameters. Returns the number of its rows after the server has confirmed that they are
  /// committed. A connection pool may acknowledge statements of a transaction that it does not commit, so behind one the
  /// server is asked for the status of the transaction.
  std::uint64_t execute(std::string const& sql, std::vector<std::string_view> const& arrays) {
    if (!is_shared_) return insert(sql, arrays);
    try {
      std::string const id = begin();
      std::uint64_t const rows = insert(sql, arrays);
      if (single_value(run(concat({"COMMIT; SELECT txid_status(", id, ")"}))) != "committed")
        throw failure::not_committed();
      return rows;
    } catch (...) {
      roll_back();
      throw;
    }
  }

 private:
  static std::uint32_t generation() noexcept { return watched_fork_generation(); }

  /// True if a pool may be between this connection and the server; notes what contradicts `pooler`.
  [[nodiscard, gnu::cold]] bool detect_pool() {
    using enum sinks::postgres_pooler;
    if (pooler_ == session || pooler_ == transaction) return true;
    if (detect_direct_connection()) return false;
    if (pooler_ == automatic || !is_other_process_) return pooler_ == automatic;
    contradiction_ = "`pooler` is none, but a connection pool answers: it is used as with `transaction`";
    return true;
  }

  /// Begins a transaction and returns its id.
  [[nodiscard]] std::string begin() {
    if (pooler_ != sinks::postgres_pooler::session)
      return single_value(run(concat({"BEGIN; ", local_settings_, "SELECT txid_current()"})));
    text_rows const rows =
        run(concat({"BEGIN; ", local_settings_, "SELECT txid_current(), pg_backend_pid()"}));
    if (rows.size() != 1 || rows.front().size() != 2) throw failure::not_committed();
    std::string const& process = rows.front()[1];
    if (!backend_.empty() && backend_ != process)
      contradiction_ = "`pooler` is session, but the pool changes the session between transactions";
    backend_ = process;
    return rows.front()[0];
  }

  /// True if this connection provably ends at the server, without a pool or proxy between: the server sees the own end of the
  /// TCP connection, or its process is a child of the one that listens at the Unix socket.
  [[nodiscard, gnu::cold]] bool detect_direct_connection() {
    text_rows const rows = run("SELECT pg_backend_pid(), host(inet_client_addr()), inet_client_port()");
    if (rows.size() != 1 || rows.front().size() != 3) return false;
    std::vector<std::string> const& seen = rows.front();
    is_other_process_ = seen[0] != std::to_string(connection_->backendpid());
    if (is_other_process_) return false;
    if (!seen[1].empty()) return local_address(connection_->sock()) == concat({seen[1], " ", seen[2]});
    std::int64_t const listener = listening_process(connection_->sock());
    return listener != 0 && listener == parent_process(connection_->backendpid());
  }

  /// A pool that gives each statement another session of the server, such as PgBouncer in the mode `statement`, closes the
  /// connection at BEGIN.
  [[gnu::cold]] void require_transactions() {
    try {
      (void)run("BEGIN");
      (void)run("ROLLBACK");
    } catch (failure const& failed) {
      if (is_open()) throw failed;
      throw failure::no_transaction();
    }
  }

  [[nodiscard]] text_rows run(std::string const& sql) {
    return guarded([&] {
      pqxx::nontransaction transaction{*connection_};
      pqxx::result const result = transaction.exec(sql);
      text_rows all;
      for (decltype(result.size()) i = 0; i < result.size(); ++i) {
        auto const& row = result[i];
        std::vector<std::string> texts;
        for (decltype(row.size()) k = 0; k < row.size(); ++k)
          texts.emplace_back(row[k].is_null() ? "" : row[k].c_str());
        all.push_back(std::move(texts));
      }
      return all;
    });
  }
  [[nodiscard]] static std::string single_value(text_rows const& rows) {
    if (rows.size() != 1 || rows.front().size() != 1) throw failure::not_committed();
    return rows.front().front();
  }

  /// Ends a transaction that failed. The connection is not used again if that fails, too.
  [[gnu::cold]] void roll_back() noexcept {
    if (!is_open()) return;
    try {
      (void)run("ROLLBACK");
    } catch (...) {
      is_in_doubt_ = true;
    }
  }

  std::uint64_t insert(std::string const& sql, std::vector<std::string_view> const& arrays) {
    return guarded([&] {
      pqxx::nontransaction transaction{*connection_};
      return number_cast<std::uint64_t>(execute_unnamed(transaction, sql, arrays).affected_rows());
    });
  }

  /// Executes a statement without a name: another client of the same server session may have given any name to another
  /// statement.
  static pqxx::result execute_unnamed(pqxx::nontransaction& transaction, std::string const& sql,
                                      std::vector<std::string_view> const& arrays) {
#if PQXX_VERSION_MAJOR < 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR < 6)
    std::vector<pqxx::binarystring> all;
    all.reserve(arrays.size());
    for (std::string_view const array : arrays) all.emplace_back(array.data(), array.size());
    return transaction.exec_params(sql, pqxx::prepare::make_dynamic_params(all));
#else
    pqxx::params all;
    for (std::string_view const array : arrays) all.append(pqxx::binary_cast(array));
#if PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR < 10
    return transaction.exec_params(sql, all);
#else
    return transaction.exec(sql, all);
#endif
#endif
  }

  /// Runs `f` and turns exceptions of libpqxx into a failure. Their messages may contain records and are not used.
  template <class F>
  auto guarded(F&& f) -> decltype(f()) {
    if (!is_open()) throw failure::lost();  // libpqxx 6 would reconnect
    auto const watch = deadline_.over(connection_->sock(), max_wait_);
    try {
      return f();
    } catch (std::bad_alloc const&) {
      throw;
    } catch (...) {
      if (!is_open() && watch.has_passed()) throw failure::unanswered();
      translate();
    }
  }
  [[noreturn, gnu::cold]] void translate() const {
    try {
      throw;
    } catch (pqxx::in_doubt_error const&) {
      throw failure::lost();
    } catch (pqxx::broken_connection const&) {
      throw failure::lost();
    } catch (pqxx::deadlock_detected const&) {  // in 6.4 these do not derive from sql_error
      throw closed_or("40P01");
    } catch (pqxx::serialization_failure const&) {
      throw closed_or("40001");
    } catch (pqxx::transaction_rollback const&) {
      throw closed_or("40000");
    } catch (pqxx::insufficient_privilege const&) {  // its sqlstate is empty
      throw closed_or("42501");
    } catch (pqxx::sql_error const& error) {
      throw closed_or(error.sqlstate());
    } catch (std::exception const&) {
      throw closed_or({});
    }
  }
  [[nodiscard]] failure closed_or(std::string_view code) const {
    // Before the server closes a session, it sends a code of class 57.
    return is_open() || !code.empty() ? failure::of(code) : failure::lost();
  }

  std::unique_ptr<pqxx::connection> connection_;
  sinks::postgres_pooler pooler_;
  bool is_other_process_ =
      false;  ///< the server process is not the one that the other end of the connection named
  std::string_view contradiction_;  ///< what contradicts `pooler_`
  std::string backend_;             ///< the server process of the last transaction, with `pooler: session`
  bool is_shared_ = true;           ///< other clients may use the session of the server
  std::string local_settings_;      ///< SQL for each transaction in a shared session
  bool is_in_doubt_ = false;        ///< a transaction may still be open
  socket_deadline const& deadline_;
  std::chrono::milliseconds max_wait_;
  std::uint32_t fork_;
};

}  // namespace fapilog::inline v0_1::detail::pg
