// SPDX-License-Identifier: MIT
// What stands between the worker and one sink: guards it, offers batches again, and says what became of each entry.
#pragma once

#include <fapilog/detail/system.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/setup/policies.hpp>
#include <fapilog/sinks/sink.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::engine {

/// The last health of a sink, as it may be asked for from any thread.
class health_board {
 public:
  explicit health_board(std::string name) : name_(std::move(name)) {}
  void set(sink_health health) {
    std::lock_guard const lock{mutex_};
    health_ = std::move(health);
  }
  [[nodiscard]] std::pair<std::string, sink_health> get() const {
    std::lock_guard const lock{mutex_};
    return {name_, health_};
  }

 private:
  mutable std::mutex mutex_;
  std::string name_;
  sink_health health_;
};

/// Thread: the worker's, but for the board.
class delivery {
 public:
  delivery(any_sink target, retry_options retry, std::shared_ptr<diagnostics> tell)
      : sink_(std::move(target)),
        retry_(retry),
        tell_(std::move(tell)),
        name_(sink_.name()),
        health_(std::make_shared<health_board>(name_)) {}

  [[nodiscard]] std::shared_ptr<health_board const> health() const noexcept { return health_; }

  void start(start_context const& context) {
    context_ = std::make_unique<start_context>(context);
    try_start();
  }

  /// Offers the entries until they are delivered or given up; sets `failed[i]` for those that are given up and returns
  /// how many entries were offered again.
  std::uint64_t deliver(batch const& entries, std::vector<bool>& failed) {
    if (!started_ && std::chrono::steady_clock::now() >= next_start_) try_start();
    if (!started_) {
      std::fill(failed.begin(), failed.end(), true);
      return 0;
    }
    std::uint64_t retried = 0;
    std::size_t first = 0;
    auto delay = retry_.first_delay;
    std::uint32_t const attempts = failing_ ? 1 : std::max<std::uint32_t>(retry_.attempts, 1);
    for (std::uint32_t attempt = 1;; ++attempt) {
      write_result const result = offer(entries.from(first));
      if (result.what() == write_result::outcome::delivered) {
        recovered();
        return retried;
      }
      if (result.what() == write_result::outcome::rejected) {
        recovered();
        for (std::size_t const index : result.rejected_entries()) {
          if (first + index < failed.size()) failed[first + index] = true;
        }
        tell_->warn(name_, "the sink rejected records", result.reason());
        return retried;
      }
      first = std::min(first + result.first_to_retry(), entries.size());
      if (first == entries.size()) return retried;
      if (attempt >= attempts) {
        for (std::size_t i = first; i < failed.size(); ++i) failed[i] = true;
        tell_->warn(name_, "the sink failed; records are lost", result.reason());
        failing_ = true;
        look_at_health();
        return retried;
      }
      retried += entries.size() - first;
      auto const wait = std::min(std::max(delay, result.delay()), retry_.longest_delay);
      detail::sleep_ns(std::chrono::nanoseconds{wait}.count());
      delay *= 2;
    }
  }

  void flush() {
    guarded("the sink threw in flush", [this] { sink_.flush(); });
    look_at_health();
  }
  void stop() {
    if (started_) guarded("the sink threw in stop", [this] { sink_.stop(); });
    started_ = false;
  }

 private:
  [[nodiscard]] write_result offer(batch const& entries) {
    try {
      return sink_.write(entries);
    } catch (std::exception const& error) {
      return write_result::retry(error.what());
    } catch (...) {
      return write_result::retry("the sink threw something not derived from std::exception");
    }
  }

  void try_start() {
    started_ =
        guarded("the sink did not start; it is tried again in a second", [this] { sink_.start(*context_); });
    look_at_health();
    next_start_ = std::chrono::steady_clock::now() + std::chrono::seconds{1};
  }

  void recovered() {
    if (!std::exchange(failing_, false)) return;
    look_at_health();
    tell_->warn(name_, "the sink works again");
  }

  template <class F>
  bool guarded(std::string_view message, F&& action) {
    try {
      action();
      return true;
    } catch (std::exception const& error) {
      tell_->warn(name_, message, error.what());
    } catch (...) {
      tell_->warn(name_, message, "not derived from std::exception");
    }
    return false;
  }

  void look_at_health() {
    sink_health now;
    guarded("the sink threw in health", [&] { now = sink_.health(); });
    health_->set(std::move(now));
  }

  any_sink sink_;
  retry_options retry_;
  std::shared_ptr<diagnostics> tell_;
  std::string name_;
  std::shared_ptr<health_board> health_;
  std::unique_ptr<start_context> context_;
  bool started_ = false;
  bool failing_ = false;
  std::chrono::steady_clock::time_point next_start_{};
};

}  // namespace fapilog::engine
