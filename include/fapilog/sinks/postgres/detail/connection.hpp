// SPDX-License-Identifier: MIT
// One connection of the Postgres sink: writes a share of a batch and isolates the records that the server refuses.
#pragma once

#include <fapilog/detail/os/background_task.hpp>
#include <fapilog/detail/os/socket_deadline.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/postgres/config.hpp>
#include <fapilog/sinks/postgres/counts.hpp>
#include <fapilog/sinks/postgres/ddl.hpp>
#include <fapilog/sinks/postgres/detail/column_limit.hpp>
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
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail::pg {

/// `INSERT ... SELECT FROM unnest(...)` with one array per column that is not left out: one statement for any number of rows.
[[nodiscard, gnu::cold]] inline std::string insert_statement(std::string const& table,
                                                             std::vector<column> const& columns,
                                                             table_limits const& limits = no_limits) {
  std::string names;
  std::string values;
  int number = 0;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (limits.of(i).is_left_out) continue;
    append(names, {names.empty() ? "" : ", ", quoted_name(columns[i].name)});
    append(values, {values.empty() ? "$" : ", $", std::to_string(++number),
                    "::", info_of(columns[i].type).sql, "[]"});
  }
  return concat({"INSERT INTO ", table, " (", names, ") SELECT * FROM unnest(", values, ")"});
}

/// State that the connections of one sink share. Throws: std::invalid_argument for invalid settings.
struct shared_state {
  explicit shared_state(postgres_config given)
      : config(validated(std::move(given))), columns(columns_of(config)), table(table_of(config)) {
    set_limits({});
  }

  /// What the table accepts. Only while no connection writes.
  [[gnu::cold]] void set_limits(table_limits found) {
    limits = std::move(found);
    insert = insert_statement(table, columns, limits);
    insert_new = insert + " ON CONFLICT DO NOTHING";
  }

  static postgres_config validated(postgres_config config) {
    validate(config);
    return config;
  }

  postgres_config const config;
  std::vector<column> const columns;
  std::string const table;
  std::string insert;
  std::string insert_new;  ///< leaves out rows whose key is already in the table
  sinks::postgres_counts counts;
  counter unknown_failures;  ///< consecutive failures that no rule covers
  counter left_out;          ///< values that do not fit their columns and are only in `event`
  // Changed only while no connection writes.
  table_limits limits;
  bool limits_are_new = false;  ///< they were read for the current batch
  bool may_lack_partition = false;
  bool may_leave_out_rows = false;
  bool may_repeat = false;  ///< the previous write failed: entries may be stored already
  socket_deadline deadline;
};

/// How many records were refused for each reason, in the order of the reasons.
using refusal_counts = std::vector<std::pair<std::string, std::size_t>>;

[[gnu::cold]] inline void add_refusal(refusal_counts& counts, std::string const& reason, std::size_t count) {
  auto at = counts.begin();
  while (at != counts.end() && at->first < reason) ++at;
  if (at == counts.end() || at->first != reason) at = counts.insert(at, {reason, 0});
  at->second += count;
}

/// The entries [first, last) of a batch, and what happened to them.
struct share {
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t done = 0;  ///< the entries before this index are stored or refused
  std::vector<std::size_t> refused = {};
  refusal_counts reasons = {};
  std::string last_reason = {};
  std::optional<failure> failed = {};  ///< why writing stopped before `last`
  bool was_connected = false;
};

/// Thread: one at a time.
class connection {
 public:
  explicit connection(shared_state& shared)
      : shared_(shared),
        rows_(shared.columns, shared.config.include_raw_json, shared.limits),
        max_rows_(shared.config.batch_size) {}

  [[nodiscard]] bool is_connected() const noexcept { return session_ != nullptr; }
  [[nodiscard]] session& current_session() noexcept { return *session_; }

  /// Connects unless connected. Closes a connection that is broken or inherited from a parent process first. After a failed
  /// attempt, calls fail at once until as much time as it took, and `min_pause`, have passed. Returns true if the connection
  /// is new. Throws: failure, std::bad_alloc.
  [[gnu::cold]] bool connect(std::chrono::milliseconds min_pause = {}) {
    if (session_ && (session_->is_inherited() || !session_->is_open())) disconnect();
    if (session_) return false;
    auto const begin = clock::now();
    if (begin < next_attempt_) throw failure{action::reconnect, "", last_connect_error_};
    try {
      session_ = open_session();
      shared_.counts.connections.add();
      return true;
    } catch (failure const& failed) {
      auto const end = clock::now();
      next_attempt_ =
          end + (std::max<clock::duration>)((std::min<clock::duration>)(end - begin, std::chrono::seconds{5}),
                                            min_pause);
      last_connect_error_ = failed.message;
      throw;
    }
  }
  void disconnect() noexcept { session_.reset(); }

  /// Connects if necessary and writes on the thread of this connection. `entries` and `s` must stay valid until
  /// `thread.wait()` returns. Returns false if the thread cannot be started.
  bool post_write(batch const& entries, share& s) {
    return thread.post([this, &entries, &s] {
      try {
        connect(std::chrono::seconds{10});
        write(entries, s);
      } catch (failure& failed) {
        s.failed = std::move(failed);
      } catch (std::exception const&) {
        s.failed = failure{action::retry, "", "out of memory"};
      }
    });
  }

  /// Writes the entries of a share, at most `batch_size` in each transaction. Throws: std::bad_alloc.
  void write(batch const& entries, share& s) {
    s.done = s.first;
    s.was_connected = is_connected();
    try {
      if (!s.was_connected) throw failure::lost();
      skip_stored_ = shared_.may_repeat;
      while (s.done < s.last) {
        std::size_t const last = (std::min<std::size_t>)(s.last, s.done + max_rows_);
        std::size_t end = last;
        try {
          insert(entries, s.done, last, end);
          max_rows_ = (std::min<std::size_t>)(max_rows_ * 2, shared_.config.batch_size);
        } catch (failure const& failed) {
          // A column was dropped, or has got another type.
          if ((failed.code == "42703" || failed.code == "42804") && !shared_.limits_are_new)
            throw failure{action::read_limits, failed.code, failed.message};
          if (!is_caused_by_record(failed)) throw;
          if (failed.code == "22001" && !shared_.limits_are_new)
            throw failure{action::read_limits, failed.code, failed.message};
          isolate(entries, s.done, end, s);
        }
        s.done = end;
      }
    } catch (failure& failed) {
      if (failed.action == action::halve) max_rows_ = (std::max<std::size_t>)(1, max_rows_ / 2);
      if (failed.action == action::reconnect || (session_ && !session_->is_open())) disconnect();
      s.failed = std::move(failed);
    }
  }

  std::chrono::steady_clock::time_point last_used{};
  background_task thread{
      "fapilog-pg"};  ///< not used by the first connection, which writes on the sink's thread

 private:
  using clock = std::chrono::steady_clock;

  [[gnu::cold]] std::unique_ptr<session> open_session() {
    auto const& config = shared_.config;
    std::vector<std::string> settings;
    auto const set = [&settings](std::string_view setting, std::chrono::milliseconds value) {
      settings.push_back(concat({setting, " = ", std::to_string(value.count())}));
    };
    set("statement_timeout", config.statement_timeout);
    set("lock_timeout", config.lock_timeout);
    set("idle_in_transaction_session_timeout", config.statement_timeout);
    return std::make_unique<session>(conninfo_of(config), settings, shared_.deadline,
                                     config.statement_timeout + config.tcp_user_timeout, config.pooler);
  }

  /// Inserts the rows up to `last`, or as many as fit in one statement. Sets `end` before the statement is sent.
  void insert(batch const& entries, std::size_t first, std::size_t last, std::size_t& end,
              row_repair how = {}) {
    end = rows_.encode(entries, first, last, shared_.config.batch_bytes, how);
    shared_.counts.statements.add();
    try {
      std::uint64_t const sent = end - first;
      std::uint64_t const inserted = (std::min<std::uint64_t>)(insert_encoded(), sent);
      if (inserted < sent && !skip_stored_ && !shared_.may_leave_out_rows)
        throw failure::unconfirmed(inserted, sent);
      shared_.counts.rows.add(inserted);
      if (skip_stored_) shared_.counts.duplicates.add(sent - inserted);
      shared_.left_out.add(rows_.left_out());
    } catch (failure& failed) {
      if (failed.code == "23514" && shared_.may_lack_partition) {
        failed.action = action::wait;
        failed.message = "no partition of the table accepts the record's time";
        failed.remedy = sinks::postgres_partitions(shared_.config);
      }
      if (failed.action == action::unknown) shared_.unknown_failures.add();
      throw;
    }
  }

  /// Looking for the key before writing a row costs the server a fifth more, so it is done only if necessary. If a row
  /// is unexpectedly already stored, for example by an earlier process, the server refuses the whole statement, which
  /// is then sent again with that check.
  std::uint64_t insert_encoded() {
    if (!skip_stored_) {
      try {
        return execute(shared_.insert);
      } catch (failure const& failed) {
        bool const is_stored = failed.code == "23505" || failed.code == "23P01";
        if (!is_stored) throw;
        skip_stored_ = true;
        shared_.counts.statements.add();
      }
    }
    return execute(shared_.insert_new);
  }

  std::uint64_t execute(std::string const& sql) { return session_->execute(sql, rows_.arrays()); }

  /// A failure that no rule covers is retried a few times. If it persists, the record is assumed to be its cause.
  [[nodiscard, gnu::cold]] bool is_caused_by_record(failure const& failed) const {
    constexpr unsigned max_unknown = 5;
    if (failed.action != action::unknown) return failed.action == action::reject;
    return shared_.unknown_failures.value() > max_unknown;
  }

  /// Stores a refused record without the column that cannot hold its value, or without all that could be the cause.
  /// `event` has the values. Returns false if the server refuses it nevertheless.
  [[gnu::cold]] bool insert_partly(batch const& entries, std::size_t at, failure const& failed) {
    // 54: a limit of the server, such as the longest value that an index holds.
    bool const is_about_value = failed.code.starts_with("22") || failed.code.starts_with("54") ||
                                failed.code == "23503" || failed.code == "23514";
    if (!is_about_value) return false;
    std::vector<std::size_t> columns;
    for (std::size_t i = 0; i < shared_.columns.size(); ++i) {
      if (!rows_.can_leave_out(entries[at], i)) continue;
      columns.insert(i == last_left_out_ ? columns.begin() : columns.end(), i);
    }
    auto const try_without = [&](std::size_t first, std::size_t last) {
      try {
        std::size_t end = 0;
        insert(entries, at, at + 1, end, {.always = true, .null_first = first, .null_last = last});
        return true;
      } catch (failure const& again) {
        if (!is_caused_by_record(again)) throw;
        return false;
      }
    };
    for (std::size_t const i : columns) {
      last_left_out_ = i;
      if (try_without(i, i + 1)) return true;
    }
    return columns.size() > 1 && try_without(0, shared_.columns.size());
  }

  /// Halves rows that were refused together until the refused ones are alone. Those are tried again with their JSON
  /// repaired, then without columns.
  [[gnu::cold]] void isolate(batch const& entries, std::size_t first, std::size_t last, share& s) {
    bool const is_single = last - first == 1;
    std::size_t const middle = first + (last - first) / 2;
    for (auto const& [from, to] : {std::pair{first, middle}, std::pair{middle, last}}) {
      for (std::size_t at = from, end = to; at < to; at = end) {
        try {
          insert(entries, at, to, end, {.always = is_single});
        } catch (failure const& failed) {
          if (!is_caused_by_record(failed)) throw;
          if (!is_single) {
            isolate(entries, at, end, s);
          } else if (!insert_partly(entries, at, failed)) {
            s.refused.push_back(at);
            s.last_reason = failed.message;
            add_refusal(s.reasons, failed.message, 1);
          }
        }
      }
    }
  }

  shared_state& shared_;
  row_encoder rows_;
  std::unique_ptr<session> session_;
  bool skip_stored_ = false;  ///< statements leave out rows whose key is already in the table
  std::size_t max_rows_;
  std::size_t last_left_out_ = 0;  ///< the column without which the last refused record was stored
  clock::time_point next_attempt_{};
  std::string last_connect_error_;
};

}  // namespace fapilog::inline v0_1::detail::pg
