// SPDX-License-Identifier: MIT
// Which pages of a lane have memory.
#include "support/catch.hpp"

#include <fapilog/queue/lane.hpp>

#include <cstddef>

#include <sys/mman.h>

namespace {
constexpr std::size_t page = 4096;

/// A lane in pages of its own, without an owner.
struct lane_in_pages {
  static constexpr std::size_t capacity = 64 * page;
  static constexpr std::size_t longest = 4 * page;

  std::byte* const pages = static_cast<std::byte*>(fapilog::detail::map_pages(capacity + longest));
  fapilog::detail::lane lane{pages, capacity, longest};

  lane_in_pages() = default;
  lane_in_pages(lane_in_pages const&) = delete;
  lane_in_pages& operator=(lane_in_pages const&) = delete;
  ~lane_in_pages() { fapilog::detail::unmap_pages(pages, capacity + longest); }

  /// Publishes `size` bytes, and lets the worker look at them.
  void publish(std::size_t size) {
    REQUIRE(lane.queue.reserve(size, 0) != nullptr);
    lane.queue.commit(size);
    lane.populate_ahead();
  }
  [[nodiscard]] bool has_memory(std::size_t number) const {
    unsigned char resident = 0;
    REQUIRE(::mincore(pages + number * page, page, &resident) == 0);
    return (resident & 1U) != 0;
  }
};
}  // namespace

TEST_CASE("the worker gives the next page of a lane memory before its thread writes there") {
  lane_in_pages all;
  all.publish(200);
  CHECK_FALSE(all.has_memory(1));  // a thread that logs once takes one page
  for (std::size_t at = 200; at + 200 < 3 * page; at += 200) {
    CAPTURE(at);
    CHECK((at < page / 2 || all.has_memory((at + 200) / page)));
    all.publish(200);
  }
  CHECK_FALSE(all.has_memory(4));
}

TEST_CASE("memory that the worker adds to a lane keeps its content") {
  lane_in_pages all;
  for (std::size_t at = 0; at < 3 * page; at += 16) all.pages[at] = std::byte{0x5A};
  all.publish(page);
  for (std::size_t at = 0; at < 3 * page; at += 16) REQUIRE(all.pages[at] == std::byte{0x5A});
  CHECK(all.has_memory(2));
}
