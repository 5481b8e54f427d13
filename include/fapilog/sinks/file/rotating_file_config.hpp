// SPDX-License-Identifier: MIT
// Settings of the rotating file, and their validation.
#pragma once

#include <fapilog/detail/os/absolute_path.hpp>
#include <fapilog/detail/os/platform.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/sinks/file/compressor.hpp>
#include <fapilog/sinks/file/detail/rotated_files.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::sinks {

/// When a batch counts as delivered.
enum class file_sync : std::uint8_t {
  none,   ///< once the operating system has it: survives the process, not a power failure
  batch,  ///< once it is on disk (fdatasync once per batch): survives a power failure
};

struct rotating_file_config {
  static constexpr std::chrono::seconds hourly{3'600};
  static constexpr std::chrono::seconds daily{86'400};
  /// From Thursday to Wednesday, because 1970-01-01 was a Thursday.
  static constexpr std::chrono::seconds weekly{604'800};

  /// The active file, for example "logs/app.log". It keeps this name: rotation renames finished files. A relative path
  /// leads from the working directory at the time when the sink is made.
  std::string path = {};
  /// Alternative to `path`: the active file is `<directory>/<filename_prefix>.jsonl`. An empty directory is the working
  /// directory.
  std::string directory = {};
  std::string filename_prefix = {};

  /// Maximum size of a file; only a file with a single longer line exceeds it. 0: no rotation by size.
  std::uint64_t max_bytes = std::uint64_t{10} * 1024 * 1024;
  /// Rotates with the first batch after each multiple of this since 1970-01-01 UTC. 0: no rotation by time.
  std::chrono::seconds interval{0};
  /// Number of rotated files to keep. 0: all.
  std::size_t max_files = 0;
  /// Maximum size of the rotated files and the active one together, at least `max_bytes`. 0: no limit.
  std::uint64_t max_total_bytes = 0;
  /// Compresses rotated files with gzip in the background. Needs the component `fapilog::zlib`.
  bool compress_rotated = false;
  /// Permissions of new files, minus the umask. New directories have 0700.
  unsigned mode = 0600;
  file_sync sync = file_sync::none;
  /// The wall clock, in nanoseconds since 1970-01-01 UTC. Tests replace it.
  std::function<std::int64_t()> now_ns = detail::wall_clock_ns;

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "path", .text = "The active file, for example `logs/app.log`."}, self.path);
    visit(setting{.name = "directory",
                  .text = "Alternative to `path`: the active file is `<directory>/<filename_prefix>.jsonl`."},
          self.directory);
    visit(setting{.name = "filename_prefix", .text = "See `directory`."}, self.filename_prefix);
    visit(setting{.name = "max_bytes",
                  .text =
                      "Maximum size of a file; only a single longer line exceeds it. 0: no rotation by size.",
                  .form = setting_form::bytes},
          self.max_bytes);
    visit(setting{.name = "interval",
                  .text = "Rotates with the first batch after each multiple of this since 1970 UTC. 0: no "
                          "rotation by time."},
          self.interval);
    visit(setting{.name = "max_files", .text = "Number of rotated files to keep. 0: all."}, self.max_files);
    visit(setting{.name = "max_total_bytes",
                  .text =
                      "Maximum size of the rotated files and the active one together, at least `max_bytes`. "
                      "0: no limit.",
                  .form = setting_form::bytes},
          self.max_total_bytes);
    visit(setting{.name = "compress_rotated",
                  .text = "Compresses rotated files with gzip. Needs the component `fapilog::zlib`."},
          self.compress_rotated);
    visit(setting{.name = "mode",
                  .text = "Permissions of new files, minus the umask.",
                  .max = 0777,
                  .form = setting_form::octal},
          self.mode);
    visit(
        setting{
            .name = "sync",
            .text =
                "When a batch counts as delivered: once the system has it (`none`) or the disk (`batch`)."},
        self.sync);
  }

  /// Sets the members that follow from others (`path`, `now_ns`). Returns an error message, or an empty string. Throws:
  /// std::bad_alloc.
  [[nodiscard]] friend std::string complete(rotating_file_config& config) {
    std::string const& prefix = config.filename_prefix;
    if (!config.now_ns) config.now_ns = detail::wall_clock_ns;
    if (!config.path.empty() && !(config.directory.empty() && prefix.empty())) {
      return "rotating_file: `path` is set together with `directory` or `filename_prefix`; set only one of "
             "both";
    }
    if (config.path.empty()) {
      if (prefix.empty()) return "rotating_file: `path` and `filename_prefix` are empty; set one of them";
      if (prefix.find('/') != std::string::npos || prefix.find("..") != std::string::npos) {
        return "rotating_file: `filename_prefix` is '" + prefix +
               "'; it must not contain '/' or '..' (see `directory`)";
      }
      config.path = (config.directory.empty() ? "." : config.directory) + '/' + prefix + ".jsonl";
    }
    std::string const name = config.path.substr(config.path.rfind('/') + 1);  // npos + 1 is 0
    if (config.path.find('\0') != std::string::npos)
      return "rotating_file: the path contains a NUL character";
    if (name.empty() || name == "." || name == "..") {
      return "rotating_file: `path` is '" + config.path + "', a directory; it must end with a file name";
    }
    constexpr std::size_t longest_name = 255;
    if (name.size() + detail::rotated_files::longest_addition > longest_name) {
      return "rotating_file: the file name '" + name +
             "' is too long for the date of rotated files; use at most " +
             std::to_string(longest_name - detail::rotated_files::longest_addition) + " characters";
    }
    if (config.interval.count() < 0)
      return "rotating_file: `interval` is negative; it must be 0 (off) or more";
    if (config.max_total_bytes != 0 && config.max_total_bytes < config.max_bytes) {
      return "rotating_file: `max_total_bytes` is less than `max_bytes`; it must be 0 (no limit) or at least "
             "`max_bytes`, because the active file alone can be that large";
    }
    if (config.compress_rotated && !detail::can_compress()) {
      return "rotating_file: `compress_rotated` is true, but this program does not link zlib; link "
             "fapilog::zlib or set it to false";
    }
    config.path = detail::absolute_path(std::move(config.path));
    return {};
  }
};

}  // namespace fapilog::inline v0_1::sinks

template <>
struct fapilog::enum_names<fapilog::sinks::file_sync> {
  using file_sync = fapilog::sinks::file_sync;
  static constexpr std::array<std::pair<file_sync, std::string_view>, 2> names{
      {{file_sync::none, "none"}, {file_sync::batch, "batch"}}};
};
