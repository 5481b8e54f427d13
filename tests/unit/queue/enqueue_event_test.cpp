// SPDX-License-Identifier: MIT
// Who ends a sleep that has a deadline: a log call, the deadline, or an interrupt.
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/thread_state.hpp"

#include <fapilog/queue/enqueue_event.hpp>

#include <atomic>
#include <chrono>
#include <thread>

using namespace std::chrono_literals;

namespace {

using sleep_clock = std::chrono::steady_clock;
using fapilog::detail::enqueue_event;

/// A worker that sleeps until `deadline`, or until something else ends that.
struct sleeping_worker {
  sleeping_worker(sleep_clock::time_point deadline, std::chrono::nanoseconds undisturbed)
      : thread([=, this] {
          id = support::this_thread_id();
          event.wait(
              deadline, [] { return false; }, undisturbed);
          end = sleep_clock::now();
        }) {
    REQUIRE(support::eventually(
        [this] { return event.may_have_to_signal().load_acquire() && support::is_asleep(id); }));
  }

  enqueue_event event{fapilog::detail::asymmetric_barrier{fapilog::detail::register_membarrier()}};
  std::atomic<::pid_t> id{0};
  sleep_clock::time_point end;
  std::thread thread;
};

}  // namespace

TEST_CASE("a log call leaves a sleep that is about to end by itself to its deadline") {
  if (!fapilog::detail::register_membarrier()) return;
  auto const deadline = sleep_clock::now() + 300ms;
  sleeping_worker worker{deadline, 1h};
  worker.event.signal();
  worker.thread.join();
  CHECK(worker.end >= deadline);
}

TEST_CASE("a log call ends a sleep whose deadline is far") {
  if (!fapilog::detail::register_membarrier()) return;
  auto const deadline = sleep_clock::now() + 1h;
  sleeping_worker worker{deadline, 1ms};
  worker.event.signal();
  worker.thread.join();
  CHECK(worker.end < deadline);
}

TEST_CASE("an interrupt ends a sleep that is about to end by itself") {
  if (!fapilog::detail::register_membarrier()) return;
  auto const deadline = sleep_clock::now() + 1h;
  sleeping_worker worker{deadline, 2h};
  worker.event.signal();
  worker.event.interrupt();
  worker.thread.join();
  CHECK(worker.end < deadline);
}

TEST_CASE("an interrupt ends a sleep that no log call has ended") {
  if (!fapilog::detail::register_membarrier()) return;
  auto const deadline = sleep_clock::now() + 1h;
  sleeping_worker worker{deadline, 1ms};
  worker.event.interrupt();
  worker.thread.join();
  CHECK(worker.end < deadline);
}
