// SPDX-License-Identifier: MIT
// The sink for PostgreSQL: every record is one row, once, whatever happens on the way.
#pragma once

#include <fapilog/detail/platform.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/sinks/postgres/columns.hpp>
#include <fapilog/sinks/postgres/conninfo.hpp>
#include <fapilog/sinks/postgres/ddl.hpp>
#include <fapilog/sinks/postgres/row_encoder.hpp>
#include <fapilog/sinks/postgres/session.hpp>
#include <fapilog/sinks/postgres/table_check.hpp>
#include <fapilog/sinks/postgres_config.hpp>
#include <fapilog/sinks/sink.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::sinks {

/// What the sink did so far. Thread: any may read.
struct postgres_counts {
  counter rows;        ///< new in the table
  counter duplicates;  ///< were there already: an acknowledgement was lost
  counter rejected;    ///< refused by the server, set aside
  counter statements;
  counter connections;
};

/// Writes each batch by one prepared `INSERT ... SELECT FROM unnest(...) ON CONFLICT DO NOTHING`: one round trip, one
/// transaction, the right to INSERT. The key is the record's `message_id`, so what is sent again after a lost
/// acknowledgement is there once.
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

  explicit postgres(postgres_config config = {})
      : config_(checked(std::move(config))),
        rows_(pg::columns_of(config_), config_.include_raw_json),
        counts_(std::make_unique<postgres_counts>()),
        most_rows_(config_.batch_size) {}

  [[nodiscard]] bool needs_json() const noexcept { return config_.include_raw_json; }
  [[nodiscard]] static std::string_view name() noexcept { return "postgres"; }
  [[nodiscard]] postgres_counts const& counts() const noexcept { return *counts_; }

  /// Connects and looks at the table; what does not work yet is tried again with the first batch.
  void start(start_context const& context) {
    context_.emplace(context);
    if (config_.create_table && !context.allow_ddl()) {
      context.report("postgres: `create_table` is true, but the preset forbids DDL: none is run",
                     "make the table " + pg::table_of(config_) +
                         " by a migration (postgres_ddl prints it) and set `create_table` to false");
    }
    try {
      make_ready();
    } catch (pg::failure const& failed) {
      note(failed);
    }
  }

  write_result write(batch const& entries) {
    std::size_t at = 0;
    std::vector<std::size_t> bad;
    std::map<std::string, std::size_t> reasons;
    try {
      make_ready();
      while (at < entries.size()) {
        std::size_t const last = std::min<std::size_t>(entries.size(), at + most_rows_);
        std::size_t end = last;
        try {
          insert(entries, at, last, end);
          most_rows_ = std::min<std::size_t>(most_rows_ * 2, config_.batch_size);
        } catch (pg::failure const& failed) {
          if (!is_poison(failed)) throw;
          isolate(entries, at, end, bad, reasons);
        }
        at = end;
      }
    } catch (pg::failure& failed) {
      note(failed);
      if (failed.action == pg::action::wait && session_) failed = what_is_missing(failed);
      // Those that were set aside are offered again, too: delivery knows of none before the batch has ended.
      return write_result::retry("postgres: " + failed.text, bad.empty() ? at : std::min(at, bad.front()),
                                 pause_after(failed));
    }
    note_success(entries);
    if (bad.empty()) return write_result::delivered();
    counts_->rejected.add(bad.size());
    std::string why = "postgres: " + std::to_string(bad.size()) + " refused:";
    for (auto const& [reason, count] : reasons) why += ' ' + std::to_string(count) + " x " + reason;
    return write_result::rejected(std::move(bad), std::move(why));
  }

  void stop() { session_.reset(); }

  void collect(metric_list& all) const {
    auto const add = [&all](std::string_view what, std::string_view help, counter const& count) {
      all.push_back({.name = "fapilog_postgres_" + std::string{what} + "_total",
                     .help = std::string{help},
                     .value = static_cast<double>(count.value())});
    };
    add("rows", "Rows that are new in the table.", counts_->rows);
    add("duplicates", "Rows that were there already, as an acknowledgement was lost.", counts_->duplicates);
    add("rejected", "Records that the server refused.", counts_->rejected);
    add("statements", "Statements that were sent.", counts_->statements);
    add("connections", "Connections that were made.", counts_->connections);
  }

  [[nodiscard]] sink_health health() const {
    std::string const table = pg::table_of(config_);
    if (!last_error_.empty())
      return {false, (session_ ? "connected, " : "not connected, ") + table + ": " + last_error_};
    if (!session_ || !is_checked_) return {false, "not connected, " + table};
    std::string text = "connected, " + table;
    if (has_other_key_) text += ", records that repeat another unique key of the table are left out";
    if (!is_unique_) text += ", at least once: the table has no unique key on id, or id and timestamp";
    if (lag_ms_) text += ", last row " + std::to_string(*lag_ms_) + " ms after its call";
    return {true, std::move(text)};
  }

 private:
  using clock = std::chrono::steady_clock;

  static postgres_config checked(postgres_config config) {
    pg::check(config);
    return config;
  }

  [[nodiscard]] bool may_run_ddl() const noexcept {
    return config_.create_table && context_ && context_->allow_ddl();
  }

  void make_ready() {
    if (session_ && (session_->is_inherited() || !session_->is_open())) forget_session();
    if (!session_) connect();
    if (!is_checked_) look_at_table();
  }

  void forget_session() {
    session_.reset();
    is_checked_ = is_prepared_ = false;
  }

  /// An attempt that took long is not repeated before as much time has passed: batches that wait for it are told at once.
  void connect() {
    auto const begin = clock::now();
    if (begin < next_connect_) throw pg::failure{pg::action::reconnect, "", last_error_};
    try {
      auto made = std::make_unique<pg::session>(pg::conninfo_of(config_));
      auto const set = [](std::string_view setting, std::chrono::milliseconds to) {
        return "set_config('" + std::string{setting} + "', '" + std::to_string(to.count()) + "', false)";
      };
      (void)made->query("SELECT " + set("statement_timeout", config_.statement_timeout) + ", " +
                        set("lock_timeout", config_.lock_timeout) + ", " +
                        set("idle_in_transaction_session_timeout", config_.statement_timeout) + ", " +
                        set("tcp_user_timeout", config_.tcp_user_timeout));
      session_ = std::move(made);
      counts_->connections.add();
    } catch (pg::failure const&) {
      auto const end = clock::now();
      next_connect_ = end + std::min<clock::duration>(end - begin, std::chrono::seconds{5});
      throw;
    }
  }

  void look_at_table() {
    pg::table_state state = pg::look_at_table(*session_, config_, rows_.columns());
    if (!state.exists && may_run_ddl()) {
      try {
        pg::make_table(*session_, config_, state);
      } catch (pg::failure& failed) {
        failed.text = "the table could not be created: " + failed.text;
        tell(failed.text, state.remedy);
        throw;
      }
      state = pg::look_at_table(*session_, config_, rows_.columns());
    }
    if (!state.problem.empty()) {
      tell(state.problem, state.remedy);
      throw pg::failure{pg::action::wait, "", state.problem};
    }
    is_unique_ = state.is_unique;
    has_other_key_ = state.has_other_key;
    may_lack_partition_ = state.may_lack_partition;
    if (!is_prepared_) session_->prepare(statement());
    is_checked_ = is_prepared_ = true;
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

  [[nodiscard]] std::string statement() const {
    std::string names;
    std::string values;
    for (pg::column const& c : rows_.columns()) {
      names += (names.empty() ? "" : ", ") + pg::quoted_name(c.name);
      values += (values.empty() ? "$" : ", $") + std::to_string(&c - rows_.columns().data() + 1) +
                "::" + std::string{pg::facts_of(c.type).sql} + "[]";
    }
    return "INSERT INTO " + pg::table_of(config_) + " (" + names + ") SELECT * FROM unnest(" + values +
           ") ON CONFLICT DO NOTHING";
  }

  /// The rows up to `last`, or as many as fit a statement; `end` is set before it is sent.
  void insert(batch const& entries, std::size_t first, std::size_t last, std::size_t& end,
              bool with_care = false) {
    end = rows_.encode(entries, first, last, config_.batch_bytes, with_care);
    counts_->statements.add();
    try {
      std::uint64_t const made = session_->insert(rows_.arrays());
      counts_->rows.add(made);
      counts_->duplicates.add(end - first - std::min<std::uint64_t>(made, end - first));
    } catch (pg::failure& failed) {
      if (failed.code == "23514" && may_lack_partition_) {
        failed.action = pg::action::wait;
        failed.text = "no partition of the table takes the record's time";
        tell(failed.text, postgres_partitions(config_));
      }
      throw;
    }
  }

  /// What nobody knows may pass; what stays is the record's fault.
  [[nodiscard]] bool is_poison(pg::failure const& failed) {
    constexpr unsigned most = 5;
    if (failed.action == pg::action::unknown) return ++strange_ > most;
    return failed.action == pg::action::reject;
  }

  /// The rows were refused together: halves of them are not, or are single ones. These are tried once more, with care.
  void isolate(batch const& entries, std::size_t first, std::size_t last, std::vector<std::size_t>& bad,
               std::map<std::string, std::size_t>& reasons) {
    bool const is_single = last - first == 1;
    std::size_t const middle = first + (last - first) / 2;
    for (auto const& [from, to] : {std::pair{first, middle}, std::pair{middle, last}}) {
      for (std::size_t at = from, end = to; at < to; at = end) {
        try {
          insert(entries, at, to, end, is_single);
        } catch (pg::failure const& failed) {
          if (!is_poison(failed)) throw;
          if (!is_single) {
            isolate(entries, at, end, bad, reasons);
          } else {
            bad.push_back(at);
            ++reasons[failed.text];
          }
        }
      }
    }
  }

  /// Once for each cause, until it is gone.
  void tell(std::string const& what, std::string const& remedy) {
    if (!context_ || told_ == what) return;
    told_ = what;
    context_->report("postgres: " + what + "; records wait", remedy.empty() ? "" : "run: " + remedy);
  }

  static std::chrono::milliseconds pause_after(pg::failure const& failed) noexcept {
    return std::chrono::milliseconds{failed.action == pg::action::wait ? 1'000 : 0};
  }

  void note(pg::failure const& failed) {
    last_error_ = failed.text;
    switch (failed.action) {
      case pg::action::reconnect: return forget_session();
      case pg::action::wait: is_checked_ = false; break;
      case pg::action::halve: most_rows_ = std::max<std::size_t>(1, most_rows_ / 2); break;
      case pg::action::retry:
      case pg::action::reject:
      case pg::action::unknown: break;
    }
    if (session_ && !session_->is_open()) forget_session();
  }

  void note_success(batch const& entries) {
    last_error_.clear();
    strange_ = 0;
    if (entries.empty()) return;
    constexpr std::int64_t ns_of_ms = 1'000'000;
    lag_ms_ = (fapilog::detail::wall_clock_ns() - entries[entries.size() - 1].event.unix_ns) / ns_of_ms;
  }

  postgres_config config_;
  pg::row_encoder rows_;
  std::unique_ptr<postgres_counts> counts_;
  std::optional<start_context> context_;
  std::unique_ptr<pg::session> session_;
  bool is_checked_ = false;
  bool is_prepared_ = false;
  bool is_unique_ = true;
  bool has_other_key_ = false;
  bool may_lack_partition_ = false;
  unsigned strange_ = 0;  ///< failures in a row that no rule knows
  std::size_t most_rows_;
  clock::time_point next_connect_{};
  std::string last_error_;
  std::string told_;
  std::optional<std::int64_t> lag_ms_;
};

}  // namespace fapilog::sinks
