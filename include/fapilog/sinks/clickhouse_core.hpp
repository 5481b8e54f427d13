// SPDX-License-Identifier: MIT
// The declaration of the ClickHouse sink, which needs no libcurl.
#pragma once

#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/clickhouse/config.hpp>
#include <fapilog/sinks/clickhouse/ddl.hpp>
#include <fapilog/sinks/sink.hpp>

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1 {

namespace detail::ch {
class table_writer;
}

namespace sinks {

/// Writes each batch with one INSERT of one block, with typed columns. If the response to an INSERT is lost, the same block is
/// sent again: a Replicated table stores it once (also a MergeTree table with `non_replicated_deduplication_window`). For other
/// tables, the sink first looks up which of the records are in the table, which needs the right to SELECT. Records that
/// an earlier process left behind are looked up in any case.
///
/// WARNING: with `create_table`, which is on by default, the sink runs DDL if its table is missing: `CREATE DATABASE`, `CREATE
/// TABLE`. The presets `production` and `hardened` forbid it, and nothing can allow it under them; a migration must then create
/// the table (`clickhouse_ddl`). A sink that one runtime forbids it never runs DDL again.
///
/// If the server is down, the table is missing or the user is refused, records wait in the queue, the spool or the fallback of
/// their delivery, and delivery continues when the cause is gone. A record that the server finds invalid is found by halving
/// its batch, and is rejected alone. No message contains a password or the content of a record.
/// Thread: one at a time. Throws: std::bad_alloc. The constructor throws std::invalid_argument for invalid settings.
class clickhouse {
 public:
  static constexpr bool may_block = true;

  explicit clickhouse(clickhouse_config config);
  clickhouse(clickhouse&& other) noexcept;
  clickhouse& operator=(clickhouse&& other) noexcept;
  ~clickhouse();

  [[nodiscard]] bool needs_json() const noexcept;
  [[nodiscard]] std::size_t batch_size() const noexcept;
  [[nodiscard]] static std::string_view name() noexcept { return "clickhouse"; }

  /// Checks the table, and creates it if that is permitted. What is wrong is reported; each write tries again.
  void start(start_context const& context);
  write_result write(batch const& entries);
  /// Throws: std::runtime_error if the table cannot be read.
  [[nodiscard]] std::vector<bool> find_arrived(batch const& entries);
  /// Abandons the requests in flight, whose entries are then to be sent again. Thread: any.
  void cancel() noexcept;
  /// Closes the connections.
  void stop();
  void collect(metric_list& all) const;
  [[nodiscard]] sink_health health() const;

 private:
  std::unique_ptr<detail::ch::table_writer> writer_;
};

}  // namespace sinks
}  // namespace fapilog::inline v0_1
