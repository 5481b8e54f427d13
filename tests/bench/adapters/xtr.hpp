// SPDX-License-Identifier: MIT
// xtr: "default", in which the consumer reads the time of a record, and "tsc", in which the call does, like the other loggers;
// text only; the consumer always spins.
#pragma once

#include "../harness/adapter.hpp"

#include <xtr/logger.hpp>

#include <array>
#include <chrono>
#include <deque>
#include <mutex>

#ifndef BENCH_VERSION
#define BENCH_VERSION "unversioned"
#endif

namespace bench {

class adapter {
 public:
  static constexpr std::string_view name = "xtr";
  static std::string version() { return BENCH_VERSION; }
  static constexpr std::array configs{"default", "tsc"};
  static constexpr bool writes_json = false;
  static constexpr bool custom_sink = false;

  explicit adapter(setup const& s)
      : is_tsc_(s.config == "tsc"),
        log_(s.path.c_str(), std::chrono::system_clock{}, xtr::null_command_path) {}

  /// Each thread has its own sink; all stay open until every thread has ended, so that `flush` can wait for all.
  void prepare_thread() {
    std::lock_guard const lock{mutex_};
    mine_ = &sinks_.emplace_back(log_.get_sink("bench"));
  }
  void num(std::uint64_t a, std::uint64_t b, double c) {
    if (is_tsc_) {
      XTR_LOGL_TSC(info, *mine_, "number {} and {} and {}", a, b, c);
    } else {
      XTR_LOGL(info, *mine_, "number {} and {} and {}", a, b, c);
    }
  }
  void str(std::string const& a, std::uint64_t b, double c) {
    if (is_tsc_) {
      XTR_LOGL_TSC(info, *mine_, "text {} and {} and {}", a, b, c);
    } else {
      XTR_LOGL(info, *mine_, "text {} and {} and {}", a, b, c);
    }
  }
  void json(std::string const& user, int status, double ms, std::string const& path) {
    if (is_tsc_) {
      XTR_LOGL_TSC(info, *mine_, "request handled user_id={} status={} latency_ms={} path={}", user, status,
                   ms, path);
    } else {
      XTR_LOGL(info, *mine_, "request handled user_id={} status={} latency_ms={} path={}", user, status, ms,
               path);
    }
  }
  void flush() {
    std::lock_guard const lock{mutex_};
    for (xtr::sink& s : sinks_) s.sync();
  }

 private:
  static inline thread_local xtr::sink* mine_ = nullptr;
  bool is_tsc_;
  xtr::logger log_;
  std::mutex mutex_;
  std::deque<xtr::sink> sinks_;  // destroyed before the logger, which waits for them
};

}  // namespace bench
