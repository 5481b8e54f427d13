// SPDX-License-Identifier: MIT
// Logs numbered records at a steady rate to the sink that the environment chooses, while the script chaos disturbs its receiver:
// bench_chaos_load RECORDS RATE. A quarter of RECORDS before and after the disturbed ones is not disturbed. Writes `chaos PERCENT`
// lines as the disturbed part goes on, `health` lines when the sink becomes healthy or unhealthy, then what a call cost its caller and
// the account as JSON.
#include "../../examples/cli/all_plugins.hpp"
#include "../support/eventually.hpp"
#include "harness/measure.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/settings.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace {

constexpr std::size_t callers = 2;
constexpr std::chrono::milliseconds period{
    2};  // each caller logs a few records, as a request does, then sleeps

struct part {
  std::size_t records;   ///< of each caller
  bench::samples calls;  ///< nanoseconds
};

void say(std::string const& line) {
  std::printf("%s\n", line.c_str());
  std::fflush(stdout);
}

/// Logs the records of one part in all callers. `progress` is called with the percentage that is logged.
template <class Progress>
void log_part(fapilog::logger const& log, part& to, std::size_t first, std::size_t in_period,
              Progress const& progress) {
  std::array<bench::samples, callers> measured;
  std::vector<std::thread> threads;
  for (std::size_t c = 0; c < callers; ++c) {
    threads.emplace_back([&, c] {
      measured[c].reserve(to.records);
      auto next = bench::clock::now();
      for (std::size_t i = 0; i < to.records; ++i) {
        if (i % in_period == 0) {
          next += period;
          std::this_thread::sleep_until(next);
          if (c == 0) progress(i * 100 / to.records);
        }
        std::uint64_t const begin = bench::ticks();
        log.info("request handled", fapilog::kv("chaos_number", first + i * callers + c),
                 fapilog::kv("user_id", "user-00012345"),
                 fapilog::kv("status", 200 + static_cast<int>(i % 8)),
                 fapilog::kv("latency_ms", static_cast<double>(i) * 0.25),
                 fapilog::kv("path", "/api/v1/orders/8812/items/17"));
        measured[c].add(static_cast<double>(bench::ticks() - begin) * bench::ns_per_tick());
      }
    });
  }
  for (std::thread& one : threads) one.join();
  for (bench::samples const& one : measured) to.calls.add(one);
}

/// Waits until nothing is in the queue or the spool; at most five minutes, unless something arrives.
void wait_until_delivered(fapilog::runtime const& rt) {
  std::uint64_t before = 0;
  auto since = bench::clock::now();
  while (bench::clock::now() - since < std::chrono::minutes{5}) {
    fapilog::sink_account const counts = rt.sink_counts().at(0).second;
    if (counts.pending == 0 && counts.spooled == 0) return;
    if (counts.delivered != before) since = bench::clock::now();
    before = counts.delivered;
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

/// Throws if nothing arrives although nothing is disturbed: the run would show nothing.
void require_delivery(fapilog::runtime const& rt) {
  auto const has_delivered = [&] { return rt.sink_counts().at(0).second.delivered != 0; };
  if (!support::eventually(has_delivered, std::chrono::seconds{30}))
    throw std::runtime_error{"nothing was delivered before the disturbance: " +
                             rt.health().at(0).second.detail};
}

/// Writes a line whenever the health of the sink changes, until it is destroyed.
class health_watch {
 public:
  explicit health_watch(fapilog::runtime const& rt) : thread_([this, &rt] { run(rt); }) {}
  health_watch(health_watch const&) = delete;
  health_watch& operator=(health_watch const&) = delete;
  ~health_watch() {
    is_over_ = true;
    thread_.join();
  }

 private:
  void run(fapilog::runtime const& rt) {
    for (bool was_healthy = true; !is_over_; std::this_thread::sleep_for(std::chrono::milliseconds{20})) {
      fapilog::sink_health const now = rt.health().at(0).second;
      if (now.healthy != was_healthy)
        say(fmt::format("health {} {}", now.healthy ? "good" : "bad", now.detail));
      was_healthy = now.healthy;
    }
  }

  std::atomic<bool> is_over_ = false;
  std::thread thread_;
};

std::string figures(part& of) {
  return fmt::format(R"({{"p50": {:.0f}, "p99": {:.0f}, "p999": {:.0f}, "max": {:.0f}}})",
                     of.calls.percentile(0.5), of.calls.percentile(0.99), of.calls.percentile(0.999),
                     of.calls.percentile(1));
}

void run(std::size_t records, std::size_t rate) {
  std::size_t const in_period =
      std::max<std::size_t>(1, rate * static_cast<std::size_t>(period.count()) / 1'000 / callers);
  (void)bench::ns_per_tick();
  fapilog::runtime rt{
      fapilog::settings::from_environment(fapilog::process_environment(), cli::all_plugins()).options()};
  auto const log = rt.get_logger("chaos");
  std::optional<health_watch> watch{rt};
  part calm{records / 4 / callers, {}};
  part disturbed{records / callers, {}};
  std::size_t logged = 0;
  auto const log_records = [&](part& of, auto const& progress) {
    log_part(log, of, logged, in_period, progress);
    logged += of.records * callers;
  };
  auto const nothing = [](std::size_t) {};
  log_records(calm, nothing);
  require_delivery(rt);
  std::size_t last = 100;
  log_records(disturbed, [&](std::size_t percent) {
    if (percent != last) say(fmt::format("chaos {}", percent));
    last = percent;
  });
  say("chaos 100");
  wait_until_delivered(rt);
  log_records(calm, nothing);
  wait_until_delivered(rt);
  watch.reset();
  fapilog::account const all = rt.drain(std::chrono::minutes{1});
  fapilog::sink_account const counts = rt.sink_counts().at(0).second;
  std::string health;
  for (auto const& [name, one] : rt.health()) {
    if (!one.healthy) health += name + ": " + one.detail + "; ";
  }
  if (!health.empty()) std::fprintf(stderr, "%s\n", health.c_str());
  say(fmt::format(
      R"({{"logged": {}, "submitted": {}, "processed": {}, "dropped": {}, "rejected": {}, "failed": {}, "spooled": {}, )"
      R"("pending": {}, "complete": {}, "balanced": {}, "given": {}, "delivered": {}, "retried": {}, "calm": {}, "chaos": {}}})",
      logged, all.submitted, all.processed, all.dropped.total(), all.rejected, all.failed, all.spooled,
      all.pending, all.complete, all.balanced() && counts.balanced(), counts.given, counts.delivered,
      counts.retried, figures(calm), figures(disturbed)));
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc != 3) throw std::runtime_error{"usage: bench_chaos_load RECORDS RATE"};
    run(std::strtoul(argv[1], nullptr, 10), std::strtoul(argv[2], nullptr, 10));
    return 0;
  } catch (std::exception const& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
