// SPDX-License-Identifier: MIT
// The bounded queue in front of one sink: order, bound, merging and counts.
#include "support/batches.hpp"
#include "support/catch.hpp"

#include <fapilog/delivery/batch_queue.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using fapilog::detail::batch_part;
using fapilog::detail::batch_queue;

namespace {

batch_part part_of(std::vector<std::string> const& lines) {
  return {support::lines_batch(lines), {}, nullptr};
}

std::string first_line(batch_part const& part) { return std::string{part.entries[0].json}; }

}  // namespace

TEST_CASE("a batch queue returns its parts first in, first out") {
  batch_queue queue{1 << 20};
  CHECK(queue.empty());
  for (char const* line : {"1", "2", "3"}) queue.push(part_of({line}));
  CHECK(queue.size() == 3);
  for (char const* line : {"1", "2", "3"}) {
    auto const taken = queue.take(0);
    CHECK(taken.count() == 1);
    CHECK(first_line(taken) == line);
  }
  CHECK(queue.empty());
}

TEST_CASE("an empty batch queue has room for a part of any size") {
  batch_queue queue{1};
  auto part = part_of({std::string(1'000, 'x')});
  CHECK(queue.has_room_for(part));
  queue.push(std::move(part));
  CHECK_FALSE(queue.has_room_for(part_of({"x"})));
}

TEST_CASE("a part counts towards the bound of the queue until it is finished") {
  auto const size = part_of({"x"}).bytes();
  batch_queue queue{2 * size};
  queue.push(part_of({"1"}));
  CHECK(queue.has_room_for(part_of({"2"})));
  queue.push(part_of({"2"}));
  CHECK(queue.bytes() == 2 * size);
  CHECK_FALSE(queue.has_room_for(part_of({"3"})));
  auto const taken = queue.take(0);
  CHECK(queue.bytes() == 2 * size);
  CHECK(queue.finished() == 0);
  queue.finish(taken);
  CHECK(queue.bytes() == size);
  CHECK(queue.pushed() == 2);
  CHECK(queue.finished() == 1);
  queue.finish_front();
  CHECK(queue.empty());
  CHECK(queue.bytes() == 0);
  CHECK(queue.finished() == 2);
}

TEST_CASE("a batch queue whose parts are all taken has no room until they are finished") {
  batch_queue queue{part_of({"x"}).bytes()};
  queue.push(part_of({"1"}));
  auto const taken = queue.take(0);
  REQUIRE(queue.empty());
  CHECK_FALSE(queue.has_room_for(part_of({"2"})));
  queue.finish(taken);
  CHECK(queue.has_room_for(part_of({"2"})));
}

TEST_CASE("a batch queue merges parts up to the batch size of the sink") {
  batch_queue queue{1 << 20};
  for (int i = 0; i < 5; ++i) queue.push(part_of({"a", "b", "c"}));
  auto const bytes = queue.bytes();
  auto const merged = queue.take(8);
  CHECK(merged.count() == 2);
  CHECK(merged.parts.size() == 2);
  CHECK(queue.size() == 3);
  CHECK(queue.bytes() == bytes);
  queue.finish(merged);
  CHECK(queue.finished() == 2);
  CHECK(queue.take(9).count() == 3);
}

TEST_CASE("a batch queue does not merge a part that is larger than the sink's batch size") {
  batch_queue queue{1 << 20};
  queue.push(part_of({"a", "b", "c"}));
  queue.push(part_of({"d"}));
  CHECK(queue.take(2).count() == 1);
}

TEST_CASE("a batch queue merges no more than a quarter of what it may hold") {
  auto const size = part_of({"a"}).bytes();
  batch_queue queue{12 * size};
  for (int i = 0; i < 12; ++i) queue.push(part_of({"a"}));
  auto const merged = queue.take(1'000);
  CHECK(merged.count() == 3);
  queue.finish(merged);
  CHECK(queue.has_room_for(part_of({"b"})));
}

TEST_CASE("a batch queue merges no more than 4 MiB of lines") {
  batch_queue queue{1 << 30};
  for (int i = 0; i < 3; ++i) queue.push(part_of({std::string(std::size_t{3} << 19, 'x')}));  // 1.5 MiB each
  CHECK(queue.take(1'000).count() == 2);
}
