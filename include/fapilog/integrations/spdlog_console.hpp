// SPDX-License-Identifier: MIT
// The sink of the default runtime of compat_spdlog.hpp: standard output, whose pattern may change while the runtime runs.
#pragma once

#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/sink.hpp>
#include <fapilog/sinks/stdout_auto.hpp>
#include <fapilog/sinks/stdout_pretty.hpp>
#include <fapilog/sinks/text_format.hpp>

#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::compat::spdlog::detail {

/// The sink of the default runtime: as `sinks::stdout_auto`, until there is a pattern. Thread: any.
class console {
 public:
  static constexpr bool may_block = false;

  write_result write(batch const& entries) {
    std::lock_guard const lock{mutex_};
    return current_.write(entries);
  }
  void stop() {
    std::lock_guard const lock{mutex_};
    current_.stop();
  }
  [[nodiscard]] sink_health health() const {
    std::lock_guard const lock{mutex_};
    return current_.health();
  }
  [[nodiscard]] static std::string_view name() noexcept { return "console"; }

  /// From now on, lines have the form of this text pattern. Throws: std::invalid_argument.
  void use_pattern(std::string pattern) {
    any_sink next{sinks::stdout_pretty{
        {.pattern = std::move(pattern), .zone = sinks::time_zone::local, .wrap = false}}};
    std::lock_guard const lock{mutex_};
    current_ = std::move(next);
  }

 private:
  mutable std::mutex mutex_;
  any_sink current_{sinks::stdout_auto{}};
};

}  // namespace fapilog::inline v0_1::compat::spdlog::detail
