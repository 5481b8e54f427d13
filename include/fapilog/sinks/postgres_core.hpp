// SPDX-License-Identifier: MIT
// The declaration of the Postgres sink, which needs no libpqxx.
#pragma once

#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/postgres/config.hpp>
#include <fapilog/sinks/postgres/counts.hpp>
#include <fapilog/sinks/sink.hpp>

#include <cstddef>
#include <memory>
#include <string_view>

namespace fapilog::inline v0_1 {

namespace detail::pg {
class table_writer;
}

namespace sinks {

/// Writes each batch with one `INSERT ... SELECT FROM unnest(...)` in a transaction of its own; needs only the right to
/// INSERT. The key is the record's `message_id`. A batch whose acknowledgement was lost is sent again with `ON CONFLICT DO
/// NOTHING`, so each record is stored once. Large batches are divided among `connections`. Leaves nothing in a session of the
/// server, so it may share a connection pool with other clients.
///
/// WARNING: with `create_table`, which is on by default, the sink runs DDL if its table is missing: `CREATE SCHEMA`,
/// `CREATE TABLE`, `CREATE INDEX`. The presets `production` and `hardened` forbid it, and nothing can allow it under them;
/// a migration must then create the table (`postgres_ddl`). A sink that one runtime forbids it never runs DDL again.
///
/// If the server is down, the table is missing or the role is refused, records wait in the queue, the spool or the fallback
/// of their delivery, and delivery continues when the cause is gone. A record that the server refuses is found by halving
/// its batch, and is rejected alone. No message contains a password or the content of a record.
/// Thread: one at a time, except `collect`, `counts` and `cancel`. Throws: std::bad_alloc. The constructor throws std::invalid_argument for invalid settings.
class postgres {
 public:
  static constexpr bool may_block = true;

  explicit postgres(postgres_config config = {});
  postgres(postgres&& other) noexcept;
  postgres& operator=(postgres&& other) noexcept;
  ~postgres();

  [[nodiscard]] bool needs_json() const noexcept;
  [[nodiscard]] std::size_t batch_size() const noexcept;
  [[nodiscard]] static std::string_view name() noexcept { return "postgres"; }
  [[nodiscard]] postgres_counts const& counts() const noexcept;

  /// Connects and checks the table. If that fails, the first batch tries again.
  void start(start_context const& context);
  write_result write(batch const& entries);
  void cancel() noexcept;
  /// Closes all connections.
  void stop();
  void collect(metric_list& all) const;
  [[nodiscard]] sink_health health() const;

 private:
  std::unique_ptr<detail::pg::table_writer> writer_;
};

}  // namespace sinks
}  // namespace fapilog::inline v0_1
