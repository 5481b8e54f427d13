// SPDX-License-Identifier: MIT
// A sink for glog that logs to fapilog: a program that uses glog keeps its macros and changes where they go.
#pragma once

#include <fapilog/integrations/foreign_record.hpp>
#include <fapilog/process_end.hpp>

#include <glog/logging.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::integrations {

/// From its construction to its destruction, logs each message of glog to one logger, with its level (FATAL as critical),
/// time, file and line: `glog_sink bridge{rt.get_logger("app")};`. glog goes on writing its own files and standard error as
/// its flags say. A FATAL message is delivered (for 2 s at most) before glog ends the process. glog holds a lock meanwhile,
/// so a sink of fapilog must not use glog. Thread: any may log, one makes and destroys the sink.
class glog_sink final : public google::LogSink {
 public:
  explicit glog_sink(logger log) : log_(std::move(log)) { google::AddLogSink(this); }
  glog_sink(glog_sink const&) = delete;
  glog_sink& operator=(glog_sink const&) = delete;
  ~glog_sink() override { google::RemoveLogSink(this); }

  using google::LogSink::send;
  void send(google::LogSeverity severity, char const* file, char const*, int line,
            google::LogMessageTime const& time, char const* message, std::size_t size) override {
    foreign_record record;
    record.severity = severity >= google::GLOG_FATAL     ? level::critical
                      : severity == google::GLOG_ERROR   ? level::error
                      : severity == google::GLOG_WARNING ? level::warning
                                                         : level::info;
    record.message = {message, size};
    record.origin.unix_ns = std::int64_t{time.timestamp()} * 1'000'000'000 + std::int64_t{time.usec()} * 1000;
    record.origin.file = file == nullptr ? "" : file;
    record.origin.line = static_cast<std::uint32_t>(line < 0 ? 0 : line);
    (void)log_foreign(log_, record);
    if (severity >= google::GLOG_FATAL && !is_recursive_here(log_)) (void)flush_all(std::chrono::seconds{2});
  }

 private:
  logger log_;
};

}  // namespace fapilog::inline v0_1::integrations
