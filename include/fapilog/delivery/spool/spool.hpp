// SPDX-License-Identifier: MIT
// A bounded queue on disk for one sink; the next process delivers what is left in it.
#pragma once

#include <fapilog/delivery/spool/spool_segment.hpp>
#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/record/time.hpp>
#include <fapilog/record/uuid.hpp>
#include <fapilog/setup/delivery_options.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <functional>
#include <list>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Files are named `<sink>.<stream>.<number>.spool`. A stream belongs to one process, which holds a lock on
/// `<sink>.<stream>.lock`. The first process that locks the stream of an ended process adopts it. Thread: one at a time.
class spool {
 public:
  /// Reports a problem. Arguments: message, detail.
  using reporter = std::function<void(std::string_view, std::string_view)>;

  struct frame {
    std::string payload;
    std::uint32_t records = 0;
    std::uint64_t number = 0;  ///< the number that `append` returned; 0 for a frame of an earlier process
    std::uint64_t end = 0;     ///< its end in its file
  };
  struct append_result {
    std::uint64_t number = 0;  ///< identifies the frame; 0 if `error` says why it was not appended
    std::string error;
  };

  [[gnu::cold]] spool(spool_options options, std::string_view sink_name, reporter report)
      : options_(std::move(options)), name_(file_name(sink_name)), report_(std::move(report)) {}
  spool(spool const&) = delete;
  spool& operator=(spool const&) = delete;
  [[gnu::cold]] ~spool() { close(); }

  /// Creates the directory and adopts the streams of ended processes. May be called again if it failed. Returns an error
  /// message, or an empty string.
  [[nodiscard, gnu::cold]] std::string open() {
    if (int const error = detail::make_directories(options_.directory); error != 0) {
      return "the directory '" + options_.directory + "' cannot be created: " + detail::errno_text(error);
    }
    if (stream_.empty()) {
      if (std::string error = begin_stream(); !error.empty()) return error;
    }
    adopt();
    return {};
  }

  [[nodiscard]] bool empty() const noexcept { return adopted_.empty() && own_.empty(); }
  /// True if frames of this process are left.
  [[nodiscard]] bool has_own() const noexcept { return !own_.empty(); }
  /// True if `more` bytes of frames fit.
  [[nodiscard]] bool has_room(std::uint64_t more) const noexcept {
    return bytes() + more <= options_.max_bytes;
  }
  [[nodiscard]] std::uint64_t bytes() const noexcept {
    std::uint64_t sum = 0;
    for (auto const* const list : {&adopted_, &own_}) {
      for (segment const& s : *list) sum += s.file->size();
    }
    return sum;
  }

  /// The limit of `bytes`.
  [[nodiscard]] std::uint64_t max_bytes() const noexcept { return options_.max_bytes; }

  /// Appends a frame behind all others.
  [[nodiscard, gnu::cold]] append_result append(std::string_view payload, std::uint32_t records) {
    if (own_.empty() ||
        own_.back().file->size() >= (std::min)(options_.segment_bytes, options_.max_bytes / 4) ||
        own_.back().is_closed) {
      if (std::string error = add_segment(own_.empty() ? first_number : own_.back().number + 1, own_.end());
          !error.empty()) {
        return {0, std::move(error)};
      }
    }
    return put(own_.back(), payload, records);
  }

  /// Inserts frames that are older than all frames of this process: in front of them, behind those of earlier processes.
  /// Call `open_front` once, then `append_front` for each frame, in order. Returns an error message, or an empty string.
  [[nodiscard, gnu::cold]] std::string open_front() {
    return add_segment(own_.empty() ? first_number : own_.front().number - 1, own_.begin());
  }
  [[nodiscard, gnu::cold]] append_result append_front(std::string_view payload, std::uint32_t records) {
    own_.front().is_closed = true;  // newer frames must not go there
    return put(own_.front(), payload, records);
  }

  /// Reads the oldest frames, all of one file: at least one, and more while they have at most `max_records` records and
  /// `max_bytes` bytes together. Returns none if the spool is empty. Throws: std::system_error if a file cannot be read at
  /// the moment; after several such calls, the rest of the file counts as damaged.
  [[nodiscard, gnu::cold]] std::vector<frame> front(std::size_t max_records, std::size_t max_bytes) {
    constexpr int max_failed_reads = 20;
    while (!empty()) {
      segment& s = first();
      auto read = s.file->front();
      if (read.error != 0 && ++failed_reads_ < max_failed_reads) {
        throw std::system_error(read.error, std::generic_category(),
                                "the spool file '" + s.file->path() + "' cannot be read");
      }
      failed_reads_ = 0;
      std::uint64_t const damaged_end = read.found ? read.begin : s.file->size();
      if (std::uint64_t const damaged = damaged_end - s.file->consumed(); damaged != 0) {
        report_("bytes of the spool are damaged; the records in them are lost",
                std::to_string(damaged) + " bytes in " + s.file->path());
        lose_frames(s, damaged_end);
        s.file->consume(damaged_end);
        read.skipped = 0;
      }
      if (read.found) return frames_from(s, std::move(read), max_records, max_bytes);
      remove_first();
    }
    return {};
  }
  /// Removes the first `count` frames that `front` returned, up to the end of the last of them.
  [[gnu::cold]] void pop_front(std::size_t count, std::uint64_t end) {
    segment& s = first();
    s.file->consume(end);
    s.appended.erase(s.appended.begin(),
                     s.appended.begin() + static_cast<std::ptrdiff_t>((std::min)(count, s.appended.size())));
    if (s.file->is_consumed()) remove_first();
  }
  /// The numbers of the frames of this process that were damaged on disk, since the last call.
  [[nodiscard, gnu::cold]] std::vector<std::uint64_t> take_lost() noexcept {
    return std::exchange(lost_, {});
  }
  /// Records that the frames up to this end are delivered, although they are not removed yet.
  [[gnu::cold]] void record_progress(std::uint64_t end) { first().file->record_progress(end); }

  /// Closes all files. The next process adopts what is left in them.
  [[gnu::cold]] void close() noexcept {
    bool const nothing_left = own_.empty();
    close_files();
    if (nothing_left && lock_.is_open()) (void)detail::unlink_file(lock_path_);
    lock_.close();
    stream_.clear();
  }

  /// Closes the files, which remain the parent's.
  [[gnu::cold]] void after_fork_in_child() noexcept {
    close_files();
    lock_.close();
    stream_.clear();
  }

 private:
  /// In the middle of the range of ten digits, because the numbers of segments inserted in front count down.
  static constexpr std::uint64_t first_number = 5'000'000'000;

  struct appended_frame {
    std::uint64_t number = 0;
    std::uint64_t end = 0;  ///< in the file
  };
  struct segment {
    std::unique_ptr<spool_segment> file;
    std::uint64_t number = 0;
    std::vector<appended_frame> appended;  ///< frames that this process appended and has not popped
    bool is_closed = false;                ///< no more frames are appended to it
  };
  using segments = std::list<segment>;

  /// A stream of an earlier process, locked until its last segment is removed.
  struct adopted_stream {
    detail::file lock;
    std::string lock_path;
    std::size_t segments = 0;
  };

  /// Replaces every character that could lead out of the directory.
  [[gnu::cold]] static std::string file_name(std::string_view sink) {
    std::string name;
    for (char const c : sink.substr(0, 64)) {
      name.push_back(detail::is_ascii_alphanumeric(c) || c == '_' ? c : '-');
    }
    return name.empty() ? "sink" : name;
  }
  [[nodiscard, gnu::cold]] std::string path_of(std::string_view stream, std::string_view rest) const {
    return options_.directory + '/' + name_ + '.' + std::string{stream} + std::string{rest};
  }

  [[gnu::cold]] std::string begin_stream() {
    std::string id(36, '\0');
    detail::put_uuid(id.data(), detail::uuid7_generator{}.next(detail::wall_clock_ns()));
    lock_path_ = path_of(id, ".lock");
    auto opened = detail::open_file(lock_path_, detail::open_for::make);
    int const error = opened.error != 0 ? opened.error : opened.handle.lock_exclusive();
    if (error != 0) return "'" + lock_path_ + "' cannot be created and locked: " + detail::errno_text(error);
    lock_ = std::move(opened.handle);
    stream_ = std::move(id);
    return {};
  }

  [[gnu::cold]] std::string add_segment(std::uint64_t number, segments::const_iterator const& where) {
    if (stream_.empty()) {
      if (std::string error = open(); !error.empty()) return error;
    }
    char digits[32];
    std::snprintf(digits, sizeof digits, ".%010llu.spool", static_cast<unsigned long long>(number));
    segments made;  // before there is a file, because its name would be taken if memory ran out
    made.push_back({std::make_unique<spool_segment>(), number, {}, false});
    std::string const path = path_of(stream_, digits);
    int error = made.front().file->create(path);
    if (error == 0 && options_.sync) {
      // Its name, too, must survive a power failure.
      error = detail::sync_directory(options_.directory);
      if (error != 0) made.front().file->remove();
    }
    if (error != 0) return "'" + path + "' cannot be created: " + detail::errno_text(error);
    own_.splice(where, made);
    return {};
  }

  [[gnu::cold]] append_result put(segment& s, std::string_view payload, std::uint32_t records) {
    if (!has_room(spool_segment::frame_bytes(payload.size()))) return {0, "the spool is full"};
    // First, because nothing may fail once the frame is on disk.
    if (s.appended.size() == s.appended.capacity()) s.appended.reserve(2 * s.appended.size() + 8);
    if (int const error = s.file->append(payload, records, options_.sync); error != 0)
      return {0, "'" + s.file->path() + "' cannot be written: " + detail::errno_text(error)};
    s.appended.push_back({++last_number_, s.file->size()});
    return {last_number_, {}};
  }

  /// Everything in the file before this offset is damaged.
  [[gnu::cold]] void lose_frames(segment& s, std::uint64_t end) {
    auto const intact =
        std::ranges::find_if(s.appended, [end](appended_frame const& f) { return f.end > end; });
    for (auto lost = s.appended.begin(); lost != intact; ++lost) lost_.push_back(lost->number);
    s.appended.erase(s.appended.begin(), intact);
  }

  /// The frame that was read, and those behind it that fit. Stops before damaged bytes.
  [[nodiscard, gnu::cold]] static std::vector<frame> frames_from(segment const& s,
                                                                 spool_segment::read_result read,
                                                                 std::size_t max_records,
                                                                 std::size_t max_bytes) {
    std::vector<frame> all;
    std::size_t records = 0;
    std::size_t bytes = 0;
    while (read.found && read.skipped == 0) {
      records += read.records;
      bytes += read.payload.size();
      if (!all.empty() && (records > max_records || bytes > max_bytes)) break;
      std::uint64_t const number = all.size() < s.appended.size() ? s.appended[all.size()].number : 0;
      all.push_back({std::move(read.payload), read.records, number, read.end});
      if (records >= max_records) break;
      read = s.file->next(all.back().end);
    }
    return all;
  }

  [[nodiscard]] segment& first() noexcept { return adopted_.empty() ? own_.front() : adopted_.front(); }
  [[gnu::cold]] void remove_first() {
    if (adopted_.empty()) {
      own_.front().file->remove();
      own_.pop_front();
      return;
    }
    adopted_.front().file->remove();
    adopted_.pop_front();
    if (--streams_.front().segments == 0) {
      (void)detail::unlink_file(streams_.front().lock_path);
      streams_.pop_front();
    }
  }
  [[gnu::cold]] void close_files() noexcept {
    for (auto* const list : {&adopted_, &own_}) {
      for (segment& s : *list) s.file->close();
      list->clear();
    }
    streams_.clear();
  }

  /// Adopts the streams of ended processes, oldest first.
  [[gnu::cold]] void adopt() {
    std::string const prefix = name_ + '.';
    std::set<std::string> found;  // sorted: the files of a stream are side by side, in their order
    constexpr std::size_t id_size = 36;
    for (std::string const& name : detail::list_directory(options_.directory, prefix).names) {
      constexpr std::string_view ending = ".spool";
      if (name.size() <= prefix.size() + id_size || name[prefix.size() + id_size] != '.' ||
          !name.ends_with(ending))
        continue;
      if (name.compare(prefix.size(), id_size, stream_) != 0) found.insert(name);
    }
    for (auto name = found.begin(); name != found.end();) {
      std::string const id = name->substr(prefix.size(), id_size);
      std::vector<std::string> files;
      for (; name != found.end() && name->compare(prefix.size(), id_size, id) == 0; ++name)
        files.push_back(*name);
      adopt(id, files);
    }
  }

  [[gnu::cold]] void adopt(std::string const& id, std::vector<std::string> const& names) {
    adopted_stream stream;
    stream.lock_path = path_of(id, ".lock");
    auto opened = detail::open_file(stream.lock_path, detail::open_for::append);
    if (opened.error != 0 || opened.handle.lock_exclusive() != 0) return;  // its process is alive
    // Another process may have adopted the stream and removed the lock file since it was opened.
    if (!detail::status_of(stream.lock_path).is_same_file(opened.handle.status())) return;
    stream.lock = std::move(opened.handle);
    for (std::string const& name : names) {
      auto file = std::make_unique<spool_segment>();
      std::string error;
      std::string const path = options_.directory + '/' + name;
      if (!file->open(path, error)) {
        report_("a file of the spool cannot be read; it is skipped and kept",
                std::string{path}.append(": ").append(error));
        continue;
      }
      if (file->is_consumed()) {
        file->remove();
        continue;
      }
      adopted_.push_back({std::move(file), 0, {}, true});
      ++stream.segments;
    }
    if (stream.segments != 0) {
      streams_.push_back(std::move(stream));
    } else {
      (void)detail::unlink_file(stream.lock_path);
    }
  }

  spool_options options_;
  std::string name_;
  reporter report_;
  std::string stream_;
  std::string lock_path_;
  detail::file lock_;
  segments adopted_;
  std::list<adopted_stream> streams_;
  segments own_;
  std::uint64_t last_number_ = 0;
  std::vector<std::uint64_t> lost_;  ///< frames that were damaged on disk, for `take_lost`
  int failed_reads_ = 0;             ///< in a row
};

}  // namespace fapilog::inline v0_1::detail
