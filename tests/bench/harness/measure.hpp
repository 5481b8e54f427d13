// SPDX-License-Identifier: MIT
// Tools for measuring: cycle counter, percentiles, CPU time and memory of this process, CPU affinity.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <sched.h>
#include <sys/resource.h>
#include <time.h>

#if defined(__x86_64__)
#include <x86intrin.h>
#endif

namespace bench {

using clock = std::chrono::steady_clock;

[[nodiscard]] inline std::uint64_t ticks() noexcept {
#if defined(__x86_64__)
  return __rdtsc();
#else
  return static_cast<std::uint64_t>(clock::now().time_since_epoch().count());
#endif
}

/// Nanoseconds of one tick, measured once.
[[nodiscard]] inline double ns_per_tick() {
  static double const value = [] {
    auto const begin = clock::now();
    std::uint64_t const first = ticks();
    while (clock::now() - begin < std::chrono::milliseconds{50}) {
    }
    std::uint64_t const last = ticks();
    auto const took = std::chrono::duration<double, std::nano>(clock::now() - begin).count();
    return took / static_cast<double>(last - first);
  }();
  return value;
}

/// A set of measured values.
class samples {
 public:
  void reserve(std::size_t count) { all_.reserve(count); }
  void add(double value) { all_.push_back(value); }
  /// Keeps the memory and its pages.
  void clear() { all_.clear(); }
  void add(samples const& other) { all_.insert(all_.end(), other.all_.begin(), other.all_.end()); }
  [[nodiscard]] bool empty() const noexcept { return all_.empty(); }
  /// Returns the value that a `share` of the values is below: 0.5 for the median, 1 for the largest value.
  [[nodiscard]] double percentile(double share) {
    if (all_.empty()) return 0;
    std::sort(all_.begin(), all_.end());
    auto const index = static_cast<std::size_t>(share * static_cast<double>(all_.size() - 1) + 0.5);
    return all_[index];
  }

 private:
  std::vector<double> all_;
};

struct usage {
  double cpu_ns = 0;
  double voluntary_switches = 0;
};

/// CPU time of all threads of this process so far.
[[nodiscard]] inline usage used() {
  rusage r{};
  ::getrusage(RUSAGE_SELF, &r);
  auto const ns = [](timeval const& t) {
    return static_cast<double>(t.tv_sec) * 1e9 + static_cast<double>(t.tv_usec) * 1e3;
  };
  return {ns(r.ru_utime) + ns(r.ru_stime), static_cast<double>(r.ru_nvcsw)};
}

/// A value of /proc/self/status in bytes. `VmHWM:` is the peak memory since exec.
[[nodiscard]] inline double status_bytes(std::string_view name) {
  std::FILE* const file = std::fopen("/proc/self/status", "r");
  if (file == nullptr) return 0;
  char line[256];
  double bytes = 0;
  while (std::fgets(line, sizeof line, file) != nullptr) {
    if (std::string_view{line}.starts_with(name)) bytes = std::strtod(line + name.size(), nullptr) * 1024;
  }
  std::fclose(file);
  return bytes;
}

/// Pins the calling thread, and those that it starts later, to processors.
inline void run_on(int first, int last) {
  cpu_set_t set;
  CPU_ZERO(&set);
  for (int i = first; i <= last; ++i) CPU_SET(static_cast<unsigned>(i), &set);
  ::sched_setaffinity(0, sizeof set, &set);
}
[[nodiscard]] inline int processors() { return static_cast<int>(std::thread::hardware_concurrency()); }

inline void spin_for(std::chrono::nanoseconds time) {
  auto const end = clock::now() + time;
  while (clock::now() < end) {
  }
}
/// Sleeps with nanosleep, like a program that waits for its next request.
inline void sleep_for(std::chrono::nanoseconds time) {
  timespec const t{time.count() / 1'000'000'000, time.count() % 1'000'000'000};
  ::nanosleep(&t, nullptr);
}

/// Writes results to standard error, because some loggers under test write to standard output:
/// `logger,config,scenario,case,metric,value`.
class report {
 public:
  report(std::string_view logger, std::string_view config, std::string_view scenario, std::string_view which)
      : prefix_(std::string{logger} + ',' + std::string{config} + ',' + std::string{scenario} + ',' +
                std::string{which}) {}
  void operator()(std::string_view metric, double value) const {
    std::fprintf(stderr, "%s,%.*s,%.6g\n", prefix_.c_str(), static_cast<int>(metric.size()), metric.data(),
                 value);
  }

 private:
  std::string prefix_;
};

}  // namespace bench
