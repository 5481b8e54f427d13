// SPDX-License-Identifier: MIT
// The sink for machines: one line of JSON a record on standard output.
#pragma once

#include <fapilog/setting.hpp>
#include <fapilog/sinks/console/detail/stdout_stream.hpp>
#include <fapilog/sinks/detail/batch_lines.hpp>
#include <fapilog/sinks/sink.hpp>

#include <chrono>
#include <cstddef>
#include <string_view>

namespace fapilog::inline v0_1::sinks {

struct stdout_json_config {
  int descriptor = 1;  ///< where the lines go; it is not closed
  /// How long a batch waits in all for the reader, where the descriptor is non-blocking and full.
  std::chrono::milliseconds patience{1'000};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "descriptor", .text = "Where the lines go; it is not closed.", .min = 0},
          self.descriptor);
    visit(setting{.name = "patience",
                  .text = "How long a batch waits in all for the reader of a full non-blocking descriptor."},
          self.patience);
  }
};

/// Writes the envelopes of a batch in one write(2) where the descriptor takes it so. Where it is closed or
/// nobody reads it, records are rejected and the program lives on: SIGPIPE is kept from it without touching
/// its handlers. A blocking descriptor whose reader stands still is waited for.
/// Thread: one at a time. Throws: std::bad_alloc.
class stdout_json {
 public:
  static constexpr bool may_block = false;

  explicit stdout_json(stdout_json_config const& config = {}) : stream_(config.descriptor, config.patience) {}

  write_result write(batch const& entries) {
    return stream_.write(entries.text(), entries.size(),
                         [&](std::size_t i) { return end_of_line(entries, i); });
  }
  void stop() { stream_.stop(); }
  [[nodiscard]] sink_health health() const { return stream_.health(); }
  [[nodiscard]] static std::string_view name() noexcept { return "stdout_json"; }

 private:
  stdout_stream stream_;
};

}  // namespace fapilog::inline v0_1::sinks
