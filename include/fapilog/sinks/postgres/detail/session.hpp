// SPDX-License-Identifier: MIT
// One connection to PostgreSQL: the one header that knows libpqxx, whatever its version from 6.4 on.
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

namespace fapilog::inline v0_1::sinks::pg {

/// Rows of text; a null is an empty text.
using text_rows = std::vector<std::vector<std::string>>;

/// Thread: one at a time. Throws: failure from every member but the destructor; std::bad_alloc.
class session {
 public:
  /// `deadline` ends the connection where a statement has no answer after `longest`: the server's own timeouts do not help
  /// where its process is stopped.
  session(std::string const& conninfo, fapilog::detail::socket_deadline const& deadline,
          std::chrono::milliseconds longest)
      : deadline_(deadline), longest_(longest), fork_(generation()) {
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
  /// A forked child has a copy of its parent's connection and must not say goodbye on it.
  ~session() {
    if (connection_ && is_inherited()) {
      fapilog::detail::file const closed_at_the_end{connection_->sock()};
      (void)connection_.release();
    }
  }

  /// True in a forked child.
  [[nodiscard]] bool is_inherited() const noexcept { return fork_ != generation(); }
  [[nodiscard]] bool is_open() const noexcept { return connection_ && connection_->is_open(); }
  [[nodiscard]] int server_version() const noexcept { return connection_->server_version(); }

  /// Statements of our own making; of several the last one's rows.
  text_rows query(std::string const& sql) {
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

  /// Under a name of our own making.
  void prepare(std::string const& name, std::string const& sql) {
    guarded([&] { connection_->prepare(name, sql); });
  }

  /// Executes a prepared statement: one round trip, one transaction. Returns how many rows are new.
  std::uint64_t execute(std::string const& name, std::vector<std::string_view> const& arrays) {
    return guarded([&] {
      pqxx::nontransaction transaction{*connection_};
      return static_cast<std::uint64_t>(executed(transaction, name, arrays).affected_rows());
    });
  }

 private:
  static std::uint32_t generation() noexcept { return fapilog::detail::fork_generation.load_relaxed(); }

  static pqxx::result executed(pqxx::nontransaction& transaction, std::string const& name,
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

  /// Makes a failure of whatever libpqxx throws. Its texts repeat content and are not looked at.
  template <class F>
  auto guarded(F&& f) -> decltype(f()) {
    if (!is_open()) throw failure::lost();  // libpqxx 6 would connect again by itself
    auto const watch = deadline_.over(connection_->sock(), longest_);
    try {
      return f();
    } catch (std::bad_alloc const&) {
      throw;
    } catch (...) {
      if (!is_open() && watch.has_passed()) throw failure::unanswered();
      translate();
    }
  }
  [[noreturn]] void translate() const {
    try {
      throw;
    } catch (pqxx::in_doubt_error const&) {
      throw failure::lost();
    } catch (pqxx::broken_connection const&) {
      throw failure::lost();
    } catch (pqxx::deadlock_detected const&) {  // in 6.4 these are no sql_error
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
    // The server ends sessions with a code of class 57, and says so before it closes.
    return is_open() || !code.empty() ? failure::of(code) : failure::lost();
  }

  std::unique_ptr<pqxx::connection> connection_;
  fapilog::detail::socket_deadline const& deadline_;
  std::chrono::milliseconds longest_;
  std::uint32_t fork_;
};

}  // namespace fapilog::inline v0_1::sinks::pg
