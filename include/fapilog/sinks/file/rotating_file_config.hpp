// SPDX-License-Identifier: MIT
// Settings of the rotating file.
#pragma once

#include <fapilog/detail/os/platform.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/sinks/text_format.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1 {

namespace sinks {
struct rotating_file_config;
}

namespace detail {
/// What `complete` of the settings does.
[[nodiscard]] std::string complete_rotating_file(sinks::rotating_file_config& config);
}  // namespace detail

namespace sinks {

/// When a batch counts as delivered.
enum class file_sync : std::uint8_t {
  none,   ///< once the operating system has it: survives the process, not a power failure
  batch,  ///< once it is on disk (fdatasync once per batch): survives a power failure
};

/// The form of the lines of a file.
enum class file_format : std::uint8_t {
  json,  ///< the envelope
  text,  ///< by `rotating_file_config::pattern`
};

struct rotating_file_config {
  static constexpr std::chrono::seconds hourly{3'600};
  static constexpr std::chrono::seconds daily{86'400};
  /// From Thursday to Wednesday, because 1970-01-01 was a Thursday.
  static constexpr std::chrono::seconds weekly{604'800};

  /// The active file, for example "logs/app.log". It keeps this name: rotation renames finished files. A relative path
  /// is resolved when the sink is made.
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
  file_format format = file_format::json;
  /// For `text`: the form of a line; see docs/user-guide/text-patterns.md.
  std::string pattern = "{time} {level:<8} {logger} {message} {fields} {source}";
  /// For `text`.
  time_zone zone = time_zone::utc;
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
    visit(
        setting{.name = "format", .text = "Lines of JSON (`json`), or readable ones by `pattern` (`text`)."},
        self.format);
    visit(detail::pattern_setting, self.pattern);
    visit(detail::time_zone_setting, self.zone);
  }

  /// Sets the members that follow from others (`path`, `now_ns`). Returns an error message, or an empty string. Throws:
  /// std::bad_alloc.
  [[nodiscard]] friend std::string complete(rotating_file_config& config) {
    return detail::complete_rotating_file(config);
  }
};

}  // namespace sinks
}  // namespace fapilog::inline v0_1

template <>
struct fapilog::enum_names<fapilog::sinks::file_sync> {
  using file_sync = fapilog::sinks::file_sync;
  static constexpr std::array<std::pair<file_sync, std::string_view>, 2> names{
      {{file_sync::none, "none"}, {file_sync::batch, "batch"}}};
};

template <>
struct fapilog::enum_names<fapilog::sinks::file_format> {
  using file_format = fapilog::sinks::file_format;
  static constexpr std::array<std::pair<file_format, std::string_view>, 2> names{
      {{file_format::json, "json"}, {file_format::text, "text"}}};
};
