// SPDX-License-Identifier: MIT
// A sink and a stage that fail on request.
#pragma once

#include <fapilog/detail/time_limit.hpp>
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

/// How a faulty sink or stage fails when it is called.
enum class fault : std::uint8_t {
  none,
  retry,   ///< a sink returns `write_result::retry`; a stage does the same as for `throws`
  throws,  ///< throws std::runtime_error
  hang,    ///< a sink does not return until the fault changes; a stage does the same as for `throws`
};

/// Takes every record unless a fault is set. Use it through a shared_ptr. Thread: any.
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
      if (fault_ == fault::throws) throw std::runtime_error{"the test set fault::throws"};
      if (fault_ == fault::retry) return write_result::retry("the test set fault::retry");
    }
    std::vector<std::size_t> rejected;
    std::vector<std::uint32_t> accepted;
    for (std::size_t i = 0; rejects_ && i < entries.size(); ++i) {
      if (rejects_(entries[i].event)) {
        rejected.push_back(i);
      } else {
        accepted.push_back(static_cast<std::uint32_t>(i));
      }
    }
    taken_.write(rejected.empty() ? entries : entries.only(accepted));
    return rejected.empty() ? write_result::delivered()
                            : write_result::rejected(std::move(rejected), "the test rejects this record");
  }
  [[nodiscard]] std::string name() const { return name_; }
  [[nodiscard]] sink_health health() const {
    std::lock_guard const lock{mutex_};
    return {fault_ == fault::none, fault_ == fault::none ? "" : "the test set a fault"};
  }

  void set(fault next) {
    std::lock_guard const lock{mutex_};
    fault_ = next;
    changed_.notify_all();
  }
  /// Rejects the records for which `which` returns true. Call it before the runtime starts.
  void reject(std::function<bool(event const&)> which) { rejects_ = std::move(which); }
  /// Waits until `write` was called this often. Returns false after the timeout.
  [[nodiscard]] bool wait_for_calls(std::size_t calls,
                                    detail::time_limit timeout = std::chrono::seconds{60}) const {
    std::unique_lock lock{mutex_};
    return changed_.wait_for(lock, std::chrono::nanoseconds{timeout}, [&] { return calls_ >= calls; });
  }
  /// The records that it took.
  [[nodiscard]] capture const& taken() const noexcept { return taken_; }

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  fault fault_;
  std::string name_;
  std::size_t calls_ = 0;
  std::function<bool(event const&)> rejects_;
  capture taken_;
};

/// A filter, enricher, redactor and processor in one, which does nothing or throws std::runtime_error. Copies share the
/// fault.
class faulty_stage {
 public:
  explicit faulty_stage(fault first = fault::throws) : fault_(std::make_shared<fault>(first)) {}

  /// Must not be called while a runtime with this stage runs.
  void set(fault next) const { *fault_ = next; }

  [[nodiscard]] bool keep(event const&) const { return fail(); }
  void enrich(event&) const { fail(); }
  void redact(event&) const { fail(); }
  [[nodiscard]] bool process(event const&, std::string&) const { return fail(); }
  [[nodiscard]] static std::string name() { return "faulty_stage"; }

 private:
  bool fail() const {
    if (*fault_ != fault::none) throw std::runtime_error{"the test set fault::throws"};
    return true;
  }
  std::shared_ptr<fault> fault_;
};

}  // namespace fapilog::inline v0_1::testing
