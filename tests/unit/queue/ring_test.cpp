// SPDX-License-Identifier: MIT
// The ring of bytes: bounded, contiguous across its end, with a reserve.
#include "support/catch.hpp"
#include "support/scale.hpp"

#include <fapilog/queue/ring.hpp>

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
  CHECK(r.queue.reserve(8, 0) == nullptr);
  r.queue.release(64);
  CHECK(r.queue.reserve(72, 0) == nullptr);
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

TEST_CASE("one producer and one consumer pass every run in order") {
  ring_with_memory r;
  constexpr std::uint64_t runs = support::scaled(2'000'000, 100'000);
  std::thread producer{[&] {
    for (std::uint64_t i = 0; i < runs; ++i) {
      std::size_t const size = 16 + 8 * (i % 8);
      std::byte* to = nullptr;
      while ((to = r.queue.reserve(size, 0)) == nullptr) std::this_thread::yield();
      std::uint64_t const head[2] = {i, size};
      std::memcpy(to, head, sizeof head);
      r.queue.commit(size);
    }
  }};
  std::uint64_t at = 0;
  std::uint64_t wrong = 0;
  for (std::uint64_t expected = 0; expected < runs;) {
    std::uint64_t const end = r.queue.published();
    if (at == end) std::this_thread::yield();
    for (; at < end; ++expected) {
      std::uint64_t head[2];
      std::memcpy(head, r.queue.at(at), sizeof head);
      wrong += head[0] == expected ? 0 : 1;
      at += head[1];
      r.queue.release(at);
    }
  }
  producer.join();
  CHECK(wrong == 0);
}
