// SPDX-License-Identifier: MIT
// Logs what other code writes to standard output or error by printf, write(2) or in any other way: one record per line.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/captured_descriptor.hpp>
#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/time_limit.hpp>
#include <fapilog/integrations/foreign_record.hpp>
#include <fapilog/queue/backpressure.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string_view>
#include <thread>
#include <utility>

namespace fapilog::inline v0_1::integrations {

/// How the lines of a descriptor are logged.
struct descriptor_capture_config {
  level severity = level::info;
  /// Further lines within a second go to the original file, which a WARNING says once. So a sink that prints when it delivers
  /// a printed line makes no endless loop. 0: no limit.
  std::uint32_t max_lines_per_second = 10'000;
};

/// Until it is destroyed, each line that the process writes to descriptor 1 or 2 is a record:
/// `descriptor_capture errors{2, log, {.severity = level::warning}}`. A line of more than 8 KiB becomes several records; a
/// line without an end is logged when the capture ends. An empty line is not logged.
///
/// What sinks and diagnostics of fapilog write to the descriptor goes to the original file, and so does what a forked child
/// writes. Programs started by posix_spawn(3) or system(3) inherit the capture; those that outlive it write to a pipe
/// without a reader. A thread reads the lines. It never waits for room in the queue, because it may be the library of a
/// sink that prints: lines are dropped and counted instead. If the process crashes, the last 4 KiB of descriptor 2 and what
/// has not been read are written to the original files. Standard output becomes line-buffered.
/// Not on Windows. Thread: one makes and ends the capture.
class descriptor_capture {
 public:
  /// Throws: std::invalid_argument if the descriptor is not 1 or 2, std::logic_error if it is captured already,
  /// std::system_error without file descriptors or threads and on Windows, std::bad_alloc.
  descriptor_capture(int descriptor, logger log, descriptor_capture_config config = {})
      : source_(prepared(descriptor)), log_(std::move(log)), config_(config) {
    // It was fully buffered if it is a file or pipe, and lines would be missing when the process crashes. With a buffer of its own
    // because glibc otherwise goes on filling the one that a program has printed to.
    static char buffer_of_stdout[BUFSIZ];
    if (descriptor == 1) (void)std::setvbuf(stdout, buffer_of_stdout, _IOLBF, sizeof buffer_of_stdout);
    detail::signals_blocked const in_new_thread;
    try {
      thread_ = std::thread{[this] { run(); }};
    } catch (...) {
      source_.end();
      throw;
    }
  }
  descriptor_capture(descriptor_capture const&) = delete;
  descriptor_capture& operator=(descriptor_capture const&) = delete;
  /// Restores the descriptor and logs what was written before.
  ~descriptor_capture() {
    if (source_.is_inherited()) {
      thread_.recreate_in_child();
      return;
    }
    (void)std::fflush(stdout);
    source_.end();
    thread_.join();
  }

  /// Waits for at most `timeout` until what was written before is logged or dropped, apart from a line without an end.
  /// Returns whether it is. Thread: any. Throws: never.
  bool flush(detail::time_limit timeout = std::chrono::seconds{2}) noexcept {
    (void)std::fflush(stdout);
    auto const limit = static_cast<std::chrono::nanoseconds>(timeout).count();
    std::int64_t const begun = detail::steady_clock_ns();
    while (!source_.is_inherited() && !source_.is_drained()) {
      if (detail::steady_clock_ns() - begun >= limit) return false;
      std::this_thread::sleep_for(std::chrono::milliseconds{1});
    }
    return true;
  }
  /// A descriptor of the original file, for a sink of your own that prints. Valid until the capture ends.
  [[nodiscard]] int original() const noexcept { return source_.original(); }
  /// The number of lines that went to the original file because of the limit, or because the runtime had ended.
  [[nodiscard]] std::uint64_t passed_lines() const noexcept { return passed_.load_relaxed(); }

 private:
  static constexpr std::size_t max_line = 8192;

  static int prepared(int descriptor) noexcept {
    (void)std::fflush(stdout);  // what was printed before goes where it was meant to
    return descriptor;
  }

  void run() noexcept {
    detail::prepare_thread("fapilog-capture");
    // A call must not wait for room: the thread that makes room may be printing.
    if (auto const* const core = detail::logger_access::core(log_))
      detail::channel_served_here = &core->owner;
    std::size_t size = 0;  // of a line that has no end yet
    while (std::size_t const got = source_.read(buffer_ + size, max_line - size)) {
      std::string_view all{buffer_, size + got};
      for (std::size_t end = 0; (end = all.find('\n')) != std::string_view::npos;) {
        add(all.substr(0, end));
        all.remove_prefix(end + 1);
      }
      if (all.size() == max_line) {
        add(all);
        all = {};
      }
      size = all.size();
      if (size != 0) std::memmove(buffer_, all.data(), size);
    }
    add({buffer_, size});
  }

  void add(std::string_view line) noexcept {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) return;
    auto const* const core = detail::logger_access::core(log_);
    if (core == nullptr || core->owner.is_closed()) return pass(line);  // the runtime has ended
    std::int64_t const second = detail::steady_clock_ns() / 1'000'000'000;
    if (second != second_) {
      second_ = second;
      lines_ = 0;
    }
    if (config_.max_lines_per_second != 0 && ++lines_ > config_.max_lines_per_second) {
      if (!std::exchange(is_reported_, true))
        write(level::warning,
              "more lines per second than max_lines_per_second: they go to the original file");
      return pass(line);
    }
    write(config_.severity, line);
  }
  void write(level severity, std::string_view message) const noexcept {
    if (!log_.is_enabled(severity) || !detail::is_level(severity)) return;
    foreign_record record;
    record.severity = severity;
    record.message = message;
    detail::submit_foreign(log_, record);
  }
  void pass(std::string_view line) noexcept {
    (void)passed_.fetch_add_relaxed(1);
    constexpr int patience_ms = 50;
    for (std::string_view const part : {line, std::string_view{"\n"}})
      (void)detail::write_all_to_stream(source_.original(), part, patience_ms);
  }
  detail::captured_descriptor source_;
  logger log_;
  descriptor_capture_config config_;
  char buffer_[max_line];
  std::int64_t second_ = 0;
  std::uint32_t lines_ = 0;
  bool is_reported_ = false;
  detail::atomic_word<std::uint64_t> passed_{0};
  detail::fork_safe<std::thread> thread_;
};

}  // namespace fapilog::inline v0_1::integrations
