// SPDX-License-Identifier: MIT
// One connection of the Postgres sink and what is written through it: a share of a batch in, what became of it out.
#pragma once

#include <fapilog/detail/os/socket_deadline.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/postgres/config.hpp>
#include <fapilog/sinks/postgres/ddl.hpp>
#include <fapilog/sinks/postgres/detail/columns.hpp>
#include <fapilog/sinks/postgres/detail/conninfo.hpp>
#include <fapilog/sinks/postgres/detail/row_encoder.hpp>
#include <fapilog/sinks/postgres/detail/session.hpp>
#include <fapilog/sinks/postgres/detail/sqlstate.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::sinks {

/// What the sink did so far. Thread: any may read.
struct postgres_counts {
  counter rows;        ///< new in the table
  counter duplicates;  ///< were there already: an acknowledgement was lost
  counter rejected;    ///< refused by the server, set aside
  counter statements;
  counter connections;
};

namespace pg {

/// `INSERT ... SELECT FROM unnest(...)` with an array a column: one statement for any number of rows.
[[nodiscard]] inline std::string insert_statement(std::string const& table,
                                                  std::vector<column> const& columns) {
  std::string names;
  std::string values;
  for (column const& c : columns) {
    names += (names.empty() ? "" : ", ") + quoted_name(c.name);
    values += (values.empty() ? "$" : ", $") + std::to_string(&c - columns.data() + 1) +
              "::" + std::string{facts_of(c.type).sql} + "[]";
  }
  return "INSERT INTO " + table + " (" + names + ") SELECT * FROM unnest(" + values + ")";
}

/// What the connections of one sink have in common; stays where it is. Throws: std::invalid_argument where the
/// configuration is wrong.
struct common {
  explicit common(postgres_config given)
      : config(checked(std::move(given))), columns(columns_of(config)), table(table_of(config)) {}

  static postgres_config checked(postgres_config config) {
    check(config);
    return config;
  }

  postgres_config const config;
  std::vector<column> const columns;
  std::string const table;
  postgres_counts counts;
  counter strange;  ///< failures in a row that no rule knows
  // Set while nothing is written.
  bool may_lack_partition = false;
  bool may_repeat = false;  ///< what was offered before is offered again
  fapilog::detail::socket_deadline deadline;
};

/// What became of the entries [first, last) of a batch.
struct share {
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t done = 0;  ///< those before it are stored or refused
  std::vector<std::size_t> refused = {};
  std::map<std::string, std::size_t> reasons = {};
  std::optional<failure> failed = {};  ///< why it ended before `last`
  bool was_connected = false;
};

/// Thread: one at a time.
class writer {
 public:
  explicit writer(common& with)
      : common_(with),
        rows_(with.columns, with.config.include_raw_json),
        most_rows_(with.config.batch_size) {}

  [[nodiscard]] bool is_connected() const noexcept { return session_ != nullptr; }
  [[nodiscard]] pg::session& session() noexcept { return *session_; }

  /// Connects where that is needed and may be tried. A connection that died or is the parent's is let go. After an attempt
  /// as much time passes as it took, and `least_pause`, before the next: batches that wait for it are told at once.
  /// Returns true where the connection is new. Throws: failure; std::bad_alloc.
  bool connect(std::chrono::milliseconds least_pause = {}) {
    if (session_ && (session_->is_inherited() || !session_->is_open())) disconnect();
    if (session_) return false;
    auto const begin = clock::now();
    if (begin < next_connect_) throw failure{action::reconnect, "", last_connect_error_};
    auto const& config = common_.config;
    try {
      auto made = std::make_unique<pg::session>(conninfo_of(config), common_.deadline,
                                                config.statement_timeout + config.tcp_user_timeout);
      auto const set = [](std::string_view setting, std::chrono::milliseconds to) {
        return "set_config('" + std::string{setting} + "', '" + std::to_string(to.count()) + "', false)";
      };
      (void)made->query("SELECT " + set("statement_timeout", config.statement_timeout) + ", " +
                        set("lock_timeout", config.lock_timeout) + ", " +
                        set("idle_in_transaction_session_timeout", config.statement_timeout) + ", " +
                        set("tcp_user_timeout", config.tcp_user_timeout));
      session_ = std::move(made);
      common_.counts.connections.add();
      return true;
    } catch (failure const& failed) {
      auto const end = clock::now();
      next_connect_ = end + std::max<clock::duration>(
                                std::min<clock::duration>(end - begin, std::chrono::seconds{5}), least_pause);
      last_connect_error_ = failed.text;
      throw;
    }
  }
  void disconnect() noexcept {
    session_.reset();
    prepared_.clear();
  }

  /// Writes the entries of a share, a transaction for each `batch_size` of them. Throws: std::bad_alloc.
  void write(batch const& entries, share& s) {
    s.done = s.first;
    s.was_connected = is_connected();
    try {
      if (!s.was_connected) throw failure::lost();
      repeats_ = common_.may_repeat;
      while (s.done < s.last) {
        std::size_t const last = std::min<std::size_t>(s.last, s.done + most_rows_);
        std::size_t end = last;
        try {
          insert(entries, s.done, last, end);
          most_rows_ = std::min<std::size_t>(most_rows_ * 2, common_.config.batch_size);
        } catch (failure const& failed) {
          if (!is_poison(failed)) throw;
          isolate(entries, s.done, end, s);
        }
        s.done = end;
      }
    } catch (failure& failed) {
      if (failed.action == action::halve) most_rows_ = std::max<std::size_t>(1, most_rows_ / 2);
      if (failed.action == action::reconnect || (session_ && !session_->is_open())) disconnect();
      s.failed = std::move(failed);
    }
  }

 private:
  using clock = std::chrono::steady_clock;

  /// The rows up to `last`, or as many as fit a statement; `end` is set before it is sent.
  void insert(batch const& entries, std::size_t first, std::size_t last, std::size_t& end,
              bool with_care = false) {
    end = rows_.encode(entries, first, last, common_.config.batch_bytes, with_care);
    common_.counts.statements.add();
    try {
      std::uint64_t const made = insert_encoded();
      common_.counts.rows.add(made);
      common_.counts.duplicates.add(end - first - std::min<std::uint64_t>(made, end - first));
    } catch (failure& failed) {
      if (failed.code == "23514" && common_.may_lack_partition) {
        failed.action = action::wait;
        failed.text = "no partition of the table takes the record's time";
        failed.remedy = postgres_partitions(common_.config);
      }
      throw;
    }
  }

  /// A key is looked for before the row is written only where that is needed: it costs the server a fifth more. Rows that
  /// are there unexpectedly, such as those of an earlier process, refuse the statement as a whole, which is sent again.
  std::uint64_t insert_encoded() {
    if (!repeats_) {
      try {
        return execute("fapilog_insert", "");
      } catch (failure const& failed) {
        bool const is_there = failed.code == "23505" || failed.code == "23P01";
        if (!is_there) throw;
        repeats_ = true;
        common_.counts.statements.add();
      }
    }
    return execute("fapilog_insert_new", " ON CONFLICT DO NOTHING");
  }

  std::uint64_t execute(char const* name, char const* clause) {
    if (std::find(prepared_.begin(), prepared_.end(), name) == prepared_.end()) {
      session_->prepare(name, insert_statement(common_.table, common_.columns) + clause);
      prepared_.emplace_back(name);
    }
    return session_->execute(name, rows_.arrays());
  }

  /// What nobody knows may pass; what stays is the record's fault.
  [[nodiscard]] bool is_poison(failure const& failed) {
    constexpr unsigned most = 5;
    if (failed.action != action::unknown) return failed.action == action::reject;
    common_.strange.add();
    return common_.strange.value() > most;
  }

  /// The rows were refused together: halves of them are not, or are single ones. These are tried once more, with care.
  void isolate(batch const& entries, std::size_t first, std::size_t last, share& s) {
    bool const is_single = last - first == 1;
    std::size_t const middle = first + (last - first) / 2;
    for (auto const& [from, to] : {std::pair{first, middle}, std::pair{middle, last}}) {
      for (std::size_t at = from, end = to; at < to; at = end) {
        try {
          insert(entries, at, to, end, is_single);
        } catch (failure const& failed) {
          if (!is_poison(failed)) throw;
          if (!is_single) {
            isolate(entries, at, end, s);
          } else {
            s.refused.push_back(at);
            ++s.reasons[failed.text];
          }
        }
      }
    }
  }

  common& common_;
  row_encoder rows_;
  std::unique_ptr<pg::session> session_;
  std::vector<std::string> prepared_;
  bool repeats_ = false;
  std::size_t most_rows_;
  clock::time_point next_connect_{};
  std::string last_connect_error_;
};

}  // namespace pg
}  // namespace fapilog::inline v0_1::sinks
