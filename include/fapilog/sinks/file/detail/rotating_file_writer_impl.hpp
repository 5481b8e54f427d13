// SPDX-License-Identifier: MIT
// The bodies of the rotating file and of the validation of its settings.
#pragma once

#include <fapilog/detail/compiled.hpp>
#include <fapilog/detail/os/absolute_path.hpp>
#include <fapilog/detail/os/append_file.hpp>
#include <fapilog/detail/os/background_task.hpp>
#include <fapilog/detail/os/directory_lock.hpp>
#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/paths.hpp>
#include <fapilog/detail/os/platform.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/detail/batch_lines.hpp>
#include <fapilog/sinks/detail/text_lines.hpp>
#include <fapilog/sinks/file/compressor.hpp>
#include <fapilog/sinks/file/detail/arrived_lines.hpp>
#include <fapilog/sinks/file/detail/rotated_files.hpp>
#include <fapilog/sinks/file/detail/rotating_file_writer.hpp>
#include <fapilog/sinks/file/rotating_file_config.hpp>
#include <fapilog/sinks/sink.hpp>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

FAPILOG_INLINE std::string complete_rotating_file(sinks::rotating_file_config& config) {
  std::string const& prefix = config.filename_prefix;
  if (!config.now_ns) config.now_ns = wall_clock_ns;
  if (!config.path.empty() && !(config.directory.empty() && prefix.empty())) {
    return "rotating_file: `path` is set together with `directory` or `filename_prefix`; set only one of "
           "both";
  }
  if (config.path.empty()) {
    if (prefix.empty()) return "rotating_file: `path` and `filename_prefix` are empty; set one of them";
    bool const has_directory =
        prefix.find_first_of(path_separators) != std::string::npos || drive_length(prefix) != 0;
    if (has_directory || prefix.find("..") != std::string::npos) {
      return "rotating_file: `filename_prefix` is '" + prefix +
             "'; it must not contain '/' or '..' (see `directory`)";
    }
    config.path = (config.directory.empty() ? "." : config.directory) + '/' + prefix + ".jsonl";
  }
  std::string const name = config.path.substr(begin_of_file_name(config.path));
  if (config.path.find('\0') != std::string::npos)
    return "rotating_file: `path` must not contain a NUL character";
  if (name.empty() || name == "." || name == "..") {
    return "rotating_file: `path` is '" + config.path + "', a directory; it must end with a file name";
  }
  constexpr std::size_t longest_name = 255;
  if (name.size() + rotated_files::longest_addition > longest_name) {
    return "rotating_file: the file name '" + name +
           "' is too long for the date of rotated files; use at most " +
           std::to_string(longest_name - rotated_files::longest_addition) + " characters";
  }
  if (config.interval.count() < 0) return "rotating_file: `interval` is negative; it must be 0 (off) or more";
  if (config.max_total_bytes != 0 && config.max_total_bytes < config.max_bytes) {
    return "rotating_file: `max_total_bytes` is less than `max_bytes`; it must be 0 (no limit) or at least "
           "`max_bytes`, because the active file alone can be that large";
  }
  if (config.compress_rotated && !can_compress()) {
    return "rotating_file: `compress_rotated` is true, but this program does not link zlib; link "
           "fapilog::zlib or set it to false";
  }
  if (config.format == sinks::file_format::text) {
    if (config.pattern.empty())
      return "rotating_file: `pattern` is empty; write for example {time} {message}";
    if (std::string problem = pattern_problem("rotating_file", config.pattern); !problem.empty())
      return problem;
  }
  config.path = absolute_path(std::move(config.path));
  return {};
}

/// What `sinks::rotating_file` does, which describes the functions.
class rotating_file_writer {
 public:
  static constexpr bool may_block = false;

  explicit rotating_file_writer(sinks::rotating_file_config config)
      : config_(std::move(config)), refusal_(complete(config_)) {
    if (!refusal_.empty()) return;
    rotated_ = rotated_files{config_.path};
    if (config_.format == sinks::file_format::text) text_.emplace(config_.pattern, false, config_.zone);
    if (config_.max_files != 0) limits_.files = config_.max_files;
    if (config_.max_total_bytes != 0) limits_.bytes = config_.max_total_bytes - config_.max_bytes;
  }

  void start(start_context const& context) {
    report_ = context.report_function();
    if (!refusal_.empty()) throw std::runtime_error(refusal_);
    refusal refused;
    {
      directory_lock const lock{rotated_.directory()};
      refused = open(config_.now_ns());
      if (config_.compress_rotated) rotated_.remove_unfinished();
      if (lock.is_held()) rotated_.remove_reserved();
    }
    if (refused) {
      problem_ = refused.message();
      if (refused.error == 0) throw std::runtime_error(refused.text);
      throw std::system_error(refused.error, std::generic_category(), refused.text);
    }
    problem_.clear();
    enforce_retention();  // an earlier process may have left uncompressed files, or had other limits
  }

  write_result write(batch const& entries) {
    if (entries.empty()) return write_result::delivered();
    if (!refusal_.empty()) return reject_from(0, entries.size(), refusal_);
    if (!entries.is_recovered()) arrived_.reset();
    std::size_t done = 0;
    try {
      if (text_) text_->render(entries);
      return text_ ? write_lines(text_->text(), text_->ends(), done)
                   : write_lines(entries.text(), entry_ends{entries}, done);
    } catch (std::bad_alloc const&) {
      if (done == 0) throw;
      return write_result::retry("no memory", done, retry_pause);  // a string that needs none
    }
  }

  [[nodiscard]] std::vector<bool> find_arrived(batch const& entries) {
    if (!refusal_.empty() || text_) return {};
    if (!arrived_) arrived_.emplace(config_.path, rotated_);
    std::string problem;
    std::vector<bool> arrived = arrived_->find(entries, problem);
    report_to(report_,
              "rotating_file: some lines cannot be searched; recovered records in them are written again",
              problem);
    return arrived;
  }

  void reopen() noexcept { reopen_requests_.add(); }

  void flush() {
    if (file_.is_open() && reopen_requests_.value() != reopened_) (void)prepare(config_.now_ns());
  }

  void stop() {
    background_.finish();
    file_.close();
    arrived_.reset();
  }

  [[nodiscard]] sink_health health() const {
    std::string const& detail = !refusal_.empty() ? refusal_ : !problem_.empty() ? problem_ : path_problem_;
    return {detail.empty(), detail};
  }
  [[nodiscard]] static std::string_view name() noexcept { return "rotating_file"; }

 private:
  using refusal = append_file::refusal;
  using path_state = append_file::path_state;
  static constexpr std::int64_t second = 1'000'000'000;
  static constexpr std::chrono::milliseconds retry_pause{100};

  [[nodiscard]] std::int64_t period_of(std::int64_t unix_seconds) const noexcept {
    return config_.interval.count() == 0 ? 0 : unix_seconds / config_.interval.count();
  }

  /// Writes all entries, which are the lines of `text` with these ends. Sets `done` to the number of those that are in the file,
  /// also if it throws.
  write_result write_lines(std::string_view text, entry_ends const& ends, std::size_t& done) {
    std::int64_t const now = config_.now_ns();

    std::size_t done_bytes = 0;  // of text
    while (done < ends.size()) {
      if (auto const refused = prepare(now)) return retry(refused.message(), done);
      std::size_t last = fitting(text.size(), ends, done, done_bytes);
      if (last == done && file_.size() > 0 && may_rotate(now)) {
        rotate(now);
        continue;
      }
      // A line that is longer than a file gets its own file. If rotation fails, the file grows beyond the limit.
      if (last == done) last = file_.size() > 0 ? ends.size() : done + 1;
      std::size_t const end = ends[last - 1];
      transfer const written =
          file_.append(text.substr(done_bytes, end - done_bytes), config_.sync == sinks::file_sync::batch);
      if (written.error != 0) {
        done = entries_within(done_bytes + written.bytes, ends);
        return retry("cannot write to the log file '" + config_.path + "': " + errno_text(written.error) +
                         "; it ends with a whole line, and the rest is retried",
                     done);
      }
      done = last;
      done_bytes = end;
    }
    problem_.clear();
    return write_result::delivered();
  }

  /// Opens the file at `path`. The file that was open stays in use if this fails.
  refusal open(std::int64_t now) {
    append_file next;
    refusal refused = next.open(config_.path, rotated_.directory(), config_.mode);
    if (refused) return refused;
    file_ = std::move(next);
    path_problem_.clear();
    is_moved_ = false;
    checked_ = now;
    period_ = period_of(file_.size() == 0 ? now / second : file_.modified_before());
    if (config_.sync == sinks::file_sync::batch) (void)sync_directory(rotated_.directory());
    return {};
  }

  /// Ensures that a file is open, is that at `path` if possible, and belongs to the current interval.
  refusal prepare(std::int64_t now) {
    if (!file_.is_open() || !file_.revalidate()) {
      if (refusal refused = open(now)) return refused;
    }
    follow(now);
    std::int64_t const period = period_of(now / second);
    if (file_.size() == 0) period_ = period;
    if (period > period_ && may_rotate(now)) rotate(now);
    // A clock that goes back a little must not cause a second rotation at one boundary. If it was set back by more than
    // an interval, the file belongs to the new time.
    if (period + 1 < period_) period_ = period;
    return {};
  }

  /// Opens the file at `path` if the open one was moved from there. Looks at most once per millisecond.
  void follow(std::int64_t now) {
    constexpr std::int64_t check_interval = 1'000'000;
    std::uint64_t const requests = reopen_requests_.value();
    bool const is_requested = std::exchange(reopened_, requests) != requests;
    if (!is_requested && now >= checked_ && now - checked_ < check_interval) return;
    checked_ = now;
    path_state const state = (file_.check)(config_.path).state;
    if (state == path_state::same && std::exchange(is_moved_, false))
      path_problem_.clear();  // it was moved back
    if (state != path_state::moved || (!is_requested && !may_rotate(now))) return;
    open_moved(now);
  }

  /// The open file has been moved: opens the file at `path`.
  void open_moved(std::int64_t now) {
    if (refusal const refused = open(now)) {
      is_moved_ = true;
      keep_file(
          refused.message() + "; lines go to the file that was moved from there, until it can be opened",
          now);
    } else {
      enforce_retention();
    }
  }

  /// The open file stays in use and may grow beyond its limit. The next attempt is a second later.
  void keep_file(std::string problem, std::int64_t now) {
    path_failed_ = now;
    path_problem_ = std::move(problem);
    report_to(report_, "rotating_file: cannot change to another file", path_problem_);
  }
  [[nodiscard]] bool may_rotate(std::int64_t now) const noexcept {
    return path_problem_.empty() || now < path_failed_ || now - path_failed_ >= second;
  }

  /// Returns the index behind the last entry that fits into the file, of those from index `done` and offset `from` of the
  /// text, which has `whole` bytes. Limits what is written at once, because each process that shares the file may add as much to a full one.
  [[nodiscard]] std::size_t fitting(std::size_t whole, entry_ends const& ends, std::size_t done,
                                    std::size_t from) const {
    std::uint64_t const size = file_.size();
    if (config_.max_bytes == 0) return ends.size();
    auto const within = [&](std::uint64_t bytes) {
      return whole - from <= bytes ? ends.size()
                                   : entries_within(from + number_cast<std::size_t>(bytes), ends);
    };
    constexpr std::uint64_t shares = 8;
    constexpr std::uint64_t smallest_share = 4'096;
    std::uint64_t const room = config_.max_bytes > size ? config_.max_bytes - size : 0;
    std::uint64_t const at_once = (std::max)(config_.max_bytes / shares, smallest_share);
    if (room <= at_once) return within(room);
    std::size_t const last = within(at_once);
    return last > done ? last : (std::min)(within(room), done + 1);
  }

  /// Renames the file and opens a new one. A file that cannot be renamed stays in use.
  void rotate(std::int64_t now) {
    {
      directory_lock const lock{rotated_.directory()};  // one process at a time
      auto const [state, unreachable] = (file_.check)(config_.path);
      int error = unreachable;
      // ENOENT: another program has moved the file at this moment.
      if (state == path_state::same) error = rotated_.rename_active(config_.path, now);
      if (error != 0 && (state == path_state::unreachable || error != ENOENT)) {
        return keep_file("cannot rotate the log file '" + config_.path + "': " + errno_text(error) +
                             "; it continues to grow, and rotation is tried again after a second",
                         now);
      }
      if (refusal const refused = open(now)) {
        return keep_file(refused.message() + "; the file that was renamed continues to grow", now);
      }
    }
    enforce_retention();
  }

  /// Enforces the limits and compresses the remaining files in the background.
  void enforce_retention() {
    report_retention(report_, rotated_.enforce(limits_));
    file_compressor const compressor = linked_compressor.load_acquire();
    if (!config_.compress_rotated || compressor == nullptr) return;
    background_.post([compressor, rotated = rotated_, limits = limits_, report = report_] {
      report_retention(report, compress(rotated, compressor));
      rotated.remove_unfinished();
      report_retention(report, rotated.enforce(limits));  // the .gz of a removed file may have been created
    });
  }

  /// Compresses every rotated file that is not compressed yet. Tries again what fails, because the lines of a file that is
  /// compressed and not removed are there twice. Returns an error message, or an empty string.
  static std::string compress(rotated_files const& rotated, file_compressor compressor) {
    int error = 0;
    std::string problem;
    for (rotated_files::item const& file : rotated.list(error)) {
      if (!file.plain) continue;
      std::string failure;
      for (int attempt = 0; attempt == 0 || (attempt == 1 && !failure.empty()); ++attempt) {
        failure.clear();
        try {
          compressor(rotated.path_of(file));
        } catch (std::runtime_error const& failed) {
          failure = failed.what();
        }
      }
      if (!failure.empty()) problem = std::move(failure);
    }
    return problem;
  }

  static void report_to(start_context::reporter const& report, std::string_view what,
                        std::string const& problem) {
    if (report && !problem.empty()) report(what, problem);
  }
  static void report_retention(start_context::reporter const& report, std::string const& problem) {
    report_to(report, "rotating_file: rotated files cannot be managed", problem);
  }

  write_result retry(std::string reason, std::size_t first) {
    problem_ = std::move(reason);
    return write_result::retry(problem_, first, retry_pause);
  }

  sinks::rotating_file_config config_;
  std::string refusal_;  ///< error message of an invalid configuration
  rotated_files rotated_;
  retention_limits limits_;
  append_file file_;
  std::int64_t checked_ = 0;  ///< when the path was last checked
  std::int64_t period_ = 0;   ///< number of the interval that the file's lines belong to
  counter reopen_requests_;
  std::uint64_t reopened_ = 0;    ///< requests that were carried out
  std::int64_t path_failed_ = 0;  ///< when `path_problem_` occurred
  bool is_moved_ = false;         ///< the open file was moved, and no other one can be opened
  std::string problem_;           ///< why the last batch was not written
  std::string path_problem_;      ///< why the open file is not the one that it should be
  start_context::reporter report_;
  std::optional<text_lines> text_;        ///< for the format `text`
  std::optional<arrived_lines> arrived_;  ///< while recovered records are delivered
  background_task background_{"fapilog-gzip"};
};

FAPILOG_INLINE any_sink make_rotating_file(sinks::rotating_file_config config) {
  return std::make_shared<rotating_file_writer>(std::move(config));
}

}  // namespace fapilog::inline v0_1::detail
