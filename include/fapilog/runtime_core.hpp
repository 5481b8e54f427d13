// SPDX-License-Identifier: MIT
// The part of a runtime that does not depend on the preset's type.
#pragma once

#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/metrics/account.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/metrics/sink_account.hpp>
#include <fapilog/record/guarded_functions.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/record/level_change.hpp>
#include <fapilog/setup/options.hpp>
#include <fapilog/setup/policies.hpp>
#include <fapilog/setup/preset.hpp>
#include <fapilog/setup/runtime_changes.hpp>
#include <fapilog/sinks/sink.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

class lane_channel;
class sink_status;
class threaded_delivery;
class worker;
struct logger_core;

/// Options of any preset. A preset only supplies defaults: all `basic_options` have the same members.
using any_options = basic_options<presets::minimal>;

/// Moves options to those of another preset.
template <class To, class From>
[[nodiscard]] To move_options(From from) {
  if constexpr (std::is_same_v<To, From>) {
    return from;
  } else {
    // All members in their order. If one is missing here, this does not compile.
    auto& [m1, m2, m3, m4, m5, m6, m7, m8, m9, m10, m11, m12, m13, m14, m15, m16, m17, m18, m19, m20, m21,
           m22, m23, m24, m25, m26, m27, m28, m29, m30, m31, m32, m33, m34, m35, m36] = from;
    return To{m1,
              std::move(m2),
              m3,
              m4,
              m5,
              m6,
              m7,
              m8,
              m9,
              m10,
              m11,
              m12,
              m13,
              m14,
              std::move(m15),
              std::move(m16),
              std::move(m17),
              m18,
              std::move(m19),
              std::move(m20),
              std::move(m21),
              std::move(m22),
              m23,
              std::move(m24),
              m25,
              std::move(m26),
              m27,
              m28,
              m29,
              m30,
              m31,
              m32,
              std::move(m33),
              m34,
              m35,
              std::move(m36)};
  }
}

/// The code of what only a runtime with options of its own can need. Null members: the runtime has the defaults of its preset,
/// so it has nothing to validate, and no sink needs its own thread.
struct runtime_features {
  void (*validate)(any_options const&) = nullptr;
  std::shared_ptr<threaded_delivery> (*make_thread)(placed_sink, std::shared_ptr<fapilog::diagnostics> const&,
                                                    std::function<void()> const&) = nullptr;
};
[[nodiscard]] runtime_features const& all_runtime_features() noexcept;

/// Owns the channel and the worker of a runtime. Thread: as `basic_runtime`.
class runtime_core {
 public:
  /// Throws: as the constructor of `basic_runtime`. Call `start` next.
  runtime_core(any_options chosen, runtime_features const& features);
  runtime_core(runtime_core const&) = delete;
  runtime_core& operator=(runtime_core const&) = delete;
  ~runtime_core();

  /// Starts the worker, which starts the sinks. Throws: std::system_error without threads or file descriptors,
  /// std::bad_alloc.
  void start(schema_permission schema);
  /// Drains for at most the shutdown timeout and reports the records that are left. Must be the last call.
  void shut_down() noexcept;

  /// Returns a new reference to the core of a logger of this name.
  [[nodiscard]] logger_core* make_logger(std::string_view name) const;
  void set_level(std::string_view pattern, level lowest);
  void set_level(std::string_view pattern, level lowest, level_change how);
  [[nodiscard]] std::vector<level_rule> levels() const;
  bool change(runtime_changes next, std::chrono::nanoseconds timeout);
  void reopen() const;
  account flush(std::chrono::nanoseconds timeout);
  account drain(std::chrono::nanoseconds timeout);
  [[nodiscard]] account counts() const noexcept;
  [[nodiscard]] metric_list metrics() const;
  [[nodiscard]] bool is_healthy() const;
  [[nodiscard]] std::vector<std::pair<std::string, sink_health>> health() const;
  [[nodiscard]] std::vector<std::pair<std::string, sink_account>> sink_counts() const;
  /// Names of the stages that the user chose, in their order.
  [[nodiscard]] std::vector<std::string> stage_names() const;
  [[nodiscard]] std::size_t sink_count() const noexcept { return sink_statuses_.size(); }
  [[nodiscard]] fapilog::diagnostics& diagnostics() const noexcept { return *diagnostics_; }

 private:
  struct release {
    void operator()(lane_channel* channel) const noexcept;
  };

  std::chrono::nanoseconds shutdown_timeout_;
  crash_options crash_;
  std::shared_ptr<fapilog::diagnostics> diagnostics_;
  std::unique_ptr<lane_channel, release> channel_;
  std::vector<any_sink> reopened_sinks_;  ///< all sinks and fallbacks
  vector<std::shared_ptr<sink_status const>> sink_statuses_;
  vector<std::shared_ptr<sink_status const>> must_start_;  ///< sinks without which the start fails
  std::shared_ptr<worker> worker_;
};

}  // namespace fapilog::inline v0_1::detail
