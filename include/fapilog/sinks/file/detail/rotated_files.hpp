// SPDX-License-Identifier: MIT
// The rotated files of an active log file: their names, their order, and how many of them are kept.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/paths.hpp>
#include <fapilog/record/time.hpp>
#include <fapilog/sinks/file/compressor.hpp>
#include <fapilog/sinks/file/detail/leftovers.hpp>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// How many rotated files are kept, the newest first.
struct retention_limits {
  std::size_t files = (std::numeric_limits<std::size_t>::max)();
  std::uint64_t bytes = (std::numeric_limits<std::uint64_t>::max)();  ///< total size

  friend bool operator==(retention_limits const&, retention_limits const&) noexcept = default;
};

/// The files `app-20260127-103000.log`, `app-20260127-103000-1.log` and so on, and their `.gz`, which were `app.log` before.
/// Their names ascend in the order of rotation, whatever the clock does: if the clock is behind the newest name, the next
/// file gets the time of that name and the next number. So age follows from names alone, across restarts and processes.
/// Files with any other name are neither counted nor touched. Thread: any, each with its own copy.
class rotated_files {
 public:
  /// A rotated file. Both `plain` and `compressed` are true if a crash left the file beside its `.gz`.
  struct item {
    std::string stamp;         ///< `20260127-103000`, UTC
    std::uint32_t number = 0;  ///< 0 for the first of its stamp
    bool plain = false;
    bool compressed = false;

    friend bool operator<(item const& a, item const& b) noexcept {
      return std::tie(a.stamp, a.number) < std::tie(b.stamp, b.number);
    }
  };

  /// Maximum number of characters that rotation adds to a name: time stamp, number, and the suffix of an unfinished
  /// compressed file.
  static constexpr std::size_t longest_addition = 16 + 10 + 7;

  rotated_files() = default;
  /// The rotated files of the active file with this path.
  explicit rotated_files(std::string const& active) {
    std::size_t const begin = detail::begin_of_file_name(active);
    directory_ = begin == 0 ? "." : detail::directory_part(active, begin);
    std::string const name = active.substr(begin);
    std::size_t const dot = name.rfind('.');
    stem_ = name.substr(0, dot == 0 ? name.size() : dot);
    extension_ = name.substr(stem_.size());
  }

  [[nodiscard]] std::string const& directory() const noexcept { return directory_; }
  [[nodiscard]] std::string path_of(item const& file) const {
    return directory_ + '/' + stem_ + '-' + file.stamp +
           (file.number == 0 ? "" : '-' + std::to_string(file.number)) + extension_;
  }

  /// Returns the item with this name; neither plain nor compressed if it is not the name of a rotated file.
  [[nodiscard]] item parse(std::string_view name) const {
    constexpr std::size_t stamp_size = 15;
    item file;
    bool const compressed = name.ends_with(compressed_suffix);
    if (compressed) name.remove_suffix(compressed_suffix.size());
    if (!name.starts_with(stem_) || !name.substr(stem_.size()).ends_with(extension_)) return file;
    name = name.substr(stem_.size(), name.size() - stem_.size() - extension_.size());
    if (name.size() < 1 + stamp_size || name[0] != '-') return file;
    std::string_view const stamp = name.substr(1, stamp_size);
    for (std::size_t i = 0; i < stamp_size; ++i) {
      if (i == 8 ? stamp[i] != '-' : stamp[i] < '0' || stamp[i] > '9') return file;
    }
    std::string_view const number = name.substr(1 + stamp_size);
    if (!number.empty() && !parse_number(number, file.number)) return file;
    file.stamp = stamp;
    (compressed ? file.compressed : file.plain) = true;
    return file;
  }

  /// Returns all rotated files, the oldest first. Sets `error` to an errno value if the directory cannot be read, else 0.
  [[nodiscard]] std::vector<item> list(int& error) const {
    auto found = detail::list_directory(directory_, stem_ + '-');
    error = found.error;
    std::vector<item> files;
    for (std::string const& name : found.names) {
      if (item file = parse(name); file.plain || file.compressed) files.push_back(std::move(file));
    }
    std::sort(files.begin(), files.end());
    std::size_t kept = 0;
    for (std::size_t i = 0; i < files.size(); ++i) {
      if (kept != 0 && !(files[kept - 1] < files[i])) {
        files[kept - 1].plain = files[kept - 1].plain || files[i].plain;
        files[kept - 1].compressed = files[kept - 1].compressed || files[i].compressed;
      } else {
        if (kept != i) files[kept] = std::move(files[i]);
        ++kept;
      }
    }
    files.resize(kept);
    return files;
  }

  /// Renames the active file to its final name, with the time `now_ns` or that of the newest file. Reserves the name first,
  /// so that an existing file is never replaced, even if two processes rotate at once. Returns an errno value, or 0.
  [[nodiscard]] int rename_active(std::string const& active, std::int64_t now_ns) {
    std::string const now = stamp_of(now_ns);
    item file = next_after(newest(now), now);
    std::string path = path_of(file);
    for (;; file = next_after(file, now), path = path_of(file)) {
      if (detail::status_of(path + std::string{compressed_suffix}).type != detail::file_type::none) continue;
      int const error = detail::open_file(path, detail::open_for::create).error;
      if (error == 0) break;
      if (error != EEXIST) return error;
    }
    if (int const error = detail::rename_file(active, path); error != 0) {
      (void)detail::unlink_file(path);
      return error;
    }
    last_ = std::move(file);
    return 0;
  }

  /// Removes the unfinished compressed files of processes that were killed.
  void remove_unfinished() const {
    constexpr std::string_view temporary = unfinished_suffix.substr(compressed_suffix.size());
    for (std::string const& name : detail::list_directory(directory_, stem_ + '-').names) {
      std::string_view const whole = name;
      if (!whole.ends_with(unfinished_suffix)) continue;
      if (!parse(whole.substr(0, whole.size() - temporary.size())).compressed) continue;
      remove_leftover(directory_ + '/' + name);
    }
  }

  /// Removes the names that killed processes reserved for a rotation. Other processes must not rotate meanwhile.
  void remove_reserved() const {
    int error = 0;
    for (item const& file : list(error)) {
      std::string const path = path_of(file);
      if (!file.plain || file.compressed) continue;
      file_status const status = status_of(path);
      if (status.type == file_type::regular && status.size == 0) (void)detail::unlink_file(path);
    }
  }

  /// Removes the oldest files until the limits are met. Returns an error message, or an empty string.
  [[nodiscard]] std::string enforce(retention_limits const& limits) const {
    if (limits == retention_limits{}) return {};
    int error = 0;
    std::vector<item> const files = list(error);
    std::string problem;
    if (error != 0 && error != ENOENT)
      problem = "cannot read the directory '" + directory_ + "': " + detail::errno_text(error);
    std::uint64_t bytes = 0;
    std::size_t count = 0;
    bool is_over = false;
    for (std::size_t i = files.size(); i-- > 0;) {  // from the newest on
      bytes += bytes_of(files[i]);
      ++count;
      is_over = is_over || count > limits.files || bytes > limits.bytes;
      if (!is_over) continue;
      for (std::string const& path : paths_of(files[i])) {
        if (error = detail::unlink_file(path); error != 0 && error != ENOENT) {
          problem = "cannot remove '" + path + "': " + detail::errno_text(error);
        }
      }
    }
    return problem;
  }

 private:
  static constexpr std::uint32_t max_number = 999'999'999;

  /// Parses `-1` up to `max_number`, without leading zeros.
  static bool parse_number(std::string_view text, std::uint32_t& number) noexcept {
    if (text.size() < 2 || text.size() > 10 || text[0] != '-' || text[1] < '1' || text[1] > '9') return false;
    auto const [end, error] = std::from_chars(text.data() + 1, text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size();
  }

  [[nodiscard]] std::vector<std::string> paths_of(item const& file) const {
    std::vector<std::string> paths;
    if (file.plain) paths.push_back(path_of(file));
    if (file.compressed) paths.push_back(path_of(file) + std::string{compressed_suffix});
    return paths;
  }
  /// A file and its .gz, which exist together only until the compressor has removed the file, count once.
  [[nodiscard]] std::uint64_t bytes_of(item const& file) const {
    std::uint64_t bytes = 0;
    for (std::string const& path : paths_of(file)) bytes = (std::max)(bytes, detail::status_of(path).size);
    return bytes;
  }

  /// Returns the stamp of a time: `20260127-103000`.
  [[nodiscard]] static std::string stamp_of(std::int64_t unix_ns) {
    char civil[19];
    detail::put_civil(civil, unix_ns / 1'000'000'000);
    std::string stamp;
    for (char const c : civil) {
      if (c >= '0' && c <= '9') stamp += c;
      if (c == 'T') stamp += '-';
    }
    return stamp;
  }
  /// Returns the newest file, with an empty stamp if there is none. The name that was given last counts although the file
  /// may have been removed, unless it lies in the future: who removes a file with such a name corrects the names.
  [[nodiscard]] item newest(std::string const& now) const {
    auto const listed = detail::list_directory(directory_, stem_ + '-');
    item found = listed.error != 0 || last_.stamp <= now ? last_ : item{};
    for (std::string const& name : listed.names) {
      item file = parse(name);
      if ((file.plain || file.compressed) && found < file) found = std::move(file);
    }
    return found;
  }
  /// Returns the first name behind `previous`, with the stamp `now` if possible.
  [[nodiscard]] static item next_after(item const& previous, std::string const& now) {
    item next;
    next.stamp = now;
    if (next.stamp > previous.stamp) return next;
    next.stamp = previous.stamp;
    next.number = previous.number + 1;
    if (next.number <= max_number) return next;
    next.number = 0;
    for (std::size_t i = next.stamp.size(); i-- > 0;) {
      char& digit = next.stamp[i];
      if (digit == '-') continue;
      if (digit != '9') {
        ++digit;
        break;
      }
      digit = '0';
    }
    return next;
  }

  std::string directory_;
  std::string stem_;
  std::string extension_;
  item last_;
};

}  // namespace fapilog::inline v0_1::detail
