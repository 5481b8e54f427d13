// SPDX-License-Identifier: MIT
// A sink that writes each record as one line of JSON to standard output.
#pragma once

#include <fapilog/record/batch.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/sinks/console/detail/stdout_writers.hpp>
#include <fapilog/sinks/sink.hpp>

#include <chrono>
#include <string_view>

namespace fapilog::inline v0_1::sinks {

struct stdout_json_config {
  int descriptor = 1;  ///< file descriptor that the lines are written to; it is never closed
  /// How long a write waits while the reader takes nothing, if the descriptor is non-blocking and full.
  std::chrono::milliseconds write_timeout{1'000};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(detail::descriptor_setting, self.descriptor);
    visit(detail::write_timeout_setting, self.write_timeout);
  }
};

/// Writes whole lines in as few writes as the descriptor allows: other processes may write to it too. If the descriptor is
/// closed or has no reader, the records are rejected and the program continues: SIGPIPE does not reach it, and its signal
/// handlers are unchanged. A blocking descriptor with a slow reader blocks the sink.
/// Copies share the sink. Thread: one at a time. Throws: std::bad_alloc.
class stdout_json {
 public:
  static constexpr bool may_block = false;

  explicit stdout_json(stdout_json_config const& config = {})
      : writer_(detail::make_stdout_json({config.descriptor, config.write_timeout})) {}

  write_result write(batch const& entries) { return writer_.write(entries); }
  void stop() { writer_.stop(); }
  [[nodiscard]] sink_health health() const { return writer_.health(); }
  [[nodiscard]] static std::string_view name() noexcept { return "stdout_json"; }

 private:
  any_sink writer_;
};

}  // namespace fapilog::inline v0_1::sinks

#ifndef FAPILOG_COMPILED
#include <fapilog/sinks/console/detail/stdout_writers_impl.hpp>
#endif
