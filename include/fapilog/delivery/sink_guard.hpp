// SPDX-License-Identifier: MIT
// Calls functions of a sink and reports what they throw.
#pragma once

#include <fapilog/metrics/diagnostics.hpp>

#include <exception>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Reports under the sink's name. Thread: any.
class sink_guard {
 public:
  sink_guard(std::shared_ptr<diagnostics> diagnostics, std::string sink_name)
      : diagnostics_(std::move(diagnostics)), sink_name_(std::move(sink_name)) {}

  [[gnu::cold]] void warn(std::string_view message, std::string_view detail = {}) const noexcept {
    diagnostics_->warn(sink_name_, message, detail);
  }
  /// Calls `action`. If it throws, reports `message` with the reason and returns false.
  template <class Action>
  bool call(std::string_view message, Action&& action) const noexcept {
    try {
      action();
      return true;
    } catch (std::exception const& error) {
      warn(message, error.what());
    } catch (...) {
      warn(message, "not derived from std::exception");
    }
    return false;
  }

 private:
  std::shared_ptr<diagnostics> diagnostics_;
  std::string sink_name_;
};

}  // namespace fapilog::inline v0_1::detail
