// SPDX-License-Identifier: MIT
// The cost of waiting for room: throughput of 8, 64 and 256 callers that wait for the worker, and the CPU time of 64 callers
// beside a sink that hangs. usage: bench_waiting_callers [seconds per measurement]
#include <fapilog/fapilog.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <sys/resource.h>

namespace {

using clock_type = std::chrono::steady_clock;

double cpu_seconds() {
  ::rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  auto const seconds = [](::timeval const& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double seconds_since(clock_type::time_point begin) {
  return std::chrono::duration<double>(clock_type::now() - begin).count();
}

struct counting_sink {
  std::size_t bytes = 0;
  void write(fapilog::batch const& entries) { bytes += entries.text().size(); }
};

/// Hangs in its first call until it is released.
struct hanging_sink {
  std::mutex mutex;
  std::condition_variable changed;
  bool released = false;
  void write(fapilog::batch const&) {
    std::unique_lock lock{mutex};
    changed.wait(lock, [this] { return released; });
  }
  void release() {
    std::lock_guard const lock{mutex};
    released = true;
    changed.notify_all();
  }
};

/// Runs `count` threads that log until the time is over.
template <class Log>
void log_for(unsigned count, double seconds, Log const& log) {
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < count; ++t) {
    threads.emplace_back([&stop, &log, t] {
      for (std::uint64_t i = 0; !stop.load(std::memory_order_relaxed); ++i) log(t, i);
    });
  }
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  stop = true;
  for (auto& thread : threads) thread.join();
}

void measure_throughput(unsigned count, std::size_t lane_bytes, double seconds) {
  auto const sink = std::make_shared<counting_sink>();
  fapilog::runtime rt{{.when_full = fapilog::when_full::block, .lane_bytes = lane_bytes, .sinks = {sink}}};
  auto const log = rt.get_logger("bench");
  double const cpu_before = cpu_seconds();
  auto const begin = clock_type::now();
  log_for(count, seconds, [&log](unsigned t, std::uint64_t i) { log.info("record {} of {}", i, t); });
  auto const end = rt.drain(std::chrono::minutes{5});
  double const wall = seconds_since(begin);
  auto const records = static_cast<double>(end.processed);
  std::printf("%7u callers, lanes of %4zu KiB: %10.0f records/s, %6.0f ns CPU a record, %s\n", count,
              lane_bytes / 1024, records / wall, (cpu_seconds() - cpu_before) / records * 1e9,
              end.complete && end.balanced() && end.processed == end.submitted ? "complete" : "NOT COMPLETE");
  std::fflush(stdout);
}

void measure_hanging_sink(unsigned count, fapilog::when_full when_full, char const* name, double seconds) {
  auto const sink = std::make_shared<hanging_sink>();
  fapilog::runtime rt{{.when_full = when_full,
                       .lane_bytes = std::size_t{64} * 1024,
                       .sinks = {{sink, {.thread = fapilog::sink_thread::shared}}}}};
  auto const log = rt.get_logger("bench");
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < count; ++t) {
    threads.emplace_back([&] {
      for (std::uint64_t i = 0; !stop.load(std::memory_order_relaxed); ++i) log.info("record {}", i);
    });
  }
  // Every caller waits once its lane is full.
  std::this_thread::sleep_for(std::chrono::seconds{1});
  double const cpu_before = cpu_seconds();
  auto const begin = clock_type::now();
  std::this_thread::sleep_for(std::chrono::duration<double>(seconds));
  std::printf("%7u callers beside a sink that hangs, %s: %.3f processors\n", count, name,
              (cpu_seconds() - cpu_before) / seconds_since(begin));
  std::fflush(stdout);
  stop = true;
  sink->release();
  for (auto& thread : threads) thread.join();
  (void)rt.drain(std::chrono::minutes{1});
}

}  // namespace

int main(int argc, char** argv) {
  double const seconds = argc > 1 ? std::atof(argv[1]) : 3;
  for (std::size_t const kib : {1024U, 64U}) {
    for (unsigned const count : {8U, 64U, 256U}) measure_throughput(count, kib * 1024, seconds);
  }
  measure_hanging_sink(64, fapilog::when_full::block, "block", seconds);
  measure_hanging_sink(64, fapilog::when_full::wait, "wait", seconds);
}
