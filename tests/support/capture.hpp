// SPDX-License-Identifier: MIT
// A sink for tests that keeps only JSON lines: cheap enough for floods of records, unlike testing/capture.hpp.
#pragma once

#include <fapilog/sinks/sink.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace support {

class capture {
 public:
  void write(fapilog::batch const& entries) {
    std::lock_guard const lock{mutex_};
    for (fapilog::entry const& e : entries) lines_.emplace_back(e.json);
    batches_.push_back(entries.size());
    arrived_.notify_all();
  }

  [[nodiscard]] std::vector<std::string> lines() const {
    std::lock_guard const lock{mutex_};
    return lines_;
  }
  [[nodiscard]] std::vector<std::size_t> batches() const {
    std::lock_guard const lock{mutex_};
    return batches_;
  }
  /// Waits until there are this many lines. Returns false after the deadline.
  [[nodiscard]] bool wait_for(std::size_t count,
                              std::chrono::seconds deadline = std::chrono::seconds{30}) const {
    std::unique_lock lock{mutex_};
    return arrived_.wait_for(lock, deadline, [&] { return lines_.size() >= count; });
  }
  /// Returns the parsed line; throws if it is not JSON.
  [[nodiscard]] nlohmann::json at(std::size_t index) const {
    return nlohmann::json::parse(lines().at(index));
  }
  /// The `log` object of the last line.
  [[nodiscard]] nlohmann::json last() const { return nlohmann::json::parse(lines().back()).at("log"); }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable arrived_;
  std::vector<std::string> lines_;
  std::vector<std::size_t> batches_;
};

}  // namespace support
