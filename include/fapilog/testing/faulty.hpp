// SPDX-License-Identifier: MIT
// A sink and a stage that misbehave when they are told to.
#pragma once

#include <fapilog/record/event.hpp>
#include <fapilog/sinks/sink.hpp>
#include <fapilog/testing/capture.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::testing {

/// What a faulty sink or stage does when it is called.
enum class fault : std::uint8_t {
  none,
  retry,   ///< a sink: asks for the batch again; a stage: as `throws`
  throws,  ///< throws std::runtime_error
  hang,    ///< does not come back until the fault changes
};

/// Takes what it is given, unless it is told otherwise. Use it through a shared_ptr. Thread: any.
class faulty_sink {
 public:
  static constexpr bool may_block = true;

  explicit faulty_sink(fault first = fault::none, std::string name = "faulty")
      : fault_(first), name_(std::move(name)) {}

  write_result write(batch const& entries) {
    {
      std::unique_lock lock{mutex_};
      ++calls_;
      changed_.notify_all();
      changed_.wait(lock, [this] { return fault_ != fault::hang; });
      if (fault_ == fault::throws) throw std::runtime_error{"told to throw"};
      if (fault_ == fault::retry) return write_result::retry("told to fail");
    }
    std::vector<std::size_t> refused;
    for (std::size_t i = 0; refuses_ && i < entries.size(); ++i) {
      if (refuses_(entries[i].event)) refused.push_back(i);
    }
    if (!refused.empty()) return write_result::rejected(std::move(refused), "told to refuse");
    taken_.write(entries);
    return write_result::delivered();
  }
  [[nodiscard]] std::string name() const { return name_; }
  [[nodiscard]] sink_health health() const {
    std::lock_guard const lock{mutex_};
    return {fault_ == fault::none, fault_ == fault::none ? "" : "told to fail"};
  }

  void set(fault next) {
    std::lock_guard const lock{mutex_};
    fault_ = next;
    changed_.notify_all();
  }
  /// Records that are refused for good. Before the runtime begins.
  void refuse(std::function<bool(event const&)> which) { refuses_ = std::move(which); }
  /// Waits until it was called so often. False where it was not in time.
  [[nodiscard]] bool wait_for_calls(std::size_t calls,
                                    std::chrono::nanoseconds timeout = std::chrono::seconds{60}) const {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, timeout, [&] { return calls_ >= calls; });
  }
  /// What it took.
  [[nodiscard]] capture const& taken() const noexcept { return taken_; }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  fault fault_;
  std::string name_;
  std::size_t calls_ = 0;
  std::function<bool(event const&)> refuses_;
  capture taken_;
};

/// A filter, enricher, redactor and processor in one, which does nothing or throws. Copies share the fault.
class faulty_stage {
 public:
  explicit faulty_stage(fault first = fault::throws) : fault_(std::make_shared<fault>(first)) {}

  /// Not while a runtime runs that has it.
  void set(fault next) const { *fault_ = next; }

  [[nodiscard]] bool keep(event const&) const { return fail(); }
  void enrich(event&) const { fail(); }
  void redact(event&) const { fail(); }
  [[nodiscard]] bool process(event const&, std::string&) const { return fail(); }
  [[nodiscard]] static std::string name() { return "faulty_stage"; }

 private:
  bool fail() const {
    if (*fault_ != fault::none) throw std::runtime_error{"told to throw"};
    return true;
  }
  std::shared_ptr<fault> fault_;
};

}  // namespace fapilog::inline v0_1::testing
