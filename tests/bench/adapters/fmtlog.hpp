// SPDX-License-Identifier: MIT
// fmtlog: "spinning", with a thread that polls all the time, and "default", with one that polls once a second; text only. A
// full queue always blocks, because that is chosen at compile time.
#pragma once

#include "../harness/adapter.hpp"

#define FMTLOG_BLOCK 1
#define FMTLOG_HEADER_ONLY
#include <fmtlog.h>

#include <array>

#ifndef BENCH_VERSION
#define BENCH_VERSION "unversioned"
#endif

namespace bench {

class adapter {
 public:
  static constexpr std::string_view name = "fmtlog";
  static std::string version() { return BENCH_VERSION; }
  static constexpr std::array configs{"spinning", "default"};
  static constexpr bool writes_json = false;
  static constexpr bool custom_sink = true;

  explicit adapter(setup const& s) : pause_ns_(s.config == "spinning" ? 1 : 1'000'000'000) {
    if (s.sink != nullptr) {
      each() = s.sink;
      fmtlog::setLogCB(&take, fmtlog::DBG);
      fmtlog::closeLogFile();  // otherwise lines go to standard output, too
    } else {
      fmtlog::setLogFile(s.path.c_str(), true);
    }
    fmtlog::startPollingThread(pause_ns_);
  }
  ~adapter() {
    fmtlog::stopPollingThread();
    fmtlog::closeLogFile();
  }

  void prepare_thread() { fmtlog::preallocate(); }
  void num(std::uint64_t a, std::uint64_t b, double c) { logi("number {} and {} and {}", a, b, c); }
  void str(std::string const& a, std::uint64_t b, double c) { logi("text {} and {} and {}", a, b, c); }
  void json(std::string const& user, int status, double ms, std::string const& path) {
    logi("request handled user_id={} status={} latency_ms={} path={}", user, status, ms, path);
  }
  /// Stops the polling thread, which flushes; no other thread may poll while it runs.
  void flush() {
    fmtlog::stopPollingThread();
    fmtlog::startPollingThread(pause_ns_);
  }

 private:
  static void (*&each())() {
    static void (*function)() = nullptr;
    return function;
  }
  static void take(std::int64_t, fmtlog::LogLevel, fmt::string_view, std::size_t, fmt::string_view,
                   fmt::string_view, std::size_t, std::size_t) {
    each()();
  }

  std::int64_t pause_ns_;
};

}  // namespace bench
