// SPDX-License-Identifier: MIT
// Choices that options name and the engine acts on: what happens when a lane is full or a sink fails.
#pragma once

#include <fapilog/detail/setting.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>
#include <utility>

namespace fapilog {

/// What a call does when its thread's lane is full.
enum class when_full : std::uint8_t {
  drop,   ///< give the record up at once; it is counted
  wait,   ///< wait for at most `backpressure_wait`, then give it up
  block,  ///< wait until there is room, however long that takes
};

/// How often and how soon a batch is offered to a sink again.
struct retry_options {
  std::uint32_t attempts = 3;                 ///< in all; while a sink keeps failing each new batch has one
  std::chrono::milliseconds first_delay{10};  ///< doubled each time
  std::chrono::milliseconds longest_delay{200};  ///< the worker waits that long at most

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(
        detail::setting{.name = "attempts",
                        .text =
                            "How often a batch is offered to a sink in all; while a sink keeps failing each "
                            "new batch is offered once.",
                        .least = 1},
        self.attempts);
    visit(detail::setting{.name = "first_delay",
                          .text = "The wait before the second attempt; doubled each time."},
          self.first_delay);
    visit(detail::setting{.name = "longest_delay", .text = "The longest wait between two attempts."},
          self.longest_delay);
  }
};

namespace detail {
template <>
struct enum_names<when_full> {
  static constexpr std::array<std::pair<when_full, std::string_view>, 3> names{
      {{when_full::drop, "drop"}, {when_full::wait, "wait"}, {when_full::block, "block"}}};
};
}  // namespace detail

}  // namespace fapilog
