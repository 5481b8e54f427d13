// SPDX-License-Identifier: MIT
// fapilog with its defaults: the complete envelope, ordered, escaped, every record counted.
#pragma once

#include "../harness/adapter.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/version.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

namespace bench {

class adapter {
 public:
  static constexpr std::string_view name = "fapilog";
  static std::string version() { return fapilog::version; }
  static constexpr std::array configs{"default"};
  static constexpr bool writes_json = true;
  static constexpr bool custom_sink = true;
  static constexpr bool neighbours = true;

  explicit adapter(setup const& s) : runtime_(options(s)), log_(runtime_.get_logger("bench")) {}

  void prepare_thread() { log_.debug("first"); }
  void num(std::uint64_t a, std::uint64_t b, double c) { log_.info("number {} and {} and {}", a, b, c); }
  void str(std::string const& a, std::uint64_t b, double c) { log_.info("text {} and {} and {}", a, b, c); }
  void json(std::string const& user, int status, double ms, std::string const& path) {
    log_.info("request handled", fapilog::kv("user_id", user), fapilog::kv("status", status),
              fapilog::kv("latency_ms", ms), fapilog::kv("path", path));
  }
  void flush() { (void)runtime_.flush(std::chrono::minutes{5}); }
  [[nodiscard]] fapilog::account counts() const { return runtime_.counts(); }
  [[nodiscard]] std::uint64_t in_file() const { return runtime_.sink_counts().back().second.delivered; }
  void let_neighbours_go() { *neighbours_go_ = true; }

 private:
  struct calls {
    void (*each)();
    void write(fapilog::batch const& entries) {
      for (std::size_t i = 0; i < entries.size(); ++i) each();
    }
  };

  /// Blocks until it is released.
  struct bad_sink {
    enum { hangs, throws, slow } how;
    std::shared_ptr<std::atomic<bool>> is_released;
    void write(fapilog::batch const& entries) const {
      constexpr std::chrono::milliseconds nap{3};
      for (std::size_t i = 0; i < entries.size() || how == hangs; ++i) {
        if (*is_released) return;
        if (how == throws) throw std::runtime_error{"throws on purpose"};
        std::this_thread::sleep_for(nap);
      }
    }
  };

  fapilog::options options(setup const& s) const {
    fapilog::options o{.log_level = fapilog::level::debug};
    if (s.wait) o.when_full = fapilog::when_full::block;
    o.sinks.clear();
    if (s.bad_neighbours) {
      o.diagnostics_output = [](std::string_view) {};
      for (auto const how : {bad_sink::hangs, bad_sink::throws, bad_sink::slow})
        o.sinks.push_back({bad_sink{how, neighbours_go_}, {.thread = fapilog::sink_thread::own}});
    }
    if (s.sink != nullptr) {
      o.sinks.emplace_back(calls{s.sink});
    } else if (s.json) {
      o.sinks.emplace_back(fapilog::sinks::rotating_file{{.path = s.path, .max_bytes = 0}});
    } else {
      int const file = ::open(s.path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
      if (file < 0 || ::dup2(file, STDOUT_FILENO) < 0) std::abort();
      ::close(file);
      o.sinks.emplace_back(fapilog::sinks::stdout_pretty{});
    }
    return o;
  }

  std::shared_ptr<std::atomic<bool>> neighbours_go_ = std::make_shared<std::atomic<bool>>(false);
  fapilog::runtime runtime_;
  fapilog::logger log_;
};

}  // namespace bench
