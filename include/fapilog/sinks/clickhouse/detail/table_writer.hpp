// SPDX-License-Identifier: MIT
// The work of the ClickHouse sink: checks the table, sends blocks, and finds out about those whose responses were lost.
#pragma once

#include <fapilog/detail/text/concat.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/clickhouse/config.hpp>
#include <fapilog/sinks/clickhouse/ddl.hpp>
#include <fapilog/sinks/clickhouse/detail/columns.hpp>
#include <fapilog/sinks/clickhouse/detail/insert_format.hpp>
#include <fapilog/sinks/clickhouse/detail/record_search.hpp>
#include <fapilog/sinks/clickhouse/detail/server_query.hpp>
#include <fapilog/sinks/clickhouse/detail/table_check.hpp>
#include <fapilog/sinks/clickhouse/detail/unsure_blocks.hpp>
#include <fapilog/sinks/http/connection_config.hpp>
#include <fapilog/sinks/http/detail/http_verdict.hpp>
#include <fapilog/sinks/http/detail/http_writer.hpp>
#include <fapilog/sinks/sink.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail::ch {

/// Thread: one at a time, except `collect` and `cancel`. Throws: std::bad_alloc. The constructor throws std::invalid_argument for an invalid
/// URL or a compression that the program does not link.
class table_writer {
 public:
  explicit table_writer(clickhouse_config config)
      : config_(std::move(config)),
        table_(table_of(config_)),
        headers_(headers_of(config_)),
        writer_(
            config_.url, config_.connection,
            {.entries = config_.batch_size, .body_bytes = number_cast<std::size_t>(config_.batch_bytes)}) {}

  [[nodiscard]] clickhouse_config const& config() const noexcept { return config_; }

  [[gnu::cold]] void start(start_context const& context) {
    context_.emplace(context);
    may_change_schema_ = may_change_schema_ && context.may_change_schema();
    writer_.client().resume();
    writer_.start(context);
    if (config_.create_table && !may_change_schema_) {
      context.report(context.may_change_schema()
                         ? "clickhouse: `create_table` is true, but another runtime of this sink forbids "
                           "DDL: none is run"
                         : "clickhouse: `create_table` is true, but the preset forbids DDL: none is run",
                     concat({"create the table ", table_,
                             " by a migration (clickhouse_ddl prints it) and set `create_table` to false"}));
    }
    try {
      ensure_ready();
    } catch (query_failure const& failed) {
      last_error_ = failed.what();
    }
  }

  write_result write(batch const& entries) {
    format_.distrust_table();
    try {
      ensure_ready();
    } catch (query_failure const& failed) {
      return stopped(failed, {});
    }
    if (!format_.unsure.empty()) return write_with_unsure(entries);
    write_result result = writer_.write(entries, format_);
    if (!format_.must_check_table()) return finish(std::move(result));
    return write_to_checked_table(entries, result);
  }

  /// True for each entry that is in the table. Throws: query_failure.
  [[nodiscard, gnu::cold]] std::vector<bool> find_arrived(batch const& entries) {
    ensure_ready();
    std::vector<bool> found = find_records(query(), table_, entries);
    found_.add(static_cast<std::uint64_t>(std::count(found.begin(), found.end(), true)));
    return found;
  }

  void cancel() noexcept { writer_.client().cancel(); }
  void stop() { writer_.stop(); }

  [[gnu::cold]] void collect(metric_list& all) const {
    auto const add = [&all](char const* name, char const* help, counter const& count) {
      all.push_back({.name = name, .help = help, .value = static_cast<double>(count.value())});
    };
    add("fapilog_clickhouse_rows_total", "Records that the server acknowledged.", format_.rows);
    add("fapilog_clickhouse_inserts_total", "INSERTs sent.", format_.inserts);
    add("fapilog_clickhouse_unsure_inserts_total",
        "INSERTs of which it was not known whether the server stored them.", format_.unsure_inserts);
    add("fapilog_clickhouse_found_total", "Records that were found in the table and not written again.",
        found_);
    writer_.collect(all);
  }

  [[nodiscard, gnu::cold]] sink_health health() const {
    if (!last_error_.empty()) return {false, last_error_};
    sink_health rejected = writer_.health();
    std::string text = concat({writer_.client().peer(), ", ", table_});
    if (!rejected.detail.empty()) append(text, {", ", rejected.detail});
    if (!notice_.empty()) append(text, {", ", notice_});
    return {rejected.healthy, std::move(text)};
  }

 private:
  [[nodiscard, gnu::cold]] static std::vector<std::string> headers_of(clickhouse_config const& config) {
    auto const& credential = config.connection.credential;
    bool const has_key =
        credential.header == "X-ClickHouse-Key" &&
        !(credential.value.empty() && credential.environment.empty() && credential.file.empty());
    if (config.user.empty() && !has_key) return {};
    return {concat({"X-ClickHouse-User: ", config.user.empty() ? "default" : config.user})};
  }
  [[nodiscard]] query_function query() {
    return [this](std::string sql) { return run_query(writer_.client(), headers_, std::move(sql)); };
  }

  void ensure_ready() {
    if (!is_checked_ || format_.must_check_table()) check_table();
  }

  [[gnu::cold]] void check_table() {
    is_checked_ = false;
    query_function const run = query();
    table_state state = inspect_table(run, config_);
    if (!state.exists && config_.create_table && context_ && may_change_schema_) {
      run(create_database(config_));
      run(create_table(config_, state.dialect));
      state = inspect_table(run, config_);
    }
    if (!state.problem.empty()) {
      while (state.remedy.ends_with('\n')) state.remedy.pop_back();
      report_once(state.problem, state.remedy);
      throw query_failure{{.outcome = http_outcome::refused,
                           .reason = concat({writer_.client().peer(), ": ", state.problem,
                                             state.remedy.empty() ? "" : "; run: ", state.remedy})}};
    }
    notice_ = state.notice;
    if (!state.notice.empty()) report_once(state.notice, {});
    deduplicates_ = state.deduplicates;
    prepare_format(std::move(state));
    is_checked_ = true;
    last_error_.clear();
  }
  [[gnu::cold]] void prepare_format(table_state state) {
    std::string names;
    for (written_column const& c : state.columns)
      append(names, {names.empty() ? "" : ", ", quoted_name(c.source.name)});
    auto const knows = [&state](std::string_view name) {
      return std::ranges::find(state.known_settings, name) != state.known_settings.end();
    };
    std::vector<std::string> settings;
    for (insert_setting const& one : insert_settings) {
      if (knows(one.name)) settings.push_back(concat({one.name, "=", one.value}));
    }
    settings.insert(settings.end(), config_.settings.begin(), config_.settings.end());
    format_.prepare(std::move(state.columns),
                    concat({"INSERT INTO ", table_, " (", names, ") FORMAT JSONEachRow"}), settings, headers_,
                    knows(token_setting));
  }
  /// Reports a problem to the user, but not twice in a row.
  [[gnu::cold]] void report_once(std::string const& problem, std::string const& remedy) {
    if (std::exchange(last_report_, problem) == problem || !context_) return;
    context_->report(concat({"clickhouse: ", table_, ": ", problem}), remedy.empty() ? "" : "run: " + remedy);
  }

  write_result finish(write_result result) {
    if (result.outcome() == write_outcome::retry) last_error_ = result.reason();
    else last_error_.clear();
    return result;
  }
  /// A result for entries of which those at `again` remain; all of them if there are none.
  [[gnu::cold]] write_result stopped(query_failure const& failed, std::vector<std::size_t> again,
                                     std::vector<std::size_t> never = {}) {
    http_verdict const& verdict = failed.verdict();
    last_error_ = failed.what();
    if (verdict.outcome == http_outcome::retry) {
      if (again.empty()) return write_result::retry(last_error_, 0, verdict.delay);
      return write_result::partly(std::move(again), std::move(never), last_error_, verdict.delay);
    }
    constexpr std::chrono::milliseconds pause = std::chrono::seconds{30};
    return write_result::refused(last_error_, (std::max)(verdict.delay, pause), std::move(again),
                                 std::move(never));
  }

  /// What became of the entries of one call of `write`.
  struct progress {
    std::vector<std::size_t> again;
    std::vector<std::size_t> never;
    std::string reason;
    std::chrono::milliseconds delay{};
    bool is_refused = false;

    /// Adds a result for the entries at these indices.
    void add(write_result const& result, std::vector<std::size_t> const& indices) {
      for (std::size_t const i : result.rejected_entries()) never.push_back(indices[i]);
      if (!result) reason = result.reason();
      if (result.outcome() != write_outcome::retry) return;
      for (std::size_t const i : result.entries_to_retry()) again.push_back(indices[i]);
      if (result.entries_to_retry().empty())
        again.insert(again.end(), indices.begin() + static_cast<std::ptrdiff_t>(result.first_to_retry()),
                     indices.end());
      delay = (std::max)(delay, result.delay());
      is_refused = is_refused || result.is_refused();
    }
  };

  /// Checks the table, because of the result, and writes what remains of the entries.
  [[gnu::cold]] write_result write_to_checked_table(batch const& entries, write_result const& result) {
    progress before;
    before.add(result, indices_from(0, entries.size()));
    try {
      ensure_ready();
    } catch (query_failure const& failed) {
      return stopped(failed, std::move(before.again), std::move(before.never));
    }
    progress now;
    now.never = std::move(before.never);
    now.reason = std::move(before.reason);
    std::vector<std::uint32_t> chosen;
    for (std::size_t const i : before.again) chosen.push_back(static_cast<std::uint32_t>(i));
    now.add(writer_.write(entries.only(chosen), format_), before.again);
    return result_of(std::move(now));
  }
  [[nodiscard]] static std::vector<std::size_t> indices_from(std::size_t begin, std::size_t count) {
    std::vector<std::size_t> indices(count);
    std::iota(indices.begin(), indices.end(), begin);
    return indices;
  }
  [[gnu::cold]] write_result result_of(progress now) {
    std::sort(now.again.begin(), now.again.end());
    std::sort(now.never.begin(), now.never.end());
    if (now.is_refused) {
      return finish(write_result::refused(std::move(now.reason), now.delay, std::move(now.again),
                                          std::move(now.never)));
    }
    return finish(
        write_result::partly(std::move(now.again), std::move(now.never), std::move(now.reason), now.delay));
  }

  /// Sends known blocks again as they were, unless the table has them, and the other entries.
  [[gnu::cold]] write_result write_with_unsure(batch const& entries) {
    progress now;
    auto const segments = format_.unsure.segments_of(entries);
    for (unsure_blocks::segment const& s : segments) {
      std::vector<std::size_t> indices = indices_from(s.begin, s.count);
      bool const is_stopped = !now.again.empty();
      if (is_stopped) {
        now.again.insert(now.again.end(), indices.begin(), indices.end());
        continue;
      }
      try {
        write_segment(entries, s, std::move(indices), now);
      } catch (query_failure const& failed) {
        for (std::size_t i = s.begin; i < entries.size(); ++i) now.again.push_back(i);
        return stopped(failed, std::move(now.again), std::move(now.never));
      }
    }
    return result_of(std::move(now));
  }

  /// Throws: query_failure before anything of the segment is written.
  [[gnu::cold]] void write_segment(batch const& entries, unsure_blocks::segment const& s,
                                   std::vector<std::size_t> indices, progress& now) {
    batch const part = entries.from(s.begin).up_to(s.count);
    if (s.is_block && deduplicates_) return now.add(writer_.write(part, format_), indices);
    std::vector<bool> const found = find_unsure(part);
    auto const count = static_cast<std::size_t>(std::count(found.begin(), found.end(), true));
    if (count == 0) return now.add(writer_.write(part, format_), indices);
    found_.add(count);
    std::vector<std::uint32_t> arrived;
    std::vector<std::uint32_t> missing;
    std::vector<std::size_t> missing_indices;
    for (std::size_t i = 0; i < part.size(); ++i) {
      (found[i] ? arrived : missing).push_back(static_cast<std::uint32_t>(i));
      if (!found[i]) missing_indices.push_back(indices[i]);
    }
    format_.unsure.remove_records(part.only(arrived));
    if (!missing.empty()) now.add(writer_.write(part.only(missing), format_), missing_indices);
  }
  /// True for each entry of an unsure block that is in the table. Without the right to read the table, none is: the records
  /// are sent again. Throws: query_failure.
  [[nodiscard, gnu::cold]] std::vector<bool> find_unsure(batch const& part) {
    std::vector<bool> unsure = format_.unsure.find_records(part);
    std::vector<std::uint32_t> wanted;
    for (std::size_t i = 0; i < part.size(); ++i) {
      if (unsure[i]) wanted.push_back(static_cast<std::uint32_t>(i));
    }
    std::fill(unsure.begin(), unsure.end(), false);
    if (wanted.empty()) return unsure;
    batch const chosen = part.only(wanted);
    try {
      std::vector<bool> const found = find_records(query(), table_, chosen);
      for (std::size_t i = 0; i < wanted.size(); ++i) unsure[wanted[i]] = found[i];
    } catch (query_failure const& failed) {
      constexpr int access_denied = 497;
      if (failed.code() != access_denied) throw;
      report_once("the user may not SELECT, so records whose responses were lost may be stored twice",
                  concat({"GRANT SELECT ON ", table_, " TO <user>"}));
    }
    return unsure;
  }

  clickhouse_config config_;
  std::string table_;
  std::vector<std::string> headers_;
  http_writer writer_;
  insert_format format_;
  counter found_;
  std::optional<start_context> context_;
  bool may_change_schema_ = true;
  bool is_checked_ = false;
  bool deduplicates_ = false;
  std::string notice_;
  std::string last_error_;
  std::string last_report_;
};

}  // namespace fapilog::inline v0_1::detail::ch
