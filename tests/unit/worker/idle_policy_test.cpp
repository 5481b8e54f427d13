// SPDX-License-Identifier: MIT
// The policy that decides when the worker naps and when it sleeps, with recorded rhythms under a clock of the test.
#include "support/catch.hpp"

#include <fapilog/worker/idle_policy.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <random>
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
    int silences = 0;       ///< sleeps with a timeout
    nanoseconds latest{0};  ///< longest time between a record and the end of the nap that found it
  };

  void pass(nanoseconds gap) {
    policy.no_record(now, 1);
    nanoseconds idle{0};
    bool is_asleep = false;
    while (idle < gap && !is_asleep) {
      if (auto const silence = policy.expected_silence(); silence > 0ns) {
        ++seen.silences;
        is_asleep = idle + silence > gap;
        if (is_asleep) {
          policy.expectation_failed();
          break;
        }
        policy.slept(silence);
        idle += silence;
        continue;
      }
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

TEST_CASE("with a steady rhythm of up to 100 ms, no call wakes the worker, also before it knows the rhythm") {
  for (auto const gap : {1ms, 5ms, 20ms, 100ms}) {
    INFO(gap.count() << " ms");
    simulated_worker worker;
    auto const steady = worker.run(gap, 500);
    CHECK(steady.wake_ups == 0);
    CHECK(steady.latest <= idle_policy::longest_nap);
    simulated_worker started_earlier;
    started_earlier.run(10s, 1);
    CHECK(started_earlier.run(gap, 500).wake_ups == 0);
  }
}

TEST_CASE("in a steady rhythm, the worker sleeps until shortly before the next record") {
  for (auto const gap : {10ms, 20ms, 100ms}) {
    INFO(gap.count() << " ms");
    simulated_worker worker;
    worker.run(gap, 20);
    auto const steady = worker.run(gap, 100);
    CHECK(steady.silences == 100);
    CHECK(steady.naps <= 100 * (gap / 6ms + 5));
    CHECK(steady.wake_ups == 0);
    CHECK(steady.latest <= idle_policy::longest_nap);
  }
}

TEST_CASE("a record that comes earlier than expected wakes the worker, and for long no other one does") {
  simulated_worker worker;
  worker.run(20ms, 20);
  CHECK(worker.run(8ms, 1).wake_ups == 1);
  auto const seen = worker.run(20ms, 450);
  CHECK(seen.wake_ups == 0);
  CHECK(seen.silences == 0);
  worker.run(20ms, 100);
  CHECK(worker.run(20ms, 10).silences == 10);
}

TEST_CASE("records that follow at once are no surprise in a steady rhythm") {
  simulated_worker worker;
  for (int i = 0; i < 20; ++i) worker.run({50us, 500us, 20ms});
  for (int i = 0; i < 50; ++i) CHECK(worker.run({50us, 500us, 20ms}).wake_ups == 0);
}

TEST_CASE("records at random times are not taken for a steady rhythm") {
  std::mt19937 random{11};
  simulated_worker worker;
  int silences = 0;
  for (int i = 0; i < 2'000; ++i) {
    double const share = (static_cast<double>(random() % 10'000) + 1) / 10'001;
    silences += worker.run(nanoseconds{static_cast<std::int64_t>(-std::log(share) * 20e6)}, 1).silences;
  }
  CHECK(silences < 20);
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

TEST_CASE("while records stream, a nap gathers a few of them, and the sooner the faster they come") {
  simulated_worker worker{0.5};
  // Starts with slow traffic: the policy must learn a faster rate within a few naps.
  worker.run(5ms, 20);
  for (auto const gap : {270us, 20us, 5us, 270us}) {
    INFO("a record every " << gap.count() << " us");
    int naps = 0;
    std::int64_t most = 0;
    std::int64_t all = 0;
    for (int i = 0; i < 1'000; ++i) {
      auto const nap = worker.policy.next_nap();
      REQUIRE(nap);
      worker.policy.napped(*nap);
      worker.now += *nap;
      std::int64_t const records = std::max<std::int64_t>(*nap / gap, 1);
      worker.policy.record_found();
      worker.policy.no_record(worker.now, records);
      if (i < 10) continue;
      ++naps;
      all += records;
      most = std::max(most, records);
    }
    bool const is_slow = gap * idle_policy::gathered >= idle_policy::longest_nap;
    std::int64_t const expected = is_slow ? idle_policy::longest_nap / gap : idle_policy::gathered;
    CHECK(all / naps >= expected - 1);
    CHECK(all / naps <= expected + 1);
    CHECK(most <= idle_policy::longest_nap / gap);
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
    worker.policy.no_record(worker.now, 0);
    nanoseconds idle{0};
    while (auto const nap = worker.policy.next_nap()) {
      worker.policy.napped(*nap);
      idle += *nap;
      REQUIRE(idle <= 500ms);
    }
    // Other work, such as a batch that is due, does not begin a new idle period.
    worker.now += 1h;
    worker.policy.slept(1h);
    worker.policy.no_record(worker.now, 0);
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
    worker.policy.no_record(worker.now, 0);
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

TEST_CASE("an expected silence ends no later if the naps before it took longer than asked for") {
  idle_policy policy{0.01};
  auto const silence_after = [&policy](nanoseconds late) {
    nanoseconds idle{0};
    while (policy.expected_silence() == 0ns && idle < 20ms) {
      auto const nap = policy.next_nap();
      REQUIRE(nap);
      policy.napped(*nap, late);
      idle += *nap + late;
    }
    nanoseconds const until = policy.expected_silence() > 0ns ? idle + policy.expected_silence() : 0ns;
    if (until > 0ns) policy.slept(20ms - idle);
    policy.record_found();
    return until;
  };
  for (int i = 0; i < 20; ++i) (void)silence_after(0ns);
  nanoseconds const on_time = silence_after(0ns);
  REQUIRE(on_time > 0ns);
  CHECK(silence_after(100us) == on_time);
}
