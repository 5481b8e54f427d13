// SPDX-License-Identifier: MIT
// The sink that takes records which the main sink could not take.
#pragma once

#include <fapilog/delivery/arrived_entries.hpp>
#include <fapilog/delivery/sink_guard.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/sink.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Started when it is first needed, so a file that is never needed is never created. Each batch is written once: there is no
/// retry. Thread: any; the worker calls it if the sink's queue is full, and the sink's thread if the sink fails.
class fallback {
 public:
  explicit fallback(std::optional<any_sink> sink) : sink_(std::move(sink)) {}

  [[nodiscard]] bool exists() const noexcept { return sink_.has_value(); }

  /// Writes the entries, but not those of a recovered batch that it has already. Returns true for each entry that the
  /// fallback took or had.
  [[nodiscard, gnu::cold]] std::vector<bool> write(batch const& entries, start_context const& context,
                                                   sink_guard const& guard) {
    std::vector<bool> taken(entries.size());
    if (!sink_) return taken;
    std::lock_guard const lock{mutex_};
    guard.call("the fallback threw", [&] {
      if (!is_started_) sink_->start(context);
      is_started_ = true;
      if (entries.is_recovered()) return write_missing(entries, taken, guard);
      taken = write_all(entries, guard);
    });
    return taken;
  }
  [[gnu::cold]] void flush(sink_guard const& guard) {
    std::lock_guard const lock{mutex_};
    if (is_started_) guard.call("the fallback threw in flush", [this] { sink_->flush(); });
  }
  [[gnu::cold]] void stop(sink_guard const& guard) {
    std::lock_guard const lock{mutex_};
    if (is_started_) guard.call("the fallback threw in stop", [this] { sink_->stop(); });
  }

 private:
  [[nodiscard, gnu::cold]] std::vector<bool> write_all(batch const& entries, sink_guard const& guard) {
    std::vector<bool> taken(entries.size());
    write_result const result = sink_->write(entries);
    std::size_t const first_left =
        result.outcome() == write_outcome::retry && result.entries_to_retry().empty()
            ? result.first_to_retry()
            : taken.size();
    std::fill_n(taken.begin(), (std::min)(first_left, taken.size()), true);
    for (auto const* left : {&result.entries_to_retry(), &result.rejected_entries()}) {
      for (std::size_t const index : *left) {
        if (index < taken.size()) taken[index] = false;
      }
    }
    if (!result) guard.warn("the fallback failed too", result.reason());
    return taken;
  }
  /// Writes the entries that the fallback does not have yet.
  [[gnu::cold]] void write_missing(batch const& entries, std::vector<bool>& taken, sink_guard const& guard) {
    taken = arrived_entries(*sink_, entries, guard);
    taken.resize(entries.size());
    std::vector<std::uint32_t> missing;
    for (std::size_t i = 0; i < taken.size(); ++i) {
      if (!taken[i]) missing.push_back(static_cast<std::uint32_t>(i));
    }
    if (missing.empty()) return;
    std::vector<bool> const written = write_all(entries.only(missing), guard);
    for (std::size_t i = 0; i < missing.size(); ++i) taken[missing[i]] = written[i];
  }

  std::optional<any_sink> sink_;
  bool is_started_ = false;
  std::mutex mutex_;
};

}  // namespace fapilog::inline v0_1::detail
