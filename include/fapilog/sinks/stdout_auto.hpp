// SPDX-License-Identifier: MIT
// A sink for standard output: readable lines on a terminal, JSON elsewhere.
#pragma once

#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/console/detail/stdout_writers.hpp>
#include <fapilog/sinks/sink.hpp>
#include <fapilog/sinks/stdout_pretty.hpp>

#include <string>

namespace fapilog::inline v0_1::sinks {

/// `stdout_pretty` if the descriptor is a terminal, else `stdout_json`. Decided in the constructor: a later redirection
/// changes nothing. Copies share the sink. Thread: one at a time. Throws: std::bad_alloc.
class stdout_auto {
 public:
  static constexpr bool may_block = false;

  explicit stdout_auto(stdout_pretty_config const& config = {})
      : chosen_(
            detail::make_stdout_auto({config.descriptor, config.write_timeout}, detail::style_of(config))) {}

  /// True for `stdout_json`.
  [[nodiscard]] bool needs_json() const noexcept { return chosen_.needs_json(); }

  write_result write(batch const& entries) { return chosen_.write(entries); }
  void stop() { chosen_.stop(); }
  [[nodiscard]] sink_health health() const { return chosen_.health(); }
  [[nodiscard]] std::string name() const { return chosen_.name(); }

 private:
  any_sink chosen_;
};

}  // namespace fapilog::inline v0_1::sinks
