// SPDX-License-Identifier: MIT
// The policy that decides when the worker naps and when it sleeps, with recorded rhythms under a clock of the test.
#include "support/catch.hpp"

#include <fapilog/worker/idle_policy.hpp>

#include <chrono>
#include <cstdint>
#include <vector>

using namespace std::chrono_literals;

namespace {

using fapilog::detail::idle_policy;
using std::chrono::nanoseconds;

/// Runs a policy through gaps between records. A nap takes its length.
struct simulated_worker {
  explicit simulated_worker(double budget = 0.01) : policy(budget) {}

  struct result {
    int wake_ups = 0;  ///< records that found the worker asleep: their calls paid
    int naps = 0;
    nanoseconds latest{0};  ///< longest time between a record and the end of the nap that found it
  };

  void pass(nanoseconds gap) {
    policy.no_record(now);
    nanoseconds idle{0};
    bool is_asleep = false;
    while (idle < gap && !is_asleep) {
      auto const nap = policy.next_nap();
      if (!nap) {
        is_asleep = true;
        break;
      }
      policy.napped(*nap);
      ++seen.naps;
      idle += *nap;
    }
    if (is_asleep) {
      policy.slept(gap - idle);
      ++seen.wake_ups;
      now += gap;
    } else {
      seen.latest = std::max(seen.latest, idle - gap);
      now += idle;
    }
    policy.record_found();
  }
  /// Passes these gaps and returns what happened meanwhile.
  result run(std::vector<nanoseconds> const& gaps) {
    seen = {};
    for (nanoseconds const gap : gaps) pass(gap);
    return seen;
  }
  result run(nanoseconds gap, std::size_t count) { return run(std::vector<nanoseconds>(count, gap)); }

  idle_policy policy;
  idle_policy::clock::time_point now{1h};
  result seen;
};

}  // namespace

TEST_CASE("with a steady rhythm of up to 100 ms, no call wakes the worker once two gaps are known") {
  for (auto const gap : {1ms, 5ms, 20ms, 100ms}) {
    INFO(gap.count() << " ms");
    simulated_worker worker;
    worker.run(gap, 2);
    auto const steady = worker.run(gap, 500);
    CHECK(steady.wake_ups == 0);
    CHECK(steady.latest <= idle_policy::longest_nap);
  }
}

TEST_CASE("naps of a steady rhythm stay within the budget") {
  for (auto const gap : {2ms, 5ms, 20ms, 100ms}) {
    INFO(gap.count() << " ms");
    simulated_worker worker;
    worker.run(gap, 20);
    auto const begin = worker.now;
    auto const steady = worker.run(gap, 500);
    auto const spent = steady.naps * idle_policy::nap_cost;
    // The credit that was saved before is not part of the share.
    CHECK(spent <= (worker.now - begin) / 100 + 1ms);
    CHECK(steady.wake_ups == 0);
  }
}

TEST_CASE("bursts keep the worker awake within the burst and until the next one") {
  simulated_worker worker;
  std::vector<nanoseconds> burst(19, 10us);
  burst.push_back(50ms);
  for (int i = 0; i < 3; ++i) worker.run(burst);
  for (int i = 0; i < 50; ++i) {
    auto const seen = worker.run(burst);
    CHECK(seen.wake_ups == 0);
  }
}

TEST_CASE("a request every second costs one wake-up each, and no naps but the first ones") {
  simulated_worker worker;
  worker.run(1s, 8);
  auto const seen = worker.run(1s, 20);
  CHECK(seen.wake_ups == 20);
  CHECK(seen.naps <= 20 * 20);  // 2 ms of naps that grow from 50 us
}

TEST_CASE("a request every second with several records in it naps between them and sleeps between requests") {
  simulated_worker worker;
  std::vector<nanoseconds> request(10, 8ms);
  request.push_back(900ms);
  for (int i = 0; i < 3; ++i) worker.run(request);
  auto const seen = worker.run(request);
  CHECK(seen.wake_ups == 1);
  CHECK(seen.latest <= idle_policy::longest_nap);
}

TEST_CASE("after the traffic has ended, the worker sleeps within half a second and makes no nap after that") {
  for (auto const gap : {1ms, 20ms, 100ms, 240ms}) {
    simulated_worker worker;
    worker.run(gap, 100);
    worker.policy.no_record(worker.now);
    nanoseconds idle{0};
    while (auto const nap = worker.policy.next_nap()) {
      worker.policy.napped(*nap);
      idle += *nap;
      REQUIRE(idle <= 500ms);
    }
    // Other work, such as a batch that is due, does not begin a new idle period.
    worker.now += 1h;
    worker.policy.slept(1h);
    worker.policy.no_record(worker.now);
    CHECK_FALSE(worker.policy.next_nap());
  }
}

TEST_CASE("after a night of silence, one call wakes the worker, and the rhythm of the day is known") {
  simulated_worker worker;
  worker.run(20ms, 100);
  CHECK(worker.run(8h, 1).wake_ups == 1);
  CHECK(worker.run(20ms, 100).wake_ups == 0);
}

TEST_CASE("a rhythm that changes is learned anew") {
  simulated_worker worker;
  worker.run(1ms, 100);
  CHECK(worker.run(50ms, 10).wake_ups <= 2);
  CHECK(worker.run(1s, 20).wake_ups == 20);
  worker.run(5ms, 2);
  CHECK(worker.run(5ms, 50).wake_ups == 0);
}

TEST_CASE("time in which a nap was not scheduled is not idleness") {
  // Each nap takes ten times as long as it was asked for, because the machine is busy.
  simulated_worker worker;
  worker.run(20ms, 10);
  for (int i = 0; i < 100; ++i) {
    worker.policy.no_record(worker.now);
    auto const end = worker.now + 20ms;
    while (worker.now < end) {
      auto const nap = worker.policy.next_nap();
      REQUIRE(nap);
      worker.now += 10 * *nap;
      worker.policy.napped(*nap);
    }
    worker.policy.record_found();
  }
}

TEST_CASE("without a budget there are no naps, and with a small one they end early") {
  simulated_worker none{0};
  CHECK(none.run(1ms, 100).naps == 0);
  simulated_worker small{0.0001};
  small.run(20ms, 10);
  auto const begin = small.now;
  auto const seen = small.run(20ms, 500);
  CHECK(seen.naps * idle_policy::nap_cost <= (small.now - begin) / 1000);
}
