// SPDX-License-Identifier: MIT
// A sink that writes each record as one line of JSON to a file, with rotation by size and by time.
#pragma once

#include <fapilog/detail/os/append_file.hpp>
#include <fapilog/detail/os/background_task.hpp>
#include <fapilog/detail/os/file.hpp>
#include <fapilog/sinks/detail/batch_lines.hpp>
#include <fapilog/sinks/file/detail/rotated_files.hpp>
#include <fapilog/sinks/file/rotating_file_config.hpp>
#include <fapilog/sinks/sink.hpp>

#if defined(FAPILOG_WITH_ZLIB)
#include <fapilog/sinks/file/zlib.hpp>
#endif

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace fapilog::inline v0_1::sinks {

/// Appends each batch in one write(2), so that several processes can share the file without torn lines. Rotates between
/// lines: `app.log` becomes `app-20260127-103000.log`, with the time of the rotation (`-1`, `-2` if the name is taken; `.gz`
/// once compressed). If somebody else moves or removes the file, the sink notices within a second and creates `path` again.
/// If the disk is full or broken, the file ends with a whole line and the rest is retried. If a rotation fails, the file
/// continues to grow and the problem is reported.
/// Thread: one at a time. Throws: std::bad_alloc; `start` also throws what its description says.
class rotating_file {
 public:
  static constexpr bool may_block = false;

  explicit rotating_file(rotating_file_config config)
      : config_(std::move(config)), refusal_(complete(config_)) {
    if (!refusal_.empty()) return;
    rotated_ = detail::rotated_files{config_.path};
    if (config_.max_files != 0) limits_.files = config_.max_files;
    if (config_.max_total_bytes != 0) limits_.bytes = config_.max_total_bytes - config_.max_bytes;
  }

  /// Opens the file. Throws: std::system_error or std::runtime_error if the configuration or the file is unusable; the message
  /// says what to do. `write` tries to open the file again.
  void start(start_context const& context) {
    report_ = context.report_function();
    if (!refusal_.empty()) throw std::runtime_error(refusal_);
    if (auto const refused = open(config_.now_ns())) {
      problem_ = refused.message();
      if (refused.error == 0) throw std::runtime_error(refused.text);
      throw std::system_error(refused.error, std::generic_category(), refused.text);
    }
    problem_.clear();
    enforce_retention();  // an earlier process may have left uncompressed files, or had other limits
  }

  write_result write(batch const& entries) {
    if (entries.empty()) return write_result::delivered();
    if (!refusal_.empty()) return detail::reject_from(0, entries.size(), refusal_);
    std::int64_t const now = config_.now_ns();
    if (auto const refused = prepare(now)) return retry(refused.message(), 0);

    std::string_view const text = entries.text();
    std::size_t done = 0;        // entries
    std::size_t done_bytes = 0;  // of text
    while (done < entries.size()) {
      std::size_t last = fitting(entries, done_bytes);
      if (last == done && file_.size() > 0 && may_rotate(now)) {
        if (auto const refused = rotate(now)) return retry(refused.message(), done);
        continue;
      }
      // A line that is longer than a file gets its own file. If rotation fails, the file grows beyond the limit.
      if (last == done) last = file_.size() > 0 ? entries.size() : done + 1;
      std::size_t const end = detail::end_of_line(entries, last - 1);
      detail::transfer const written =
          file_.append(text.substr(done_bytes, end - done_bytes), config_.sync == file_sync::batch);
      if (written.error != 0) {
        std::size_t const first =
            detail::pieces_within(done_bytes + written.bytes, entries.size(),
                                  [&](std::size_t i) { return detail::end_of_line(entries, i); });
        return retry("cannot write to the log file '" + config_.path +
                         "': " + detail::errno_text(written.error) +
                         "; it ends with a whole line, and the rest is retried",
                     first);
      }
      done = last;
      done_bytes = end;
    }
    problem_.clear();
    return write_result::delivered();
  }

  /// Waits until the rotated files are compressed, then closes the file. `write` opens it again.
  void stop() {
    background_.finish();
    file_.close();
  }

  [[nodiscard]] sink_health health() const {
    std::string const& detail = !refusal_.empty()   ? refusal_
                                : !problem_.empty() ? problem_
                                                    : rotation_problem_;
    return {detail.empty(), detail};
  }
  [[nodiscard]] static std::string_view name() noexcept { return "rotating_file"; }

 private:
  using refusal = detail::append_file::refusal;
  static constexpr std::int64_t second = 1'000'000'000;

  [[nodiscard]] std::int64_t period_of(std::int64_t unix_seconds) const noexcept {
    return config_.interval.count() == 0 ? 0 : unix_seconds / config_.interval.count();
  }

  refusal open(std::int64_t now) {
    refusal refused = file_.open(config_.path, rotated_.directory(), config_.mode);
    if (refused) return refused;
    checked_ = now;
    period_ = period_of(file_.size() == 0 ? now / second : file_.modified_before());
    if (config_.sync == file_sync::batch) (void)detail::sync_directory(rotated_.directory());
    return {};
  }

  /// Ensures that the file is open, still has its name, and belongs to the current interval.
  refusal prepare(std::int64_t now) {
    bool is_ours = file_.is_open() && file_.revalidate();
    if (is_ours && (now < checked_ || now - checked_ >= second)) {
      checked_ = now;
      is_ours = file_.is_at(config_.path);
    }
    if (!is_ours) {
      if (refusal refused = open(now)) return refused;
    }
    std::int64_t const period = period_of(now / second);
    if (file_.size() == 0) period_ = period;
    if (period > period_) return may_rotate(now) ? rotate(now) : refusal{};
    // A clock that goes back a little must not cause a second rotation at one boundary. If it was set back by more than
    // an interval, the file belongs to the new time.
    if (period + 1 < period_) period_ = period;
    return {};
  }

  /// Returns the index behind the last entry that fits into the file, of those that begin at offset `from` of the text.
  [[nodiscard]] std::size_t fitting(batch const& entries, std::size_t from) const {
    std::uint64_t const size = file_.size();
    std::size_t const whole = entries.text().size();
    if (config_.max_bytes == 0 || size + (whole - from) <= config_.max_bytes) return entries.size();
    std::uint64_t const room = config_.max_bytes > size ? config_.max_bytes - size : 0;
    return detail::pieces_within(from + static_cast<std::size_t>(room), entries.size(),
                                 [&](std::size_t i) { return detail::end_of_line(entries, i); });
  }

  /// After a failed rotation, the next attempt is a second later.
  [[nodiscard]] bool may_rotate(std::int64_t now) const noexcept {
    return rotation_problem_.empty() || now < rotation_failed_ || now - rotation_failed_ >= second;
  }

  /// Renames the file and opens a new one. A file that cannot be renamed stays in use.
  refusal rotate(std::int64_t now) {
    // Another process that shares the file may have rotated it already.
    if (file_.is_at(config_.path)) {
      if (int const error = rotated_.rename_active(config_.path, now); error != 0) {
        rotation_failed_ = now;
        rotation_problem_ = "cannot rotate the log file '" + config_.path +
                            "': " + detail::errno_text(error) +
                            "; it continues to grow until its directory is writable";
        report(rotation_problem_);
        return {};
      }
    }
    rotation_problem_.clear();
    file_.close();
    refusal refused = open(now);
    if (!refused) enforce_retention();
    return refused;
  }

  /// Enforces the limits and compresses the remaining files in the background.
  void enforce_retention() {
    report(rotated_.enforce(limits_));
    detail::file_compressor const compressor = detail::linked_compressor.load_acquire();
    if (!config_.compress_rotated || compressor == nullptr) return;
    background_.post([compressor, rotated = rotated_, limits = limits_, report = report_] {
      report_to(report, compress(rotated, compressor));
      report_to(report, rotated.enforce(limits));  // compression may have recreated a removed file as a .gz
    });
  }

  /// Compresses every rotated file that is not compressed yet. Returns an error message, or an empty string.
  static std::string compress(detail::rotated_files const& rotated, detail::file_compressor compressor) {
    int error = 0;
    std::string problem;
    for (detail::rotated_files::item const& file : rotated.list(error)) {
      if (!file.plain) continue;
      try {
        compressor(rotated.path_of(file));
      } catch (std::runtime_error const& failed) {
        problem = failed.what();
      }
    }
    return problem;
  }

  static void report_to(start_context::reporter const& report, std::string const& problem) {
    if (report && !problem.empty()) report("rotating_file: rotated files cannot be managed", problem);
  }
  void report(std::string const& problem) const { report_to(report_, problem); }

  write_result retry(std::string reason, std::size_t first) {
    constexpr std::chrono::milliseconds pause{100};
    problem_ = std::move(reason);
    return write_result::retry(problem_, first, pause);
  }

  rotating_file_config config_;
  std::string refusal_;  ///< error message of an invalid configuration
  detail::rotated_files rotated_;
  detail::retention_limits limits_;
  detail::append_file file_;
  std::int64_t checked_ = 0;  ///< when the path was last checked
  std::int64_t period_ = 0;   ///< number of the interval that the file's lines belong to
  std::int64_t rotation_failed_ = 0;
  std::string problem_;
  std::string rotation_problem_;
  start_context::reporter report_;
  detail::background_task background_{"fapilog-gzip"};
};

}  // namespace fapilog::inline v0_1::sinks
