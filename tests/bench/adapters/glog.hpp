// SPDX-License-Identifier: MIT
// glog: synchronous, text only; it keeps lines in its buffer for up to 30 seconds.
#pragma once

#include "../harness/adapter.hpp"

#include <glog/logging.h>

#include <array>

// Normally defined by the build.
#ifndef BENCH_VERSION
#define BENCH_VERSION "unknown"
#endif

namespace bench {

class adapter {
 public:
  static constexpr std::string_view name = "glog";
  static std::string version() { return BENCH_VERSION; }
  static constexpr std::array configs{"sync"};
  static constexpr bool writes_json = false;
  static constexpr bool custom_sink = true;

  explicit adapter(setup const& s) : calls_(s.sink) {
    FLAGS_timestamp_in_logfile_name = false;  // so that the file has exactly the given path
    google::InitGoogleLogging("bench");
    for (int severity = google::GLOG_INFO; severity < google::NUM_SEVERITIES; ++severity) {
      google::SetLogSymlink(severity, "");
      google::SetLogDestination(severity, "");
    }
    if (s.sink == nullptr) {
      google::SetLogDestination(google::GLOG_INFO, s.path.c_str());
    } else {
      google::AddLogSink(&calls_);
    }
  }
  ~adapter() {
    google::RemoveLogSink(&calls_);
    google::ShutdownGoogleLogging();
  }

  void prepare_thread() {}
  void num(std::uint64_t a, std::uint64_t b, double c) {
    LOG(INFO) << "number " << a << " and " << b << " and " << c;
  }
  void str(std::string const& a, std::uint64_t b, double c) {
    LOG(INFO) << "text " << a << " and " << b << " and " << c;
  }
  void json(std::string const& user, int status, double ms, std::string const& path) {
    LOG(INFO) << "request handled user_id=" << user << " status=" << status << " latency_ms=" << ms
              << " path=" << path;
  }
  void flush() { google::FlushLogFiles(google::GLOG_INFO); }

 private:
  class calls : public google::LogSink {
   public:
    explicit calls(void (*each)()) : each_(each) {}
    void send(google::LogSeverity, char const*, char const*, int, google::LogMessageTime const&, char const*,
              std::size_t) override {
      each_();
    }

   private:
    void (*each_)();
  };

  calls calls_;
};

}  // namespace bench
