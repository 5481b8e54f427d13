// SPDX-License-Identifier: MIT
// A sink for standard output: readable lines on a terminal, JSON elsewhere.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/sinks/sink.hpp>
#include <fapilog/sinks/stdout_json.hpp>
#include <fapilog/sinks/stdout_pretty.hpp>

#include <string_view>
#include <utility>
#include <variant>

namespace fapilog::inline v0_1::sinks {

/// `stdout_pretty` if the descriptor is a terminal, else `stdout_json`. Decided in the constructor: a later redirection
/// changes nothing. Thread: one at a time. Throws: std::bad_alloc.
class stdout_auto {
 public:
  static constexpr bool may_block = false;

  explicit stdout_auto(stdout_pretty_config const& config = {}) : chosen_(choose(config)) {}

  /// True for `stdout_json`.
  [[nodiscard]] bool needs_json() const noexcept { return std::holds_alternative<stdout_json>(chosen_); }

  write_result write(batch const& entries) {
    return std::visit([&](auto& sink) { return sink.write(entries); }, chosen_);
  }
  void stop() {
    std::visit([](auto& sink) { sink.stop(); }, chosen_);
  }
  [[nodiscard]] sink_health health() const {
    return std::visit([](auto const& sink) { return sink.health(); }, chosen_);
  }
  [[nodiscard]] std::string_view name() const {
    return std::visit([](auto const& sink) { return sink.name(); }, chosen_);
  }

 private:
  using choice = std::variant<stdout_json, stdout_pretty>;

  static choice choose(stdout_pretty_config const& config) {
    if (detail::is_terminal(config.descriptor)) return choice{std::in_place_type<stdout_pretty>, config};
    return choice{std::in_place_type<stdout_json>,
                  stdout_json_config{.descriptor = config.descriptor, .write_timeout = config.write_timeout}};
  }

  choice chosen_;
};

}  // namespace fapilog::inline v0_1::sinks
