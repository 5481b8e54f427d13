// SPDX-License-Identifier: MIT
// A sink that a test switches between taking, failing, throwing and hanging, and that keeps message ids and lines.
#pragma once

#include <fapilog/sinks/sink.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace support {

class switched_sink {
 public:
  enum class mode { take, fail, throws, hang };

  explicit switched_sink(std::string name = "switched", mode begin = mode::take)
      : name_(std::move(name)), mode_(begin) {}

  fapilog::write_result write(fapilog::batch const& entries) {
    std::unique_lock lock{mutex_};
    ++calls_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return mode_ != mode::hang; });
    if (mode_ == mode::throws) throw std::runtime_error{"the sink throws"};
    if (mode_ == mode::fail) return fapilog::write_result::retry("the sink is down");
    std::vector<std::size_t> refused;
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (entries[i].event.message == poison) {
        refused.push_back(i);
        continue;
      }
      messages_.emplace_back(entries[i].event.message);
      ids_.push_back(entries[i].event.message_id);
      lines_.emplace_back(entries[i].json);
    }
    changed_.notify_all();
    if (!refused.empty()) return fapilog::write_result::rejected(std::move(refused), "poison");
    return fapilog::write_result::delivered();
  }
  [[nodiscard]] std::string name() const { return name_; }

  void set(mode next) {
    std::lock_guard const lock{mutex_};
    mode_ = next;
    changed_.notify_all();
  }
  /// Returns false if the condition does not hold within a minute.
  [[nodiscard]] bool wait_for(std::function<bool(switched_sink const&)> const& condition) {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::seconds{60}, [&] { return condition(*this); });
  }
  [[nodiscard]] bool wait_for_messages(std::size_t count) {
    return wait_for([count](switched_sink const& s) { return s.messages_.size() >= count; });
  }
  [[nodiscard]] bool wait_for_calls(std::size_t count) {
    return wait_for([count](switched_sink const& s) { return s.calls_ >= count; });
  }
  [[nodiscard]] std::vector<std::string> messages() const {
    std::lock_guard const lock{mutex_};
    return messages_;
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    std::lock_guard const lock{mutex_};
    return lines_;
  }
  [[nodiscard]] std::vector<fapilog::uuid> ids() const {
    std::lock_guard const lock{mutex_};
    return ids_;
  }
  [[nodiscard]] std::size_t calls() const {
    std::lock_guard const lock{mutex_};
    return calls_;
  }

  static constexpr std::string_view poison = "poison";

 private:
  std::string name_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  mode mode_;
  std::size_t calls_ = 0;
  std::vector<std::string> messages_;
  std::vector<std::string> lines_;
  std::vector<fapilog::uuid> ids_;
};

}  // namespace support
