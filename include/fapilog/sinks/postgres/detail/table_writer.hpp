// SPDX-License-Identifier: MIT
// The work of the Postgres sink: checks the table, divides batches among connections, reports what is wrong.
#pragma once

#include <fapilog/detail/os/platform.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/detail/recent_rejections.hpp>
#include <fapilog/sinks/postgres/config.hpp>
#include <fapilog/sinks/postgres/counts.hpp>
#include <fapilog/sinks/postgres/detail/connection.hpp>
#include <fapilog/sinks/postgres/detail/sqlstate.hpp>
#include <fapilog/sinks/postgres/detail/table_check.hpp>
#include <fapilog/sinks/sink.hpp>

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

/// Thread: one at a time. Throws: std::bad_alloc. The constructor throws std::invalid_argument for invalid settings.
class table_writer {
 public:
  explicit table_writer(postgres_config config) : shared_(std::move(config)) {
    for (std::uint32_t i = 0; i < shared_.config.connections; ++i)
      connections_.push_back(std::make_unique<connection>(shared_));
  }

  [[nodiscard]] postgres_config const& config() const noexcept { return shared_.config; }
  [[nodiscard]] sinks::postgres_counts const& counts() const noexcept { return shared_.counts; }

  [[gnu::cold]] void start(start_context const& context) {
    context_.emplace(context);
    shared_.deadline.reset_expiry();
    may_change_schema_ = may_change_schema_ && context.may_change_schema();
    if (config().create_table && !may_change_schema_) {
      context.report(
          context.may_change_schema()
              ? "postgres: `create_table` is true, but another runtime of this sink forbids DDL: none is run"
              : "postgres: `create_table` is true, but the preset forbids DDL: none is run",
          concat({"create the table ", shared_.table,
                  " by a migration (postgres_ddl prints it) and set `create_table` to false"}));
    }
    try {
      ensure_ready();
    } catch (failure const& failed) {
      record_failure(failed);
    }
  }

  /// Writes end soon, until the next start: a statement that waits for its response is abandoned. Thread: any.
  void cancel() noexcept { shared_.deadline.expire_all(); }

  write_result write(batch const& entries) {
    if (shared_.deadline.all_expired()) return write_result::retry("the time of the drain has run out", 0);
    try {
      ensure_ready();
    } catch (failure const& failed) {
      record_failure(failed);
      return retry_after(failed, 0);
    }
    shared_.may_repeat = std::exchange(last_write_failed_, true);
    std::uint64_t const left_out = shared_.left_out.value();
    std::vector<share> shares = write_shares(entries);
    write_with_new_limits(entries, shares);
    std::vector<std::size_t> refused;
    refusal_counts reasons;
    for (share& s : shares) {
      refused.insert(refused.end(), s.refused.begin(), s.refused.end());
      for (auto const& [reason, count] : s.reasons) add_refusal(reasons, reason, count);
      if (!s.last_reason.empty()) rejections_.set_last_reason(std::move(s.last_reason));
      if (!s.failed) continue;
      record_failure(*s.failed);
      if (s.failed->action == action::wait) s.failed = diagnose(*s.failed);
      if (s.failed->is_unconfirmed) {
        last_write_failed_ = false;  // with ON CONFLICT, the next count would prove nothing
        is_checked_ = false;         // a trigger may be new
      }
      // Refused records are written again, too: the sink reports them to the delivery only once the whole batch is
      // finished.
      return retry_after(*s.failed, refused.empty() ? s.done : (std::min)(s.done, refused.front()));
    }
    last_write_failed_ = false;
    record_success(entries);
    rejections_.add(entries.size(), refused.size());
    if (shared_.left_out.value() != left_out) check_limits_again();
    if (refused.empty()) return write_result::delivered();
    return reject(std::move(refused), reasons);
  }

  [[gnu::cold]] void stop() {
    for (auto const& each : connections_) {
      each->thread.finish();
      each->disconnect();
    }
  }

  [[gnu::cold]] void collect(metric_list& all) const {
    auto const add = [&all](std::string_view name, std::string_view help, counter const& count) {
      all.push_back({.name = std::string{name},
                     .help = std::string{help},
                     .value = static_cast<double>(count.value())});
    };
    auto const& counts = shared_.counts;
    add("fapilog_postgres_rows_total", "Rows that are new in the table.", counts.rows);
    add("fapilog_postgres_duplicates_total",
        "Rows that were already stored because an acknowledgement was lost.", counts.duplicates);
    add("fapilog_postgres_rejected_total", "Records that the server refused.", counts.rejected);
    add("fapilog_postgres_values_left_out_total",
        "Values that do not fit their columns and are only in `event`.", shared_.left_out);
    add("fapilog_postgres_statements_total", "Statements sent.", counts.statements);
    add("fapilog_postgres_connections_total", "Connections opened.", counts.connections);
  }

  [[nodiscard, gnu::cold]] sink_health health() const {
    std::string const& table = shared_.table;
    bool const is_connected = connections_.front()->is_connected();
    if (!last_error_.empty())
      return {false, concat({is_connected ? "connected, " : "not connected, ", table, ": ", last_error_})};
    if (!is_connected || !is_checked_) return {false, "not connected, " + table};
    std::string text = "connected, " + table;
    if (has_other_key_) text += ", records that repeat another unique key of the table are left out";
    if (shared_.may_leave_out_rows) text += ", a trigger or rule decides which records are stored";
    if (!is_unique_) text += ", at least once: the table has no unique key on id, or id and timestamp";
    if (!connection_error_.empty()) {
      append(text, {", not on all of its ", std::to_string(connections_.size()),
                    " connections: ", connection_error_});
    }
    if (std::string const rejected = rejections_.description(); !rejected.empty())
      append(text, {", ", rejected});
    if (std::uint64_t const count = shared_.left_out.value(); count != 0)
      append(text,
             {", ", std::to_string(count), " values did not fit their columns and are only in `event`"});
    if (!left_out_.empty()) append(text, {", ", left_out_});
    if (!pooler_notice_.empty()) append(text, {", ", pooler_notice_});
    if (lag_ms_) append(text, {", last row ", std::to_string(*lag_ms_), " ms after its call"});
    return {!rejections_.are_many() && left_out_.empty(), std::move(text)};
  }

 private:
  using clock = std::chrono::steady_clock;

  void ensure_ready() {
    shared_.deadline.start();
    connection& first = *connections_.front();
    if (first.connect()) is_checked_ = false;
    if (!is_checked_) check_table(first.current_session());
  }

  [[gnu::cold]] void check_table(session& db) {
    table_state state = inspect_table(db, config(), shared_.columns);
    if (!state.exists && config().create_table && context_ && may_change_schema_) {
      try {
        create_missing_table(db, config(), state);
      } catch (failure& failed) {
        failed.message = "the table could not be created: " + failed.message;
        failed.remedy = state.remedy;
        throw;
      }
      state = inspect_table(db, config(), shared_.columns);
    }
    if (!state.problem.empty()) throw failure{action::wait, "", state.problem, state.remedy};
    report_notice(state);
    shared_.set_limits(std::move(state.limits));
    left_out_ = std::move(state.left_out);
    report_pooler();
    checked_at_ = clock::now();
    is_unique_ = state.is_unique;
    has_other_key_ = state.has_other_key;
    shared_.may_lack_partition = state.may_lack_partition;
    shared_.may_leave_out_rows = state.may_leave_out_rows;
    is_checked_ = true;
    last_report_.clear();
  }

  [[gnu::cold]] void report_notice(table_state const& state) {
    if (state.notice == last_notice_) return;
    last_notice_ = state.notice;
    if (!context_ || last_notice_.empty()) return;
    context_->report(concat({"postgres: ", shared_.table, ": ", state.notice}),
                     state.notice_remedy.empty() ? "" : "to change that, run: " + state.notice_remedy);
  }

  /// Reports once that there is another connection pool than the setting says.
  void report_pooler() {
    connection& first = *connections_.front();
    if (!first.is_connected() || first.current_session().contradiction() == pooler_notice_) return;
    pooler_notice_ = first.current_session().contradiction();
    if (context_ && !pooler_notice_.empty()) context_->report(concat({"postgres: ", pooler_notice_}), "");
  }

  /// Writes the rest of the shares that stopped because a column holds fewer characters than when the table was checked.
  void write_with_new_limits(batch const& entries, std::vector<share>& shares) {
    for (share& s : shares) {
      if (!s.failed || s.failed->action != action::read_limits) continue;
      try {
        if (!std::exchange(shared_.limits_are_new, true)) is_checked_ = false;
        ensure_ready();
        s.failed.reset();
        s.first = s.done;
        connections_.front()->write(entries, s);
      } catch (failure& failed) {
        s.failed = std::move(failed);
      }
    }
    shared_.limits_are_new = false;
  }
  /// Values are left out: notices within a second if a column can hold them now.
  [[gnu::cold]] void check_limits_again() {
    if (clock::now() - checked_at_ > std::chrono::seconds{1}) is_checked_ = false;
  }

  /// A more precise description than the server's code gives, from a check of the table.
  [[gnu::cold]] failure diagnose(failure const& failed) {
    try {
      ensure_ready();
    } catch (failure const& precise) {
      record_failure(precise);
      return precise;
    }
    return failed;
  }

  /// Divides a large batch among the connections. The first connection writes the shares of those that cannot be opened.
  std::vector<share> write_shares(batch const& entries) {
    constexpr std::size_t min_share = 100;  // a smaller share costs the server more than it saves
    std::size_t const count = std::clamp<std::size_t>(entries.size() / min_share, 1, connections_.size());
    std::vector<share> shares(count);
    for (std::size_t i = 0; i < count; ++i)
      shares[i] = make_share(entries.size() * i / count, entries.size() * (i + 1) / count);
    for (std::size_t i = 1; i < count; ++i) {
      if (!connections_[i]->post_write(entries, shares[i]))
        shares[i].failed = failure{action::retry, "", "a thread could not be started"};
    }
    connections_.front()->write(entries, shares.front());
    for (std::size_t i = 1; i < count; ++i) connections_[i]->thread.wait();
    close_idle(count);
    connection_error_.clear();
    for (std::size_t i = 1; i < count; ++i) {
      if (!shares[i].failed || shares[i].was_connected) continue;
      connection_error_ = shares[i].failed->message;
      if (shares.front().failed) continue;
      shares[i] = make_share(shares[i].first, shares[i].last);
      connections_.front()->write(entries, shares[i]);
    }
    return shares;
  }

  static share make_share(std::size_t first, std::size_t last) {
    return {.first = first, .last = last, .done = first};
  }

  /// Closes connections from index `first_idle` on that have been idle for too long.
  void close_idle(std::size_t first_idle) {
    auto const now = clock::now();
    for (std::size_t i = 1; i < connections_.size(); ++i) {
      connection& each = *connections_[i];
      if (i < first_idle) {
        each.last_used = now;
      } else if (each.is_connected() && now - each.last_used > config().connection_idle_timeout) {
        each.thread.finish();
        each.disconnect();
      }
    }
  }

  [[gnu::cold]] static write_result retry_after(failure const& failed, std::size_t first) {
    return write_result::retry("postgres: " + failed.message, first,
                               std::chrono::milliseconds{failed.action == action::wait ? 1'000 : 0});
  }

  [[gnu::cold]] write_result reject(std::vector<std::size_t> refused, refusal_counts const& reasons) {
    shared_.counts.rejected.add(refused.size());
    std::string why = concat({"postgres: ", std::to_string(refused.size()), " refused:"});
    for (auto const& [reason, count] : reasons) append(why, {" ", std::to_string(count), " x ", reason});
    return write_result::rejected(std::move(refused), std::move(why));
  }

  /// Reports each cause that needs an operator once, until it is gone.
  [[gnu::cold]] void record_failure(failure const& failed) {
    last_error_ = failed.message;
    if (failed.action == action::wait) is_checked_ = false;
    if (!failed.remedy || !context_ || last_report_ == failed.message) return;
    last_report_ = failed.message;
    context_->report(concat({"postgres: ", failed.message, "; records wait"}),
                     failed.remedy->empty() ? "" : "run: " + *failed.remedy);
  }

  void record_success(batch const& entries) {
    last_error_.clear();
    shared_.unknown_failures.set(0);
    report_pooler();
    if (entries.empty()) return;
    constexpr std::int64_t ns_per_ms = 1'000'000;
    lag_ms_ = (wall_clock_ns() - entries[entries.size() - 1].event.unix_ns) / ns_per_ms;
  }

  shared_state shared_;
  std::vector<std::unique_ptr<connection>> connections_;
  std::optional<start_context> context_;
  bool may_change_schema_ = true;  ///< false for good once a runtime has denied it
  bool is_checked_ = false;
  clock::time_point checked_at_{};
  bool last_write_failed_ = false;
  bool is_unique_ = true;
  bool has_other_key_ = false;
  std::string last_error_;
  std::string left_out_;            ///< which columns are not written
  std::string_view pooler_notice_;  ///< what contradicts the setting `pooler`
  std::string connection_error_;    ///< why additional connections are not open
  std::string last_report_;
  std::string last_notice_;
  recent_rejections rejections_;
  std::optional<std::int64_t> lag_ms_;
};

}  // namespace fapilog::inline v0_1::detail::pg
