// SPDX-License-Identifier: MIT
// Reports problems of the library itself: rate-limited JSON lines on stderr, never through the pipeline.
#pragma once

#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/detail/os/shared_stream.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1 {

/// Writes `{"ts":...,"level":"WARN","component":"...","message":"...","detail":"..."}`. Each component may write a burst of
/// five lines and five lines per second after that. The next line says how many were suppressed.
/// Thread: any. Throws: never.
class diagnostics {
 public:
  /// Receives one line, including the newline, one call at a time. It may use the runtime. The default writes to stderr.
  using writer = std::function<void(std::string_view)>;

  [[gnu::cold]] explicit diagnostics(writer write = {}) : write_(std::move(write)) {}

  [[gnu::cold]] void warn(std::string_view component, std::string_view message,
                          std::string_view detail = {}) noexcept {
    report("WARN", component, message, detail, false);
  }
  /// The same with a limit of its own, so that other lines of the component do not suppress it.
  [[gnu::cold]] void warn_apart(std::string_view component, std::string_view message,
                                std::string_view detail) noexcept {
    report("WARN", component, message, detail, true);
  }
  [[gnu::cold]] void debug(std::string_view component, std::string_view message,
                           std::string_view detail = {}) noexcept {
    report("DEBUG", component, message, detail, false);
  }

  /// Number of lines written and suppressed since the start.
  [[nodiscard]] std::uint64_t written() const noexcept {
    std::lock_guard const lock{mutex_};
    return written_;
  }
  [[nodiscard]] std::uint64_t suppressed() const noexcept {
    std::lock_guard const lock{mutex_};
    return suppressed_;
  }

  /// Held during fork(2), so that a child does not inherit it locked.
  [[nodiscard]] std::mutex& mutex() noexcept { return mutex_; }
  /// What waits is written by the parent.
  [[gnu::cold]] void after_fork_in_child() noexcept {
    std::lock_guard const lock{mutex_};
    waiting_.clear();
    is_writing_ = false;
  }

 private:
  struct bucket {
    std::string lines;  ///< which lines share it
    double tokens = burst;
    std::chrono::steady_clock::time_point filled = std::chrono::steady_clock::now();
    std::uint64_t suppressed_lines = 0;
  };
  static constexpr double burst = 5;
  static constexpr std::size_t max_waiting = 1'000;  ///< lines, if the writer hangs

  /// The lines of a component share a bucket, except those that are `apart`.
  [[gnu::cold]] void report(char const* level, std::string_view component, std::string_view message,
                            std::string_view detail, bool apart) noexcept {
    try {
      std::unique_lock lock{mutex_};
      bucket& b = bucket_of(apart ? std::string{component}.append(message) : std::string{component});
      auto const now = std::chrono::steady_clock::now();
      b.tokens += std::chrono::duration<double>(now - b.filled).count() * burst;
      if (b.tokens > burst) b.tokens = burst;
      b.filled = now;
      if (b.tokens < 1) {
        ++b.suppressed_lines;
        ++suppressed_;
        return;
      }
      if (waiting_.size() >= max_waiting) {
        ++suppressed_;
        return;
      }
      b.tokens -= 1;
      ++written_;
      std::string line = "{\"ts\":";
      auto const since = std::chrono::system_clock::now().time_since_epoch();
      line += std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(since).count() / 1000);
      line += ",\"level\":\"";
      line += level;
      line += '"';
      put(line, "component", component);
      put(line, "message", message);
      if (!detail.empty()) put(line, "detail", detail);
      if (b.suppressed_lines != 0) {
        line += ",\"suppressed\":" + std::to_string(std::exchange(b.suppressed_lines, 0));
      }
      line += "}\n";
      waiting_.push_back(std::move(line));
      if (!is_writing_) write_waiting(lock);
    } catch (...) {
      // There is nowhere to report this.
    }
  }

  /// Writes one line at a time, without the mutex: the writer is a function of the user, which may use the runtime. What
  /// is reported meanwhile, by other threads or by the writer itself, is written afterwards.
  [[gnu::cold]] void write_waiting(std::unique_lock<std::mutex>& lock) noexcept {
    is_writing_ = true;
    while (!waiting_.empty()) {
      std::string const line = std::move(waiting_.front());
      waiting_.pop_front();
      lock.unlock();
      write(line);
      lock.lock();
    }
    is_writing_ = false;
  }
  [[gnu::cold]] void write(std::string const& line) const noexcept {
    try {
      if (write_) {
        write_(line);
      } else {
        (void)detail::write_to_standard_error(line);
      }
    } catch (...) {
      // There is nowhere to report this.
    }
  }

  [[gnu::cold]] bucket& bucket_of(std::string lines) {
    for (bucket& one : buckets_) {
      if (one.lines == lines) return one;
    }
    return buckets_.emplace_back(bucket{.lines = std::move(lines)});
  }

  /// Replaces characters outside printable ASCII by `?`, so that the line is always valid JSON.
  [[gnu::cold]] static void put(std::string& line, std::string_view key, std::string_view text) {
    line += ",\"";
    line += key;
    line += "\":\"";
    for (char const c : text.substr(0, 1024)) {
      if (c == '"' || c == '\\') {
        line += '\\';
        line += c;
      } else if (c == '\n') {
        line += "\\n";
      } else {
        line += c >= ' ' && c <= '~' ? c : '?';
      }
    }
    line += '"';
  }

  writer write_;
  mutable std::mutex mutex_;
  detail::vector<bucket> buckets_;
  std::list<std::string> waiting_;  ///< lines
  bool is_writing_ = false;         ///< a thread is writing lines
  std::uint64_t written_ = 0;
  std::uint64_t suppressed_ = 0;
};

}  // namespace fapilog::inline v0_1
