// SPDX-License-Identifier: MIT
// Counters and histograms of a runtime, and the form in which they are collected.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

enum class metric_kind : std::uint8_t { counter, gauge, histogram };

/// A snapshot of one metric, with its Prometheus name.
struct metric {
  struct bucket {
    double upper;         ///< inclusive upper bound
    std::uint64_t count;  ///< observations up to the bound, including those of lower buckets
  };

  std::string name = {};
  std::string help = {};
  metric_kind kind = metric_kind::counter;
  std::vector<std::pair<std::string, std::string>> labels = {};
  double value = 0;                  ///< of a counter or gauge; sum of the observations of a histogram
  std::vector<bucket> buckets = {};  ///< of a histogram, without the bucket for infinity
  std::uint64_t count = 0;           ///< number of observations of a histogram
};
using metric_list = std::vector<metric>;

/// An atomic number. A copy starts with the same value. Thread: any. Throws: never.
class counter {
 public:
  counter() noexcept = default;
  counter(counter const& other) noexcept : value_(other.value()) {}
  counter& operator=(counter const& other) noexcept {
    value_.store(other.value(), std::memory_order_relaxed);
    return *this;
  }
  void add(std::uint64_t count = 1) noexcept { value_.fetch_add(count, std::memory_order_relaxed); }
  /// For gauges.
  void subtract(std::uint64_t count) noexcept { value_.fetch_sub(count, std::memory_order_relaxed); }
  void set(std::uint64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
  /// Sets the maximum of the current and the new value.
  void raise_to(std::uint64_t value) noexcept {
    std::uint64_t now = value_.load(std::memory_order_relaxed);
    while (now < value && !value_.compare_exchange_weak(now, value, std::memory_order_relaxed)) {
    }
  }
  [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

/// Counts observations in buckets. Thread: any. Throws: only `collect_into`, std::bad_alloc.
template <std::size_t N>
class histogram {
 public:
  /// `bounds` are the inclusive upper bounds of the buckets, in ascending order.
  explicit constexpr histogram(std::array<double, N> const& bounds) noexcept : bounds_(bounds) {}

  void observe(double value) noexcept {
    auto const at = std::lower_bound(bounds_.begin(), bounds_.end(), value) - bounds_.begin();
    counts_[static_cast<std::size_t>(at)].add();
    constexpr double billion = 1e9;
    sum_billionths_.add(value > 0 ? static_cast<std::uint64_t>(value * billion) : 0);
  }
  void collect_into(metric& m) const {
    constexpr double billion = 1e9;
    m.kind = metric_kind::histogram;
    m.buckets.clear();
    std::uint64_t total = 0;
    for (std::size_t i = 0; i < N; ++i) {
      total += counts_[i].value();
      m.buckets.push_back({bounds_[i], total});
    }
    m.count = total + counts_[N].value();
    m.value = static_cast<double>(sum_billionths_.value()) / billion;
  }

 private:
  std::array<double, N> bounds_;
  std::array<counter, N + 1> counts_;
  counter sum_billionths_;
};

}  // namespace fapilog::inline v0_1
