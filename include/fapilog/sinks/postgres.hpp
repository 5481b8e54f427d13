// SPDX-License-Identifier: MIT
// The sink for PostgreSQL: every record becomes exactly one row, even after retries.
#pragma once

#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/postgres/config.hpp>
#include <fapilog/sinks/postgres/counts.hpp>
#include <fapilog/sinks/postgres/detail/table_writer.hpp>
#include <fapilog/sinks/sink.hpp>

#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::sinks {

/// Writes each batch with one prepared `INSERT ... SELECT FROM unnest(...)`: one round trip, one transaction, and only the
/// right to INSERT. The key is the record's `message_id`. A batch whose acknowledgement was lost is sent again with `ON
/// CONFLICT DO NOTHING`, so each record is stored once. Large batches are divided among `connections`.
///
/// WARNING: with `create_table`, which is on by default, the sink runs DDL if its table is missing: `CREATE SCHEMA`,
/// `CREATE TABLE`, `CREATE INDEX`. The presets `production` and `hardened` forbid it, and nothing can allow it under them;
/// a migration must then create the table (`postgres_ddl`).
///
/// If the server is down, the table is missing or the role is refused, records wait in the queue, the spool or the fallback
/// of their delivery, and delivery continues when the cause is gone. A record that the server refuses is found by halving
/// its batch, and is rejected alone. No message contains a password or the content of a record.
/// Thread: one at a time. Throws: std::bad_alloc. The constructor throws std::invalid_argument for invalid settings.
class postgres {
 public:
  static constexpr bool may_block = true;

  explicit postgres(postgres_config config = {})
      : writer_(std::make_unique<detail::pg::table_writer>(std::move(config))) {}

  [[nodiscard]] bool needs_json() const noexcept { return writer_->config().include_raw_json; }
  [[nodiscard]] std::size_t batch_size() const noexcept {
    return std::size_t{writer_->config().batch_size} * writer_->config().connections;
  }
  [[nodiscard]] static std::string_view name() noexcept { return "postgres"; }
  [[nodiscard]] postgres_counts const& counts() const noexcept { return writer_->counts(); }

  /// Connects and checks the table. If that fails, the first batch tries again.
  void start(start_context const& context) { writer_->start(context); }
  write_result write(batch const& entries) { return writer_->write(entries); }
  /// Closes all connections.
  void stop() { writer_->stop(); }
  void collect(metric_list& all) const { writer_->collect(all); }
  [[nodiscard]] sink_health health() const { return writer_->health(); }

 private:
  std::unique_ptr<detail::pg::table_writer> writer_;
};

}  // namespace fapilog::inline v0_1::sinks
