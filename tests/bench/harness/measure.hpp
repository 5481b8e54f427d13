// SPDX-License-Identifier: MIT
// Tools for measuring: cycle counter, percentiles, CPU time and memory of this process, CPU affinity, crowds of threads,
// other processes.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

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

/// Niced processes that use all the time they get.
class busy_processes {
 public:
  explicit busy_processes(int count) {
    for (int i = 0; i < count; ++i) {
      ::pid_t const child = ::fork();
      if (child == 0) spin_until_killed();
      if (child > 0) all_.push_back(child);
    }
  }
  busy_processes(busy_processes const&) = delete;
  busy_processes& operator=(busy_processes const&) = delete;
  ~busy_processes() {
    for (::pid_t const child : all_) {
      ::kill(child, SIGKILL);
      ::waitpid(child, nullptr, 0);
    }
  }

 private:
  [[noreturn]] static void spin_until_killed() {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::setpriority(PRIO_PROCESS, 0, 19);
    for (std::atomic<std::uint64_t> turns{0};;) ++turns;
  }

  std::vector<::pid_t> all_;
};

/// Threads with small stacks that wait, run an action once, and exist until the end.
class small_threads {
 public:
  small_threads(std::size_t count, std::function<void(std::size_t)> action)
      : action_(std::move(action)), all_(count) {
    ::pthread_attr_t attributes;
    ::pthread_attr_init(&attributes);
    ::pthread_attr_setstacksize(&attributes, std::size_t{256} * 1024);
    for (::pthread_t& one : all_) {
      if (::pthread_create(&one, &attributes, &body, this) != 0) throw std::runtime_error{"no more threads"};
    }
    ::pthread_attr_destroy(&attributes);
    wait_for(waiting_);
  }
  small_threads(small_threads const&) = delete;
  small_threads& operator=(small_threads const&) = delete;
  ~small_threads() {
    may_end_ = true;
    may_end_.notify_all();
    for (::pthread_t const one : all_) ::pthread_join(one, nullptr);
  }

  /// Returns when all threads have run the action.
  void run() {
    may_run_ = true;
    may_run_.notify_all();
    wait_for(done_);
  }

 private:
  static void* body(void* self) {
    auto& all = *static_cast<small_threads*>(self);
    std::size_t const number = all.waiting_++;
    all.waiting_.notify_one();
    all.may_run_.wait(false);
    all.action_(number);
    ++all.done_;
    all.done_.notify_one();
    all.may_end_.wait(false);
    return nullptr;
  }
  void wait_for(std::atomic<std::size_t> const& counter) const {
    for (std::size_t now = counter; now < all_.size(); now = counter) counter.wait(now);
  }

  std::function<void(std::size_t)> const action_;
  std::vector<::pthread_t> all_;
  std::atomic<std::size_t> waiting_{0};
  std::atomic<std::size_t> done_{0};
  std::atomic<bool> may_run_{false};
  std::atomic<bool> may_end_{false};
};

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
