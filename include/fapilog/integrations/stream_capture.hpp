// SPDX-License-Identifier: MIT
// Logs what other code writes to std::clog, std::cerr or any other ostream: one record per line.
#pragma once

#include <fapilog/detail/os/fork.hpp>
#include <fapilog/integrations/foreign_record.hpp>

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

namespace fapilog::inline v0_1::integrations {

/// Until it is destroyed, each line that is written to the stream is a record: `stream_capture capture{std::clog, log}`.
/// Lines of several threads do not mix. A line of more than 8 KiB becomes several records; a line without an end is logged
/// when the capture ends, which then restores the stream. An empty line is not logged.
///
/// What the delivery of the runtime's own records writes (a sink that writes to std::clog) goes where it went before. The
/// capture must end before the stream does. Thread: any may write, one makes and ends the capture. Safe with fork(2).
class stream_capture final : private std::streambuf {
 public:
  /// Throws: std::bad_alloc.
  stream_capture(std::ostream& stream, logger log, level severity = level::info)
      : log_(std::move(log)), severity_(severity), stream_(stream) {
    fapilog::detail::fork_participants::instance().add(begun_);
    original_ = stream.rdbuf(this);
  }
  stream_capture(stream_capture const&) = delete;
  stream_capture& operator=(stream_capture const&) = delete;
  ~stream_capture() override {
    stream_.rdbuf(original_);
    fapilog::detail::fork_participants::instance().remove(*begun_);
    for (auto const& [thread, line] : begun_->lines) write(line);
  }

 private:
  static constexpr std::size_t max_line = 8192;

  int_type overflow(int_type next) override {
    if (traits_type::eq_int_type(next, traits_type::eof())) return traits_type::not_eof(next);
    char const one = traits_type::to_char_type(next);
    return xsputn(&one, 1) == 1 ? next : traits_type::eof();
  }

  std::streamsize xsputn(char const* text, std::streamsize size) override {
    if (size <= 0) return 0;
    if (is_recursive_here(log_)) return original_->sputn(text, size);
    std::string_view rest{text, static_cast<std::size_t>(size)};
    std::string
        whole;  // lines are logged without the lock, because a call may wait for a thread that writes here
    {
      std::lock_guard const lock{begun_->mutex};
      std::string& line = begun_->lines[std::this_thread::get_id()];
      line.append(rest);
      std::size_t const end = line.rfind('\n');
      if (end != std::string::npos) {
        whole = line.substr(0, end);
        line.erase(0, end + 1);
      } else if (line.size() >= max_line) {
        whole = std::move(line);
        line.clear();
      }
      if (line.empty()) begun_->lines.erase(std::this_thread::get_id());
    }
    for (std::string_view all = whole; !all.empty();) {
      std::string_view const line = all.substr(0, all.find('\n'));
      write(line);
      all.remove_prefix(line.size() == all.size() ? line.size() : line.size() + 1);
    }
    return size;
  }

  int sync() override { return 0; }

  void write(std::string_view line) const noexcept {
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    while (!line.empty()) {
      foreign_record record;
      record.severity = severity_;
      record.message = line.substr(0, max_line);
      (void)log_foreign(log_, record);
      line.remove_prefix(record.message.size());
    }
  }

  /// The begun line of each thread that has one.
  struct begun_lines final : fapilog::detail::fork_participant {
    void before_fork(clock::time_point) override { mutex.lock(); }
    void after_fork_in_parent() noexcept override { mutex.unlock(); }
    void after_fork_in_child() override { mutex.unlock(); }

    std::mutex mutex;
    std::map<std::thread::id, std::string> lines;
  };

  logger log_;
  level severity_;
  std::ostream& stream_;
  std::streambuf* original_ = nullptr;
  std::shared_ptr<begun_lines> begun_ = std::make_shared<begun_lines>();
};

}  // namespace fapilog::inline v0_1::integrations
