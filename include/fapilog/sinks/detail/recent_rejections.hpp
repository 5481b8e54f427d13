// SPDX-License-Identifier: MIT
// How many of the latest records the destination rejected, for the health of a sink.
#pragma once

#include <fapilog/detail/text/concat.hpp>

#include <cstdint>
#include <string>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Remembers the last 1000 to 2000 records, or the last batch if it is larger. Thread: one at a time.
class recent_rejections {
 public:
  void add(std::uint64_t records, std::uint64_t refused) noexcept {
    constexpr std::uint64_t period = 1'000;
    latest_.records += records;
    latest_.refused += refused;
    if (latest_.records >= period) earlier_ = std::exchange(latest_, {});
  }
  [[gnu::cold]] void set_last_reason(std::string reason) { last_reason_ = std::move(reason); }

  /// True if more than one in ten records was refused.
  [[nodiscard]] bool are_many() const noexcept { return refused() * 10 > records(); }
  /// Empty if no record was refused.
  [[nodiscard, gnu::cold]] std::string description() const {
    if (refused() == 0) return {};
    return concat({std::to_string(refused()), " of the last ", std::to_string(records()),
                   " records rejected, the last one because of: ", last_reason_});
  }

 private:
  struct period_counts {
    std::uint64_t records = 0;
    std::uint64_t refused = 0;
  };
  [[nodiscard]] std::uint64_t records() const noexcept { return earlier_.records + latest_.records; }
  [[nodiscard]] std::uint64_t refused() const noexcept { return earlier_.refused + latest_.refused; }

  period_counts earlier_;
  period_counts latest_;
  std::string last_reason_;
};

}  // namespace fapilog::inline v0_1::detail
