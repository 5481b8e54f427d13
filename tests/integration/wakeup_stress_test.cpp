// SPDX-License-Identifier: MIT
// A million sleeps and wake-ups: the enqueue event has no timeout here, so a lost wake-up would hang the test.
#include "support/catch.hpp"
#include "support/scale.hpp"

#include <fapilog/queue/enqueue_event.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <thread>

namespace {

/// Two threads that wake each other in turn; each round both go to sleep once.
template <class Barrier>
void ping_pong(Barrier const& barrier, std::uint64_t rounds) {
  fapilog::detail::basic_enqueue_event<Barrier> there{barrier};
  fapilog::detail::basic_enqueue_event<Barrier> back{barrier};
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> answered{0};
  std::atomic<std::uint64_t> progress{0};
  std::mutex mutex;
  std::condition_variable ended;
  bool done = false;

  // Ends the process after a minute without progress, so that a hang is not taken for slowness.
  std::thread guard{[&] {
    std::unique_lock lock{mutex};
    for (std::uint64_t last = 0; !ended.wait_for(lock, std::chrono::minutes{1}, [&] { return done; });) {
      if (progress == last) {
        std::fputs("a wake-up was lost\n", stderr);
        std::abort();
      }
      last = progress;
    }
  }};
  std::thread answerer{[&] {
    for (std::uint64_t round = 1; round <= rounds; ++round) {
      while (sent.load(std::memory_order_acquire) < round) {
        there.wait(std::nullopt, [&] { return sent.load(std::memory_order_acquire) >= round; });
      }
      answered.store(round, std::memory_order_release);
      back.signal();
    }
  }};
  for (std::uint64_t round = 1; round <= rounds; ++round) {
    sent.store(round, std::memory_order_release);
    there.signal();
    while (answered.load(std::memory_order_acquire) < round) {
      back.wait(std::nullopt, [&] { return answered.load(std::memory_order_acquire) >= round; });
    }
    progress.store(round, std::memory_order_relaxed);
  }
  answerer.join();
  {
    std::lock_guard const lock{mutex};
    done = true;
  }
  ended.notify_one();
  guard.join();
  CHECK(answered == rounds);
}

constexpr std::uint64_t rounds = support::scaled(500'000, 5'000);  // two sleeps each

}  // namespace

TEST_CASE("a million sleeps with the fence on both sides lose no wake-up", "[slow]") {
  ping_pong(fapilog::detail::fence_barrier{}, rounds);
}

TEST_CASE("a million sleeps with the asymmetric barrier lose no wake-up", "[slow]") {
  bool const usable = fapilog::detail::register_membarrier();
  if (!usable) WARN("the kernel has no membarrier: the portable fence is used instead");
  ping_pong(fapilog::detail::asymmetric_barrier{usable}, rounds);
}

TEST_CASE("the asymmetric barrier works as a fence if the kernel refuses membarrier", "[slow]") {
  ping_pong(fapilog::detail::asymmetric_barrier{false}, rounds / 10);
}
