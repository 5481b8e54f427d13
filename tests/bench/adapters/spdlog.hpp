// SPDX-License-Identifier: MIT
// spdlog: synchronous, and asynchronous with its defaults (8,192 slots, one thread, a full queue blocks).
#pragma once

#include "../harness/adapter.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/spdlog.h>

#include <array>
#include <memory>
#include <mutex>
#include <thread>

#include <sys/stat.h>

namespace bench {

class adapter {
 public:
  static constexpr std::string_view name = "spdlog";
  static std::string version() {
    return std::to_string(SPDLOG_VER_MAJOR) + '.' + std::to_string(SPDLOG_VER_MINOR) + '.' +
           std::to_string(SPDLOG_VER_PATCH);
  }
  static constexpr std::array configs{"sync", "async"};
  static constexpr bool writes_json = true;
  static constexpr bool custom_sink = true;

  explicit adapter(setup const& s) {
    spdlog::sink_ptr sink;
    if (s.sink != nullptr) {
      sink = std::make_shared<calls>(s.sink);
    } else {
      sink = std::make_shared<spdlog::sinks::basic_file_sink_mt>(s.path, true);
    }
    if (s.config == "async") {
      spdlog::init_thread_pool(8192, 1);
      log_ = std::make_shared<spdlog::async_logger>("bench", sink, spdlog::thread_pool(),
                                                    spdlog::async_overflow_policy::block);
    } else {
      log_ = std::make_shared<spdlog::logger>("bench", sink);
    }
    // A text pattern that looks like JSON: nothing is escaped.
    log_->set_pattern(
        s.json ? R"({"timestamp":"%Y-%m-%dT%H:%M:%S.%FZ","level":"%l","logger":"%n","thread_id":%t,%v})"
               : "%H:%M:%S.%F [%t] %s:%# %l %v");
    path_ = s.path;
    is_async_ = s.config == "async";
  }
  ~adapter() {
    log_.reset();
    spdlog::shutdown();
  }

  void prepare_thread() {}
  void num(std::uint64_t a, std::uint64_t b, double c) {
    SPDLOG_LOGGER_INFO(log_, "number {} and {} and {}", a, b, c);
  }
  void str(std::string const& a, std::uint64_t b, double c) {
    SPDLOG_LOGGER_INFO(log_, "text {} and {} and {}", a, b, c);
  }
  void json(std::string const& user, int status, double ms, std::string const& path) {
    SPDLOG_LOGGER_INFO(
        log_, R"("message":"request handled","user_id":"{}","status":{},"latency_ms":{},"path":"{}")", user,
        status, ms, path);
  }
  void flush() {
    log_->flush();
    if (!is_async_) return;
    // The pool's flush is a message in the queue; it is done when the thread has handled it.
    while (spdlog::thread_pool()->queue_size() != 0) std::this_thread::yield();
    log_->sinks().front()->flush();
  }

 private:
  class calls : public spdlog::sinks::base_sink<std::mutex> {
   public:
    explicit calls(void (*each)()) : each_(each) {}

   private:
    void sink_it_(spdlog::details::log_msg const&) override { each_(); }
    void flush_() override {}
    void (*each_)();
  };

  std::shared_ptr<spdlog::logger> log_;
  std::string path_;
  bool is_async_ = false;
};

}  // namespace bench
