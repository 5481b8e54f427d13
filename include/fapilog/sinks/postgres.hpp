// SPDX-License-Identifier: MIT
// The sink for PostgreSQL: every record is one row, once, whatever happens on the way.
#pragma once

#include <fapilog/detail/os/background_task.hpp>
#include <fapilog/detail/os/platform.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/sinks/postgres/config.hpp>
#include <fapilog/sinks/postgres/detail/sqlstate.hpp>
#include <fapilog/sinks/postgres/detail/table_check.hpp>
#include <fapilog/sinks/postgres/detail/writer.hpp>
#include <fapilog/sinks/sink.hpp>

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

/// Writes each batch by one prepared `INSERT ... SELECT FROM unnest(...)`: one round trip, one transaction, the right to
/// INSERT. The key is the record's `message_id`: what is sent again after a lost acknowledgement, with `ON CONFLICT DO
/// NOTHING`, is there once. Large batches are divided among `connections`.
///
/// WARNING: with `create_table`, which is on by default, the sink runs DDL where its table is missing: `CREATE SCHEMA`,
/// `CREATE TABLE`, `CREATE INDEX`. The presets `production` and `hardened` forbid that, and nothing can allow it under
/// them; the table then has to be made by a migration (`postgres_ddl`).
///
/// Where the server is down, the table missing or the role refused, records wait as their delivery says (queue, spool,
/// fallback) and go on by themselves when the cause is gone. A record that the server refuses is found by halving its
/// batch and rejected alone. No message has a password or a record's content.
/// Thread: one at a time. Throws: std::bad_alloc; the constructor std::invalid_argument where the configuration is wrong.
class postgres {
 public:
  static constexpr bool may_block = true;

  explicit postgres(postgres_config config = {}) : common_(std::make_unique<pg::common>(std::move(config))) {
    for (std::uint32_t i = 0; i < common_->config.connections; ++i)
      lanes_.push_back(std::make_unique<lane>(*common_));
  }

  [[nodiscard]] bool needs_json() const noexcept { return common_->config.include_raw_json; }
  [[nodiscard]] std::size_t batch_size() const noexcept {
    return std::size_t{common_->config.batch_size} * common_->config.connections;
  }
  [[nodiscard]] static std::string_view name() noexcept { return "postgres"; }
  [[nodiscard]] postgres_counts const& counts() const noexcept { return common_->counts; }

  /// Connects and looks at the table; what does not work yet is tried again with the first batch.
  void start(start_context const& context) {
    context_.emplace(context);
    if (common_->config.create_table && !context.may_change_schema()) {
      context.report("postgres: `create_table` is true, but the preset forbids DDL: none is run",
                     "make the table " + common_->table +
                         " by a migration (postgres_ddl prints it) and set `create_table` to false");
    }
    try {
      make_ready();
    } catch (pg::failure const& failed) {
      note(failed);
    }
  }

  write_result write(batch const& entries) {
    try {
      make_ready();
    } catch (pg::failure const& failed) {
      note(failed);
      return write_result::retry("postgres: " + failed.text, 0, pause_after(failed));
    }
    common_->may_repeat = std::exchange(has_failed_, true);
    std::vector<std::size_t> refused;
    std::map<std::string, std::size_t> reasons;
    for (pg::share& s : write_shares(entries)) {
      refused.insert(refused.end(), s.refused.begin(), s.refused.end());
      for (auto const& [reason, count] : s.reasons) reasons[reason] += count;
      if (!s.failed) continue;
      note(*s.failed);
      if (s.failed->action == pg::action::wait) s.failed = what_is_missing(*s.failed);
      // Those that were set aside are offered again, too: delivery knows of none before the batch has ended.
      return write_result::retry("postgres: " + s.failed->text,
                                 refused.empty() ? s.done : std::min(s.done, refused.front()),
                                 pause_after(*s.failed));
    }
    has_failed_ = false;
    note_success(entries);
    if (refused.empty()) return write_result::delivered();
    common_->counts.rejected.add(refused.size());
    std::string why = "postgres: " + std::to_string(refused.size()) + " refused:";
    for (auto const& [reason, count] : reasons) why += ' ' + std::to_string(count) + " x " + reason;
    return write_result::rejected(std::move(refused), std::move(why));
  }

  void stop() {
    for (auto const& each : lanes_) {
      each->thread.finish();
      each->writer.disconnect();
    }
  }

  void collect(metric_list& all) const {
    auto const add = [&all](std::string_view what, std::string_view help, counter const& count) {
      all.push_back({.name = "fapilog_postgres_" + std::string{what} + "_total",
                     .help = std::string{help},
                     .value = static_cast<double>(count.value())});
    };
    add("rows", "Rows that are new in the table.", common_->counts.rows);
    add("duplicates", "Rows that were there already, as an acknowledgement was lost.",
        common_->counts.duplicates);
    add("rejected", "Records that the server refused.", common_->counts.rejected);
    add("statements", "Statements that were sent.", common_->counts.statements);
    add("connections", "Connections that were made.", common_->counts.connections);
  }

  [[nodiscard]] sink_health health() const {
    std::string const& table = common_->table;
    bool const is_connected = lanes_.front()->writer.is_connected();
    if (!last_error_.empty())
      return {false, (is_connected ? "connected, " : "not connected, ") + table + ": " + last_error_};
    if (!is_connected || !is_checked_) return {false, "not connected, " + table};
    std::string text = "connected, " + table;
    if (has_other_key_) text += ", records that repeat another unique key of the table are left out";
    if (!is_unique_) text += ", at least once: the table has no unique key on id, or id and timestamp";
    if (!further_error_.empty())
      text += ", not on all of its " + std::to_string(lanes_.size()) + " connections: " + further_error_;
    if (lag_ms_) text += ", last row " + std::to_string(*lag_ms_) + " ms after its call";
    return {true, std::move(text)};
  }

 private:
  /// A connection; the first one works on the sink's own thread, each other on one more.
  struct lane {
    explicit lane(pg::common& with) : writer(with) {}
    pg::writer writer;
    std::chrono::steady_clock::time_point used{};
    fapilog::detail::background_task thread{"fapilog-pg"};
  };

  void make_ready() {
    common_->deadline.start();
    pg::writer& first = lanes_.front()->writer;
    if (first.connect()) is_checked_ = false;
    if (!is_checked_) look_at_table(first.session());
  }

  void look_at_table(pg::session& db) {
    auto const& config = common_->config;
    pg::table_state state = pg::look_at_table(db, config, common_->columns);
    if (!state.exists && config.create_table && context_ && context_->may_change_schema()) {
      try {
        pg::make_table(db, config, state);
      } catch (pg::failure& failed) {
        failed.text = "the table could not be created: " + failed.text;
        failed.remedy = state.remedy;
        throw;
      }
      state = pg::look_at_table(db, config, common_->columns);
    }
    if (!state.problem.empty()) throw pg::failure{pg::action::wait, "", state.problem, state.remedy};
    is_unique_ = state.is_unique;
    has_other_key_ = state.has_other_key;
    common_->may_lack_partition = state.may_lack_partition;
    is_checked_ = true;
    told_.clear();
  }

  /// More exactly than the server's code says it.
  pg::failure what_is_missing(pg::failure const& failed) {
    try {
      make_ready();
    } catch (pg::failure const& exact) {
      note(exact);
      return exact;
    }
    return failed;
  }

  /// A large batch is divided among the connections. A share whose connection could not be had is written by the first.
  std::vector<pg::share> write_shares(batch const& entries) {
    constexpr std::size_t least_share = 100;  // a smaller one costs the server more than it saves
    std::size_t const count = std::clamp<std::size_t>(entries.size() / least_share, 1, lanes_.size());
    std::vector<pg::share> shares(count);
    for (std::size_t i = 0; i < count; ++i)
      shares[i] = share_of(entries.size() * i / count, entries.size() * (i + 1) / count);
    for (std::size_t i = 1; i < count; ++i) {
      bool const is_on_its_way =
          lanes_[i]->thread.post([&writer = lanes_[i]->writer, &entries, &s = shares[i]] {
            try {
              writer.connect(std::chrono::seconds{10});
              writer.write(entries, s);
            } catch (pg::failure& failed) {
              s.failed = std::move(failed);
            } catch (std::exception const&) {
              s.failed = pg::failure{pg::action::retry, "", "out of memory"};
            }
          });
      if (!is_on_its_way) shares[i].failed = pg::failure{pg::action::retry, "", "a thread could not be made"};
    }
    lanes_.front()->writer.write(entries, shares.front());
    for (std::size_t i = 1; i < count; ++i) lanes_[i]->thread.wait();
    close_idle(count);
    further_error_.clear();
    for (std::size_t i = 1; i < count; ++i) {
      if (!shares[i].failed || shares[i].was_connected) continue;
      further_error_ = shares[i].failed->text;
      if (shares.front().failed) continue;
      shares[i] = share_of(shares[i].first, shares[i].last);
      lanes_.front()->writer.write(entries, shares[i]);
    }
    return shares;
  }

  /// The lanes from this one on were not needed now.
  void close_idle(std::size_t first) {
    auto const now = std::chrono::steady_clock::now();
    for (std::size_t i = 1; i < lanes_.size(); ++i) {
      if (i < first) {
        lanes_[i]->used = now;
      } else if (lanes_[i]->writer.is_connected() &&
                 now - lanes_[i]->used > common_->config.connection_idle_timeout) {
        lanes_[i]->thread.finish();
        lanes_[i]->writer.disconnect();
      }
    }
  }

  static pg::share share_of(std::size_t first, std::size_t last) {
    return {.first = first, .last = last, .done = first};
  }

  static std::chrono::milliseconds pause_after(pg::failure const& failed) noexcept {
    return std::chrono::milliseconds{failed.action == pg::action::wait ? 1'000 : 0};
  }

  /// What needs somebody's hand is told once for each cause, until it is gone.
  void note(pg::failure const& failed) {
    last_error_ = failed.text;
    if (failed.action == pg::action::wait) is_checked_ = false;
    if (!failed.remedy || !context_ || told_ == failed.text) return;
    told_ = failed.text;
    context_->report("postgres: " + failed.text + "; records wait",
                     failed.remedy->empty() ? "" : "run: " + *failed.remedy);
  }

  void note_success(batch const& entries) {
    last_error_.clear();
    common_->strange.set(0);
    if (entries.empty()) return;
    constexpr std::int64_t ns_of_ms = 1'000'000;
    lag_ms_ = (fapilog::detail::wall_clock_ns() - entries[entries.size() - 1].event.unix_ns) / ns_of_ms;
  }

  std::unique_ptr<pg::common> common_;
  std::vector<std::unique_ptr<lane>> lanes_;
  std::optional<start_context> context_;
  bool is_checked_ = false;
  bool has_failed_ = false;  ///< the last write
  bool is_unique_ = true;
  bool has_other_key_ = false;
  std::string last_error_;
  std::string further_error_;  ///< why not all connections are there
  std::string told_;
  std::optional<std::int64_t> lag_ms_;
};

}  // namespace fapilog::inline v0_1::sinks
