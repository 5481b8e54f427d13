// SPDX-License-Identifier: MIT
// Which calls of one call site are logged: the first ones, every n-th, or one per period.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/platform.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// The calls of one call site so far. Thread: any.
struct alignas(cache_line) call_history {
  atomic_word<std::uint64_t> site{0};        ///< number of the call site; 0: unused
  atomic_word<std::uint64_t> calls{0};       ///< counted by `first` and `every_nth`
  atomic_word<std::uint64_t> suppressed{0};  ///< since the last call that was logged
  atomic_word<std::uint64_t> reported{0};    ///< suppressed calls before that
  atomic_word<std::int64_t> logged_at{0};    ///< nanoseconds of the steady clock; 0: never
};

/// The histories of all call sites, found by their numbers. Constant size: a call site for which there is no room has no limit.
class call_histories {
 public:
  /// Returns null without room. Throws: never. Thread: any.
  [[nodiscard]] call_history* find(std::uint64_t site) noexcept {
    std::size_t at = number_cast<std::size_t>((site * 0x9E3779B97F4A7C15U) >> (64U - size_bits));
    for (std::size_t probes = 0; probes < max_probes; ++probes, at = (at + 1) % size) {
      std::uint64_t found = sites_[at].site.load_relaxed();
      if (found == site) [[likely]]
        return &sites_[at];
      if (found == 0 && (sites_[at].site.compare_exchange(found, site) || found == site)) return &sites_[at];
    }
    return nullptr;
  }
  [[nodiscard]] std::uint64_t suppressed() const noexcept {
    std::uint64_t sum = 0;
    for (call_history const& one : sites_) sum += one.suppressed.load_relaxed() + one.reported.load_relaxed();
    return sum;
  }

 private:
  static constexpr unsigned size_bits = 11;
  static constexpr std::size_t size = std::size_t{1} << size_bits;
  static constexpr std::size_t max_probes = 64;

  call_history sites_[size];
};
/// All bits are zero, so that it takes no room in the program's file, and memory only for call sites that are used.
inline constinit call_histories limited_sites{};

/// A rule for the calls of one call site.
class call_limit {
 public:
  /// Admits the first `n` calls.
  [[nodiscard]] static call_limit first(std::uint64_t n) noexcept { return {rule::first, n}; }
  /// Admits the first call and then every n-th; 0 means 1.
  [[nodiscard]] static call_limit every_nth(std::uint64_t n) noexcept {
    return {rule::every_nth, n == 0 ? 1 : n};
  }
  /// Admits a call if none was admitted in the last `period`.
  [[nodiscard]] static call_limit every(std::chrono::nanoseconds period) noexcept {
    return {rule::every, static_cast<std::uint64_t>(period.count() < 0 ? 0 : period.count())};
  }

  /// Decides on one call, and counts it. If it is admitted, sets `suppressed` to the number of calls that were not, since
  /// the last one that was. Does not allocate. Throws: never. Thread: any.
  [[nodiscard]] bool admits(call_site where, std::uint64_t& suppressed) const noexcept {
    suppressed = 0;
    call_history* const history = limited_sites.find(where.number());
    if (history == nullptr) [[unlikely]]
      return true;
    if (!is_due(*history)) {
      history->suppressed.fetch_add_relaxed(1);
      return false;
    }
    if (history->suppressed.load_relaxed() != 0) {
      suppressed = history->suppressed.exchange(0);
      history->reported.fetch_add_relaxed(suppressed);
    }
    return true;
  }

 private:
  enum class rule : std::uint8_t { first, every_nth, every };

  call_limit(rule which, std::uint64_t number) noexcept : rule_(which), number_(number) {}

  [[nodiscard]] bool is_due(call_history& history) const noexcept {
    switch (rule_) {
      case rule::first:
        return history.calls.load_relaxed() < number_ && history.calls.fetch_add_relaxed(1) < number_;
      case rule::every_nth: return history.calls.fetch_add_relaxed(1) % number_ == 0;
      case rule::every: break;
    }
    std::int64_t const now =
        std::chrono::nanoseconds{std::chrono::steady_clock::now().time_since_epoch()}.count();
    std::int64_t last = history.logged_at.load_relaxed();
    auto const period = static_cast<std::int64_t>(number_ > INT64_MAX / 2 ? INT64_MAX / 2 : number_);
    bool const is_early = last != 0 && now < last + period;
    return !is_early && history.logged_at.compare_exchange(last, now);
  }

  rule rule_;
  std::uint64_t number_;
};

}  // namespace fapilog::inline v0_1::detail
