// SPDX-License-Identifier: MIT
// A sink that writes each record as one line of JSON or text to a file, with rotation by size and by time.
#pragma once

#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/file/detail/rotating_file_writer.hpp>
#include <fapilog/sinks/file/rotating_file_config.hpp>
#include <fapilog/sinks/sink.hpp>

#if defined(FAPILOG_WITH_ZLIB)
#include <fapilog/sinks/file/zlib.hpp>
#endif

#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::sinks {

/// Appends each batch in one write(2), so that several processes can share the file without torn lines. Rotates between
/// lines: `app.log` becomes `app-20260127-103000.log`, with the time of the rotation (`-1`, `-2` if the name is taken, or if
/// the clock is behind the newest name; `.gz` once compressed). If somebody else moves, removes or rotates the file, the next
/// batch goes to a new one at `path`. The open file stays in use until another one is open.
/// If the disk is full or broken, the file ends with a whole line and the rest is retried. If a rotation fails, the file
/// continues to grow and the problem is reported.
/// Copies share the file. Thread: one at a time, except `reopen`. Throws: std::bad_alloc; `start` also throws what its description says.
class rotating_file {
 public:
  static constexpr bool may_block = false;

  /// False for the format `text`.
  bool needs_json;

  explicit rotating_file(rotating_file_config config)
      : needs_json(config.format == file_format::json),
        writer_(detail::make_rotating_file(std::move(config))) {}

  /// Opens the file. Throws: std::system_error or std::runtime_error if the configuration or the file is unusable; the message
  /// says what to do. `write` tries to open the file again.
  void start(start_context const& context) { writer_.start(context); }

  write_result write(batch const& entries) { return writer_.write(entries); }

  /// Returns true for each entry that has a line in the file or in one that was rotated: a whole line with its `message_id`.
  /// Reads the newest lines first, until all entries are found, the lines are older than all entries, or 256 MiB have been read.
  /// Lines of text have no id: returns false for all.
  [[nodiscard]] std::vector<bool> find_arrived(batch const& entries) { return writer_.find_arrived(entries); }

  /// Requests that the next batch, or `flush`, looks for the file at `path` and creates it if another program has moved it.
  /// For programs that rotate the file themselves: once `reopen` and then `flush` of the runtime have returned, no line
  /// goes to the file that was moved. Thread: any, at any time, a signal handler too.
  void reopen() noexcept { writer_.reopen(); }

  /// Carries out a request of `reopen` if no batch has done so.
  void flush() { writer_.flush(); }

  /// Waits until the rotated files are compressed, then closes the file. `write` opens it again.
  void stop() { writer_.stop(); }

  [[nodiscard]] sink_health health() const { return writer_.health(); }
  [[nodiscard]] static std::string_view name() noexcept { return "rotating_file"; }

 private:
  any_sink writer_;
};

}  // namespace fapilog::inline v0_1::sinks

#ifndef FAPILOG_COMPILED
#include <fapilog/sinks/file/detail/rotating_file_writer_impl.hpp>
#endif
