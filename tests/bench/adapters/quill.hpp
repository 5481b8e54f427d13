// SPDX-License-Identifier: MIT
// quill: "spinning", the configuration of its published figures, and "default", with a backend that sleeps 100 us.
#pragma once

#include "../harness/adapter.hpp"

#include <quill/Backend.h>
#include <quill/Frontend.h>
#include <quill/LogMacros.h>
#include <quill/sinks/FileSink.h>
#include <quill/sinks/JsonSink.h>

#include <array>
#include <chrono>
#include <memory>
#include <utility>

namespace bench {

class adapter {
 public:
  static constexpr std::string_view name = "quill";
  static std::string version() {
    return std::to_string(quill::VersionMajor) + '.' + std::to_string(quill::VersionMinor) + '.' +
           std::to_string(quill::VersionPatch);
  }
  static constexpr std::array configs{"spinning", "default"};
  static constexpr bool writes_json = true;
  static constexpr bool custom_sink = true;

  explicit adapter(setup const& s) {
    quill::BackendOptions options;
    if (s.config == "spinning") options.sleep_duration = std::chrono::nanoseconds{0};
    quill::Backend::start(options);
    quill::FileSinkConfig config;
    config.set_open_mode('w');
    std::shared_ptr<quill::Sink> sink;
    if (s.sink != nullptr) {
      sink = quill::Frontend::create_or_get_sink<calls>("calls", s.sink);
    } else if (s.json) {
      sink = quill::Frontend::create_or_get_sink<quill::JsonFileSink>(s.path, config,
                                                                      quill::FileEventNotifier{});
    } else {
      sink = quill::Frontend::create_or_get_sink<quill::FileSink>(s.path, config, quill::FileEventNotifier{});
    }
    log_ = quill::Frontend::create_or_get_logger(
        "bench", std::move(sink),
        quill::PatternFormatterOptions{
            s.json ? "" : "%(time) [%(thread_id)] %(short_source_location) %(log_level) %(message)",
            "%H:%M:%S.%Qns", quill::Timezone::GmtTime});
  }
  ~adapter() { quill::Backend::stop(); }

  void prepare_thread() { quill::Frontend::preallocate(); }
  void num(std::uint64_t a, std::uint64_t b, double c) { LOG_INFO(log_, "number {} and {} and {}", a, b, c); }
  void str(std::string const& a, std::uint64_t b, double c) {
    LOG_INFO(log_, "text {} and {} and {}", a, b, c);
  }
  void json(std::string const& user, int status, double ms, std::string const& path) {
    LOG_INFO(log_, "request handled {user_id} {status} {latency_ms} {path}", user, status, ms, path);
  }
  void flush() { log_->flush_log(0); }

 private:
  class calls : public quill::Sink {
   public:
    explicit calls(void (*each)()) : each_(each) {}
    void write_log(quill::MacroMetadata const*, std::uint64_t, std::string_view, std::string_view,
                   std::string const&, std::string_view, quill::LogLevel, std::string_view, std::string_view,
                   std::vector<std::pair<std::string, std::string>> const*, std::string_view,
                   std::string_view) override {
      each_();
    }
    void flush_sink() override {}

   private:
    void (*each_)();
  };

  quill::Logger* log_ = nullptr;
};

}  // namespace bench
