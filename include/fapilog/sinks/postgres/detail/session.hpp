// SPDX-License-Identifier: MIT
// A session with a PostgreSQL server: the only header that includes libpqxx (6.4 or newer).
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/socket_deadline.hpp>
#include <fapilog/detail/os/system.hpp>
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

/// Thread: one at a time. Throws: failure from every member but the destructor; std::bad_alloc.
class session {
 public:
  /// `deadline` shuts the connection down if a statement is not answered within `max_wait`, because the timeouts of the
  /// server have no effect while its process is stopped.
  [[gnu::cold]] session(std::string const& conninfo, socket_deadline const& deadline,
                        std::chrono::milliseconds max_wait)
      : deadline_(deadline), max_wait_(max_wait), fork_(generation()) {
    try {
      connection_ = std::make_unique<pqxx::connection>(conninfo);
    } catch (std::bad_alloc const&) {
      throw;
    } catch (std::exception const& error) {
      throw connect_failure(error.what());
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
  [[nodiscard]] bool is_open() const noexcept { return connection_ && connection_->is_open(); }

  /// Runs SQL without parameters and returns the rows of the last statement.
  [[gnu::cold]] text_rows query(std::string const& sql) {
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

  /// Prepares a statement under this name.
  [[gnu::cold]] void prepare(std::string const& name, std::string const& sql) {
    guarded([&] { connection_->prepare(name, sql); });
  }

  /// Executes a prepared statement in one round trip and one transaction. Returns the number of inserted rows.
  std::uint64_t execute(std::string const& name, std::vector<std::string_view> const& arrays) {
    return guarded([&] {
      pqxx::nontransaction transaction{*connection_};
      return static_cast<std::uint64_t>(execute_prepared(transaction, name, arrays).affected_rows());
    });
  }

 private:
  static std::uint32_t generation() noexcept { return fork_generation.load_relaxed(); }

  static pqxx::result execute_prepared(pqxx::nontransaction& transaction, std::string const& name,
                                       std::vector<std::string_view> const& arrays) {
#if PQXX_VERSION_MAJOR < 7 || (PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR < 6)
    std::vector<pqxx::binarystring> all;
    all.reserve(arrays.size());
    for (std::string_view const array : arrays) all.emplace_back(array.data(), array.size());
    return transaction.exec_prepared(name, pqxx::prepare::make_dynamic_params(all));
#else
    pqxx::params all;
    for (std::string_view const array : arrays) all.append(pqxx::binary_cast(array));
#if PQXX_VERSION_MAJOR == 7 && PQXX_VERSION_MINOR < 10
    return transaction.exec_prepared(name, all);
#else
    return transaction.exec(pqxx::prepped{name}, all);
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
  socket_deadline const& deadline_;
  std::chrono::milliseconds max_wait_;
  std::uint32_t fork_;
};

}  // namespace fapilog::inline v0_1::detail::pg
