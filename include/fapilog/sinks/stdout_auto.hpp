// SPDX-License-Identifier: MIT
// A sink for standard output: readable lines on a terminal, JSON elsewhere.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/sinks/sink.hpp>
#include <fapilog/sinks/stdout_json.hpp>
#include <fapilog/sinks/stdout_pretty.hpp>

#include <string>

namespace fapilog::inline v0_1::sinks {

/// `stdout_pretty` if the descriptor is a terminal, else `stdout_json`. Decided in the constructor: a later redirection
/// changes nothing. Copies share the sink. Thread: one at a time. Throws: std::bad_alloc.
class stdout_auto {
 public:
  static constexpr bool may_block = false;

  explicit stdout_auto(stdout_pretty_config const& config = {}) : chosen_(choose(config)) {}

  /// True for `stdout_json`.
  [[nodiscard]] bool needs_json() const noexcept { return chosen_.needs_json(); }

  write_result write(batch const& entries) { return chosen_.write(entries); }
  void stop() { chosen_.stop(); }
  [[nodiscard]] sink_health health() const { return chosen_.health(); }
  [[nodiscard]] std::string name() const { return chosen_.name(); }

 private:
  [[gnu::cold]] static any_sink choose(stdout_pretty_config const& config) {
    if (detail::is_terminal(config.descriptor)) return stdout_pretty{config};
    return stdout_json{{.descriptor = config.descriptor, .write_timeout = config.write_timeout}};
  }

  any_sink chosen_;
};

}  // namespace fapilog::inline v0_1::sinks
