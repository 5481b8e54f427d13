// SPDX-License-Identifier: MIT
// Finds out which records have a line in a log file or its rotated files.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/json_parts.hpp>
#include <fapilog/record/uuid.hpp>
#include <fapilog/sinks/file/compressor.hpp>
#include <fapilog/sinks/file/detail/rotated_files.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Reads a range of a file backwards. Lines without an end at the end of the range are left out.
class backward_lines {
 public:
  backward_lines() = default;
  /// `begin` is 0 or the beginning of a line.
  backward_lines(std::uint64_t begin, std::uint64_t end) noexcept : begin_(begin), at_(end), end_(begin) {}

  static constexpr std::size_t longest_line = std::size_t{32} << 20;  ///< longer ones are left out

  [[nodiscard]] bool is_done() const noexcept { return at_ == begin_; }
  /// The end of the last whole line, once it has been read.
  [[nodiscard]] std::uint64_t end() const noexcept { return end_; }

  /// Reads about `block` bytes in front of those that were read before, and replaces `lines` by the lines that are now
  /// complete. After an error, or if the file has become shorter, the range is done.
  transfer read(file const& from, std::size_t block, std::string& lines) {
    auto const size =
        static_cast<std::size_t>((std::min<std::uint64_t>)((std::max)(block, carried_.size()), at_ - begin_));
    lines.resize(size);
    transfer const got = from.read_at(at_ - size, lines.data(), size);
    if (got.bytes < size) {
      at_ = begin_;
      lines.clear();
      return got;
    }
    at_ -= size;
    if (carried_.empty()) {
      lines.resize(lines.rfind('\n') + 1);  // npos + 1 is 0
      if (end_ == begin_ && !lines.empty()) end_ = at_ + lines.size();
    }
    lines += std::exchange(carried_, {});
    if (is_done()) return got;
    std::size_t const first = lines.find('\n') + 1;
    if (first <= longest_line) carried_ = lines.substr(0, first);
    lines.erase(0, first);
    return got;
  }

 private:
  std::uint64_t begin_ = 0;
  std::uint64_t at_ = 0;
  std::uint64_t end_ = 0;
  std::string carried_;  ///< the rest of a line that begins before `at_`
};

/// How much of the files is read.
struct search_limits {
  std::size_t block = std::size_t{256} << 10;          ///< bytes that are read at once
  std::uint64_t max_bytes = std::uint64_t{256} << 20;  ///< of all files
  std::uint64_t old_bytes = std::uint64_t{32}
                            << 20;                  ///< of older lines, after which no newer one is expected
  std::uint64_t margin_ms = std::uint64_t{60'000};  ///< by which a line is older than every record
};

/// Reads the newest lines first and no more than a search needs, and remembers the ids that it has read for the next search.
/// The file may have lines of other processes, of other programs and of other formats. A line counts if it is a whole JSON
/// object; its id is the first member `message_id`. Thread: one. Throws: std::bad_alloc.
class arrived_lines {
 public:
  arrived_lines(std::string active, rotated_files rotated, search_limits limits = {})
      : path_(std::move(active)), rotated_(std::move(rotated)), limits_(limits) {}

  /// Returns true for each entry that has a line. Sets `problem` to a message if a file cannot be read.
  [[nodiscard]] std::vector<bool> find(batch const& entries, std::string& problem) {
    std::vector<bool> arrived(entries.size());
    std::vector<wanted> all;
    all.reserve(entries.size());
    for (std::size_t i = 0; i < entries.size(); ++i) all.push_back({entries[i].event.message_id, i});
    std::sort(all.begin(), all.end(), [](wanted const& a, wanted const& b) { return a.id < b.id; });
    if (all.empty()) return arrived;

    follow(problem);
    std::size_t missing = all.size();
    for (wanted const& one : all) {
      bool const is_known = std::any_of(runs_.begin(), runs_.end(), [&one](std::vector<uuid> const& run) {
        return std::binary_search(run.begin(), run.end(), one.id);
      });
      if (!is_known) continue;
      arrived[one.index] = true;
      --missing;
    }
    for (std::size_t next = 0;;) {
      for (; next < fresh_.size(); ++next) missing -= mark(all, fresh_[next], arrived);
      if (missing == 0 || is_before(ms_of(all.front().id)) || !read_more(problem)) break;
    }
    remember_fresh();
    return arrived;
  }

  /// Number of bytes that were read so far.
  [[nodiscard]] std::uint64_t bytes_read() const noexcept { return bytes_read_; }

 private:
  struct wanted {
    uuid id;
    std::size_t index;
  };
  /// A piece of a file, in the order of reading.
  struct piece {
    std::uint64_t bytes = 0;
    std::uint64_t newest_ms = 0;  ///< time of the newest id in it; 0 if there is none
  };

  /// The time in a UUID of version 7, in milliseconds since 1970-01-01 UTC: that of the record's call.
  [[nodiscard]] static std::uint64_t ms_of(uuid const& id) noexcept {
    std::uint64_t ms = 0;
    for (std::size_t i = 0; i < 6; ++i) ms = ms << 8 | id.bytes[i];
    return ms;
  }
  /// Parses the canonical form of a UUID at the beginning of the text.
  [[nodiscard]] static bool parse_id(std::string_view text, uuid& id) noexcept {
    constexpr std::size_t size = 36;
    if (text.size() < size) return false;
    std::size_t at = 0;
    for (std::size_t i = 0; i < id.bytes.size(); ++i) {
      if ((i == 4 || i == 6 || i == 8 || i == 10) && text[at++] != '-') return false;
      int const high = hex_value(text[at++]);
      int const low = hex_value(text[at++]);
      if (high < 0 || low < 0) return false;
      id.bytes[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    return true;
  }

  /// Marks the entries with this id. Returns how many were not marked before.
  [[nodiscard]] static std::size_t mark(std::vector<wanted> const& all, uuid const& id,
                                        std::vector<bool>& arrived) {
    auto found =
        std::lower_bound(all.begin(), all.end(), id, [](wanted const& a, uuid const& b) { return a.id < b; });
    std::size_t count = 0;
    for (; found != all.end() && found->id == id; ++found) {
      count += arrived[found->index] ? 0U : 1U;
      arrived[found->index] = true;
    }
    return count;
  }

  /// Adds the ids of this search to those of earlier ones. Each run is at least twice as long as the next one, so that an id is
  /// moved a few times and not in each search.
  void remember_fresh() {
    if (fresh_.empty()) return;
    std::sort(fresh_.begin(), fresh_.end());
    while (!runs_.empty() && runs_.back().size() < 2 * fresh_.size()) {
      std::vector<uuid> const& last = runs_.back();
      std::vector<uuid> merged(last.size() + fresh_.size());
      std::merge(last.begin(), last.end(), fresh_.begin(), fresh_.end(), merged.begin());
      fresh_.swap(merged);
      runs_.pop_back();
    }
    runs_.emplace_back();
    runs_.back().swap(fresh_);
  }

  /// True if the lines that were read last are so old that none of a record of this time is expected before them. A few such
  /// lines prove nothing: they may be recovered ones.
  [[nodiscard]] bool is_before(std::uint64_t oldest_ms) const noexcept {
    std::uint64_t bytes = 0;
    for (auto p = pieces_.rbegin(); p != pieces_.rend(); ++p) {
      if (p->newest_ms + limits_.margin_ms >= oldest_ms) return false;
      if ((bytes += p->bytes) >= limits_.old_bytes) return true;
    }
    return false;
  }

  /// Reads what was appended since the last search. Begins again if the path leads to another file.
  void follow(std::string& problem) {
    file_status const now = status_of(path_);
    bool const is_same = has_begun_ && (now.type == file_type::none || now.is_same_file(active_));
    if (!is_same || now.size > end_ + limits_.max_bytes) return begin(problem);
    if (now.size <= end_ || !active_file_.is_open()) return;
    backward_lines added{end_, now.size};
    piece ignored;
    while (!added.is_done()) read_lines(active_file_, added, path_, ignored, problem);
    end_ = added.end();
  }

  void begin(std::string& problem) {
    runs_.clear();
    fresh_.clear();
    pieces_.clear();
    total_ = 0;
    has_begun_ = true;
    open(path_, problem);
    active_file_ = std::move(current_);
    active_ = active_file_.is_open() ? active_file_.status() : status_of(path_);
    int error = 0;
    older_ = rotated_.list(error);
    // The newest lines are read at once, so that the end of the last one is known.
    piece first;
    while (lines_.end() == 0 && !lines_.is_done()) {
      read_lines(active_file_, lines_, path_, first, problem);
    }
    end_ = lines_.end();
    pieces_.push_back(first);
    total_ += first.bytes;
    is_in_active_ = true;
  }

  /// Reads a block, or a compressed file. Returns false if there is nothing left to read or the limit is reached.
  [[nodiscard]] bool read_more(std::string& problem) {
    if (total_ >= limits_.max_bytes) return false;
    while (lines_.is_done()) {
      if (older_.empty()) return false;
      rotated_files::item const next = std::move(older_.back());
      older_.pop_back();
      is_in_active_ = false;
      current_path_ = rotated_.path_of(next);
      if (next.plain && open(current_path_, problem)) continue;
      // It is compressed, or has been compressed meanwhile.
      if (read_compressed(current_path_ + std::string{compressed_suffix}, problem)) return true;
    }
    piece next;
    read_lines(is_in_active_ ? active_file_ : current_, lines_, is_in_active_ ? path_ : current_path_, next,
               problem);
    pieces_.push_back(next);
    total_ += next.bytes;
    return true;
  }

  /// Opens a file to read it backwards. Returns false if it does not exist.
  bool open(std::string const& path, std::string& problem) {
    opened_file opened = open_file(path, open_for::read);
    lines_ = {};
    current_ = std::move(opened.handle);
    if (opened.error == ENOENT) return false;
    if (opened.error != 0) problem = "cannot open '" + path + "': " + errno_text(opened.error);
    file_status const status = current_.status();
    if (status.type == file_type::regular) lines_ = backward_lines{0, status.size};
    return true;
  }

  void read_lines(file const& from, backward_lines& lines, std::string const& path, piece& read,
                  std::string& problem) {
    transfer const got = lines.read(from, limits_.block, buffer_);
    if (got.error != 0) problem = "cannot read '" + path + "': " + errno_text(got.error);
    bytes_read_ += got.bytes;
    read.bytes += got.bytes;
    add_lines(buffer_, read);
  }

  /// Reads a compressed file from its beginning. Returns false if it does not exist or this program cannot read it.
  bool read_compressed(std::string const& path, std::string& problem) {
    file_decompressor const decompress = linked_decompressor.load_acquire();
    if (decompress == nullptr) return false;
    piece whole;
    std::string lines;
    try {
      bool const exists = decompress(path, [&](std::string_view text) {
        bytes_read_ += text.size();
        whole.bytes += text.size();
        lines += text;
        std::size_t const end = lines.rfind('\n') + 1;  // npos + 1 is 0
        add_lines(std::string_view{lines}.substr(0, end), whole);
        lines.erase(0, end);
        return total_ + whole.bytes < limits_.max_bytes && lines.size() <= backward_lines::longest_line;
      });
      if (!exists) return false;
    } catch (std::runtime_error const& error) {
      problem = error.what();
    }
    pieces_.push_back(whole);
    total_ += whole.bytes;
    return true;
  }

  /// Adds the ids of whole lines.
  void add_lines(std::string_view lines, piece& read) {
    while (!lines.empty()) {
      std::size_t const end = lines.find('\n');
      std::string_view const line = lines.substr(0, end);
      lines.remove_prefix(end + 1);
      uuid id;
      if (!id_of(line, id)) continue;
      fresh_.push_back(id);
      read.newest_ms = (std::max)(read.newest_ms, ms_of(id));
    }
  }

  /// Finds the id in a line. Returns false for a line without an id, or if a part of a line may be in it: one whose writer was
  /// killed, alone or with the next line behind it.
  [[nodiscard]] static bool id_of(std::string_view line, uuid& id) noexcept {
    constexpr std::string_view key = R"("message_id":")";
    constexpr std::string_view start = R"({"schema_version":")";
    if (line.empty() || line.front() != '{' || line.back() != '}') return false;
    std::size_t const at = line.find(key);
    if (at == std::string_view::npos || !parse_id(line.substr(at + key.size()), id)) return false;
    return line.find(start, 1) == std::string_view::npos && json::is_whole_value(line);
  }

  std::string path_;
  rotated_files rotated_;
  search_limits limits_;

  std::vector<std::vector<uuid>> runs_;  ///< ids of the lines that were read, each vector sorted
  std::vector<uuid> fresh_;              ///< ids that are in no run yet
  std::vector<piece> pieces_;
  std::uint64_t total_ = 0;       ///< bytes of `pieces_`
  std::uint64_t bytes_read_ = 0;  ///< since the construction

  bool has_begun_ = false;
  file active_file_;
  file_status active_;
  std::uint64_t end_ = 0;                   ///< of the last line of the active file that was read
  std::vector<rotated_files::item> older_;  ///< not read yet; the newest is the last
  bool is_in_active_ = true;                ///< `lines_` are of the active file, else of `current_`
  file current_;
  std::string current_path_;
  backward_lines lines_;
  std::string buffer_;
};

}  // namespace fapilog::inline v0_1::detail
