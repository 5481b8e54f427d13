// SPDX-License-Identifier: MIT
// What can be chosen of the rotating file, and what cannot be.
#pragma once

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
  none,   ///< when the system has taken it: survives the process, not a power failure
  batch,  ///< when the medium has it (fdatasync once a batch): survives a power failure
};

struct rotating_file_config {
  static constexpr std::chrono::seconds hourly{3'600};
  static constexpr std::chrono::seconds daily{86'400};
  /// From Thursday to Wednesday, as 1970-01-01 was a Thursday.
  static constexpr std::chrono::seconds weekly{604'800};

  /// The active file, such as "logs/app.log". It has this name at any time.
  std::string path = {};
  /// Instead of `path`: the active file is `<directory>/<filename_prefix>.jsonl`, in the working directory by
  /// default.
  std::string directory = {};
  std::string filename_prefix = {};

  /// No file grows beyond this, unless a single line is longer; 0: no rotation by size.
  std::uint64_t max_bytes = std::uint64_t{10} * 1024 * 1024;
  /// The file is moved aside with the first batch after each multiple of this since 1970-01-01 UTC; 0: never.
  std::chrono::seconds interval{0};
  /// Rotated files that are kept; 0: all.
  std::size_t max_files = 0;
  /// Bytes that the rotated files and the active one may have together; 0: no bound. At least `max_bytes`.
  std::uint64_t max_total_bytes = 0;
  /// Rotated files are compressed (gzip) in the background; needs the component `fapilog::zlib`.
  bool compress_rotated = false;
  /// Permissions of new files, less the umask. New directories are the owner's alone (0700).
  unsigned mode = 0600;
  file_sync sync = file_sync::none;
  /// The wall clock, nanoseconds since 1970-01-01 UTC. Another one is for tests.
  std::function<std::int64_t()> now_ns = detail::wall_clock_ns;

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "path", .text = "The active file, such as `logs/app.log`."}, self.path);
    visit(setting{.name = "directory",
                  .text = "Instead of `path`: the active file is `<directory>/<filename_prefix>.jsonl`."},
          self.directory);
    visit(setting{.name = "filename_prefix", .text = "See `directory`."}, self.filename_prefix);
    visit(
        setting{.name = "max_bytes",
                .text = "No file grows beyond this, unless a single line is longer; 0: no rotation by size.",
                .form = setting_form::bytes},
        self.max_bytes);
    visit(
        setting{.name = "interval",
                .text = "The file is moved aside with the first batch after each multiple of this since 1970 "
                        "UTC; 0: never."},
        self.interval);
    visit(setting{.name = "max_files", .text = "Rotated files that are kept; 0: all."}, self.max_files);
    visit(
        setting{.name = "max_total_bytes",
                .text = "Bytes of the rotated files and the active one together, at least `max_bytes`; 0: no "
                        "bound.",
                .form = setting_form::bytes},
        self.max_total_bytes);
    visit(setting{.name = "compress_rotated",
                  .text = "Rotated files are compressed; needs the component `fapilog::zlib`."},
          self.compress_rotated);
    visit(setting{.name = "mode",
                  .text = "Permissions of new files, less the umask.",
                  .max = 0777,
                  .form = setting_form::octal},
          self.mode);
    visit(
        setting{
            .name = "sync",
            .text = "A batch counts as delivered when the system has it (`none`), or the medium (`batch`)."},
        self.sync);
  }
};

/// Fills in what follows from the rest (`path`, `now_ns`) and returns what is wrong, or nothing. Throws:
/// std::bad_alloc.
[[nodiscard]] inline std::string complete(rotating_file_config& config) {
  std::string const& prefix = config.filename_prefix;
  if (!config.now_ns) config.now_ns = detail::wall_clock_ns;
  if (!config.path.empty() && !(config.directory.empty() && prefix.empty())) {
    return "rotating_file: `path` is given, and `directory` or `filename_prefix`, too; only one of both ways "
           "counts";
  }
  if (config.path.empty()) {
    if (prefix.empty()) return "rotating_file: `path` and `filename_prefix` are empty; one of them is needed";
    if (prefix.find('/') != std::string::npos || prefix.find("..") != std::string::npos) {
      return "rotating_file: `filename_prefix` is '" + prefix +
             "'; it must not contain '/' or '..' (see `directory`)";
    }
    config.path = (config.directory.empty() ? "." : config.directory) + '/' + prefix + ".jsonl";
  }
  std::string const name = config.path.substr(config.path.rfind('/') + 1);  // npos + 1 is 0
  if (config.path.find('\0') != std::string::npos) return "rotating_file: the path contains a NUL character";
  if (name.empty() || name == "." || name == "..") {
    return "rotating_file: `path` is '" + config.path + "', a directory; it must end with a file's name";
  }
  constexpr std::size_t longest_name = 255;
  if (name.size() + rotated_files::longest_addition > longest_name) {
    return "rotating_file: the name '" + name +
           "' has no room left for the date of rotated files (255 in all)";
  }
  if (config.interval.count() < 0) return "rotating_file: `interval` is negative; 0 switches it off";
  if (config.max_total_bytes != 0 && config.max_total_bytes < config.max_bytes) {
    return "rotating_file: `max_total_bytes` is less than `max_bytes`; the active file alone may be that "
           "large";
  }
  if (config.compress_rotated && !can_compress()) {
    return "rotating_file: `compress_rotated` is true, but this program does not link zlib; link "
           "fapilog::zlib or set it to false";
  }
  return {};
}

}  // namespace fapilog::inline v0_1::sinks

template <>
struct fapilog::enum_names<fapilog::sinks::file_sync> {
  using file_sync = fapilog::sinks::file_sync;
  static constexpr std::array<std::pair<file_sync, std::string_view>, 2> names{
      {{file_sync::none, "none"}, {file_sync::batch, "batch"}}};
};
