// SPDX-License-Identifier: MIT
// The ring of bytes: bounded, contiguous across its end, with a reserve; an empty one starts over.
#include "support/catch.hpp"
#include "support/scale.hpp"

#include <fapilog/queue/ring.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <thread>
#include <vector>

using fapilog::detail::ring;

namespace {

constexpr std::size_t capacity = 1024;
constexpr std::size_t longest = 256;

struct ring_with_memory {
  std::vector<std::byte> memory = std::vector<std::byte>(capacity + longest);
  ring queue{memory.data(), capacity, longest};
};

}  // namespace

TEST_CASE("a ring takes exactly its capacity, and more only after a release") {
  ring_with_memory r;
  for (std::size_t i = 0; i < capacity / 64; ++i) {
    REQUIRE(r.queue.reserve(64, 0) != nullptr);
    r.queue.commit(64);
  }
  CHECK(r.queue.reserve(1, 0) == nullptr);
  r.queue.release(64);
  CHECK(r.queue.reserve(65, 0) == nullptr);
  CHECK(r.queue.reserve(64, 0) != nullptr);
}

TEST_CASE("a reserve is kept free by those who ask for it, and available to all others") {
  ring_with_memory r;
  while (r.queue.reserve(64, 256) != nullptr) r.queue.commit(64);
  CHECK(r.queue.published() == capacity - 256);
  std::size_t more = 0;
  while (r.queue.reserve(64, 0) != nullptr) {
    r.queue.commit(64);
    ++more;
  }
  CHECK(more == 4);
}

TEST_CASE("nothing is published before the commit") {
  ring_with_memory r;
  REQUIRE(r.queue.reserve(64, 0) != nullptr);
  CHECK(r.queue.published() == 0);
  r.queue.commit(64);
  CHECK(r.queue.published() == 64);
}

TEST_CASE("runs of every length stay contiguous and intact across the end") {
  ring_with_memory r;
  std::mt19937 random{7};
  std::uint64_t read = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::size_t const size = 8 * (1 + random() % (longest / 8));
    std::byte* const to = r.queue.reserve(size, 0);
    REQUIRE(to != nullptr);
    auto const value = static_cast<unsigned char>(round);
    std::memset(to, value, size);
    r.queue.commit(size);
    std::byte const* const from = r.queue.at(read);
    bool whole = true;
    for (std::size_t i = 0; i < size; ++i) whole = whole && from[i] == static_cast<std::byte>(value);
    REQUIRE(whole);
    read += size;
    r.queue.release(read);
  }
}

TEST_CASE("a producer that finds the ring empty starts over at the beginning of the memory") {
  constexpr std::size_t large = std::size_t{1} << 20;
  std::vector<std::byte> memory(large + longest);
  ring queue{memory.data(), large, longest};
  std::ptrdiff_t furthest = 0;
  for (std::uint64_t i = 1; i <= 50'000; ++i) {
    std::byte* const to = queue.reserve(128, large / 8);
    REQUIRE(to != nullptr);
    furthest = (std::max)(furthest, to - memory.data());
    queue.commit(128);
    queue.release(128 * i);
  }
  CHECK(furthest < 3 * 4096);
}

TEST_CASE("a ring with a run that waits does not start over") {
  constexpr std::size_t large = std::size_t{1} << 16;
  std::vector<std::byte> memory(large + longest);
  ring queue{memory.data(), large, longest};
  constexpr std::size_t size = 64;
  std::uint64_t published = 0;
  for (std::uint64_t released = 0; released < 7 * large / size / 2; ++released) {
    while (published - released < 3) {  // two runs always wait
      std::byte* const to = queue.reserve(size, 0);
      REQUIRE(to != nullptr);
      std::memcpy(to, &published, sizeof published);
      queue.commit(size);
      ++published;
    }
    std::uint64_t found = 0;
    std::memcpy(&found, queue.at(released * size), sizeof found);
    REQUIRE(found == released);
    queue.release((released + 1) * size);
  }
  queue.release(published * size);
  std::byte* at = queue.reserve(size, 0);
  for (; at != memory.data() && published < 10 * large / size; at = queue.reserve(size, 0)) {
    queue.commit(size);
    ++published;
    queue.release(published * size);
  }
  CHECK(at == memory.data());
}

TEST_CASE("a ring that starts over has room for its whole capacity") {
  ring_with_memory r;
  for (std::uint64_t i = 1; i <= 5; ++i) {
    REQUIRE(r.queue.reserve(200, 0) != nullptr);
    r.queue.commit(200);
    r.queue.release(200 * i);
  }
  std::size_t count = 0;
  for (; r.queue.reserve(64, 0) != nullptr; ++count) r.queue.commit(64);
  CHECK(count == capacity / 64);
}

TEST_CASE("one producer and one consumer pass every run in order") {
  constexpr std::uint64_t runs = support::scaled(2'000'000, 100'000);
  // In a large ring, the producer starts over again and again; a small one is often full.
  for (std::size_t const bytes : {capacity, std::size_t{64} * 1024}) {
    std::vector<std::byte> memory(bytes + longest);
    ring queue{memory.data(), bytes, longest};
    std::thread producer{[&] {
      for (std::uint64_t i = 0; i < runs; ++i) {
        std::size_t const size = 16 + 8 * (i % 8);
        std::byte* to = nullptr;
        while ((to = queue.reserve(size, 0)) == nullptr) std::this_thread::yield();
        std::uint64_t const head[2] = {i, size};
        std::memcpy(to, head, sizeof head);
        queue.commit(size);
        if (i % 4096 == 0) std::this_thread::yield();
      }
    }};
    std::uint64_t at = 0;
    std::uint64_t wrong = 0;
    for (std::uint64_t expected = 0; expected < runs;) {
      std::uint64_t const end = queue.published();
      if (at == end) std::this_thread::yield();
      for (; at < end; ++expected) {
        std::uint64_t head[2];
        std::memcpy(head, queue.at(at), sizeof head);
        wrong += head[0] == expected ? 0 : 1;
        at += head[1];
        queue.release(at);
      }
    }
    producer.join();
    CHECK(wrong == 0);
  }
}
