// SPDX-License-Identifier: MIT
// Batches of one sink that wait on disk, in order, bounded, also for the next process.
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
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Files are `<sink>.<stream>.<number>.spool`; a stream belongs to one process, which holds a lock on `<sink>.<stream>.lock`.
/// Streams whose process has ended are adopted by whoever locks them first. Thread: one at a time.
class spool {
 public:
  using complaint = std::function<void(std::string_view, std::string_view)>;

  struct frame {
    std::string bytes;
    std::uint32_t records = 0;
    std::uint64_t number = 0;  ///< as `append` gave it; 0 for a frame of an earlier process
  };
  /// What became of an append: a number above 0, or what stood against it.
  struct appended {
    std::uint64_t number = 0;
    std::string error;
  };

  spool(spool_options options, std::string_view sink_name, complaint complain)
      : options_(std::move(options)), name_(file_name(sink_name)), complain_(std::move(complain)) {}
  spool(spool const&) = delete;
  spool& operator=(spool const&) = delete;
  ~spool() { close(); }

  /// Makes the directory and takes over what earlier processes have left. May be called again where it failed.
  /// Returns what stands against it, or nothing.
  [[nodiscard]] std::string open() {
    if (int const error = detail::make_directories(options_.directory); error != 0) {
      return "the directory '" + options_.directory + "' cannot be made: " + detail::errno_text(error);
    }
    if (stream_.empty()) {
      if (std::string error = begin_stream(); !error.empty()) return error;
    }
    adopt();
    return {};
  }

  [[nodiscard]] bool empty() const noexcept { return adopted_.empty() && own_.empty(); }
  /// True where something is left of what this process has spooled.
  [[nodiscard]] bool has_own() const noexcept { return !own_.empty(); }
  /// For so many bytes of frames.
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

  /// Behind everything else.
  [[nodiscard]] appended append(std::string_view bytes, std::uint32_t records) {
    if (own_.empty() ||
        own_.back().file->size() >= std::min(options_.segment_bytes, options_.max_bytes / 4) ||
        own_.back().is_closed) {
      if (std::string error = add_segment(own_.empty() ? first_number : own_.back().number + 1, own_.end());
          !error.empty()) {
        return {0, std::move(error)};
      }
    }
    return put(own_.back(), bytes, records);
  }

  /// What is older than all that this process has spooled: before that, behind what earlier processes left. Frames of
  /// one call keep their order. Begin with `open_front`, then `append_front` each.
  [[nodiscard]] std::string open_front() {
    return add_segment(own_.empty() ? first_number : own_.front().number - 1, own_.begin());
  }
  [[nodiscard]] appended append_front(std::string_view bytes, std::uint32_t records) {
    own_.front().is_closed = true;  // nothing newer goes there
    return put(own_.front(), bytes, records);
  }

  /// The oldest frame. False: nothing is left.
  [[nodiscard]] bool front(frame& to) {
    while (!empty()) {
      segment& s = first();
      auto read = s.file->front();
      if (read.skipped != 0) {
        complain_("bytes of the spool are damaged; the records in them are lost",
                  std::to_string(read.skipped) + " bytes in " + s.file->path());
        if (read.found) s.file->consume(read.begin);
      }
      if (read.found) {
        end_of_front_ = read.end;
        to.bytes = std::move(read.bytes);
        to.records = read.records;
        to.number = s.numbers.empty() ? 0 : s.numbers.front();
        return true;
      }
      remove_first();
    }
    return false;
  }
  /// The frame that `front` gave is done.
  void pop_front() {
    segment& s = first();
    s.file->consume(end_of_front_);
    if (!s.numbers.empty()) s.numbers.pop_front();
    if (s.file->is_consumed()) remove_first();
  }

  /// Leaves what is left to the next process.
  void close() noexcept {
    bool const nothing_left = own_.empty();
    forget();
    if (nothing_left && lock_.is_open()) (void)detail::unlink_file(lock_path_);
    lock_.close();
    stream_.clear();
  }

  /// In a forked child: the files are the parent's.
  void after_fork_in_child() noexcept {
    forget();
    lock_.close();
    stream_.clear();
  }

 private:
  static constexpr std::uint64_t first_number =
      5'000'000'000;  ///< in the middle of ten digits: fronts go down

  struct segment {
    std::unique_ptr<spool_segment> file;
    std::uint64_t number = 0;
    std::deque<std::uint64_t> numbers;  ///< of the frames that this process has appended and not popped
    bool is_closed = false;
  };
  using segments = std::deque<segment>;

  /// A stream of an earlier process, kept locked until its last segment is gone.
  struct adopted_stream {
    detail::file lock;
    std::string lock_path;
    std::size_t segments = 0;
  };

  /// Nothing in a sink's name leads out of the directory.
  static std::string file_name(std::string_view sink) {
    std::string name;
    for (char const c : sink.substr(0, 64)) {
      name.push_back(detail::is_ascii_alphanumeric(c) || c == '_' ? c : '-');
    }
    return name.empty() ? "sink" : name;
  }
  [[nodiscard]] std::string path_of(std::string_view stream, std::string_view rest) const {
    return options_.directory + '/' + name_ + '.' + std::string{stream} + std::string{rest};
  }

  std::string begin_stream() {
    std::string id(36, '\0');
    detail::put_uuid(id.data(), detail::uuid7_generator{}.next(detail::wall_clock_ns()));
    lock_path_ = path_of(id, ".lock");
    auto opened = detail::open_file(lock_path_, detail::open_for::make);
    int const error = opened.error != 0 ? opened.error : opened.handle.lock_exclusive();
    if (error != 0) return "'" + lock_path_ + "' cannot be made and locked: " + detail::errno_text(error);
    lock_ = std::move(opened.handle);
    stream_ = std::move(id);
    return {};
  }

  std::string add_segment(std::uint64_t number, segments::const_iterator const& where) {
    if (stream_.empty()) {
      if (std::string error = open(); !error.empty()) return error;
    }
    char digits[32];
    std::snprintf(digits, sizeof digits, ".%010llu.spool", static_cast<unsigned long long>(number));
    segment made{std::make_unique<spool_segment>(), number, {}, false};
    std::string const path = path_of(stream_, digits);
    if (int const error = made.file->create(path); error != 0)
      return "'" + path + "' cannot be made: " + detail::errno_text(error);
    own_.insert(where, std::move(made));
    return {};
  }

  appended put(segment& s, std::string_view bytes, std::uint32_t records) {
    if (!has_room(spool_segment::frame_bytes(bytes.size()))) return {0, "the spool is full"};
    if (int const error = s.file->append(bytes, records, options_.sync); error != 0)
      return {0, "'" + s.file->path() + "' cannot be written: " + detail::errno_text(error)};
    s.numbers.push_back(++last_number_);
    return {last_number_, {}};
  }

  [[nodiscard]] segment& first() noexcept { return adopted_.empty() ? own_.front() : adopted_.front(); }
  void remove_first() {
    if (adopted_.empty()) {
      own_.front().file->discard();
      own_.pop_front();
      return;
    }
    adopted_.front().file->discard();
    adopted_.pop_front();
    if (--streams_.front().segments == 0) {
      (void)detail::unlink_file(streams_.front().lock_path);
      streams_.pop_front();
    }
  }
  void forget() noexcept {
    for (auto* const list : {&adopted_, &own_}) {
      for (segment& s : *list) s.file->forget();
      list->clear();
    }
    streams_.clear();
  }

  /// Streams whose process has ended, oldest first.
  void adopt() {
    std::string const prefix = name_ + '.';
    std::map<std::string, std::vector<std::string>> found;
    for (std::string const& name : detail::list_directory(options_.directory, prefix).names) {
      constexpr std::size_t id_size = 36;
      constexpr std::string_view ending = ".spool";
      if (name.size() <= prefix.size() + id_size || name[prefix.size() + id_size] != '.' ||
          !name.ends_with(ending))
        continue;
      std::string id = name.substr(prefix.size(), id_size);
      if (id != stream_) found[std::move(id)].push_back(name);
    }
    for (auto& [id, names] : found) adopt(id, names);
  }

  void adopt(std::string const& id, std::vector<std::string>& names) {
    adopted_stream stream;
    stream.lock_path = path_of(id, ".lock");
    auto opened = detail::open_file(stream.lock_path, detail::open_for::append);
    if (opened.error != 0 || opened.handle.lock_exclusive() != 0) return;  // its process is alive
    // Another process may have been here first, and removed the lock that was waited for.
    if (!detail::status_of(stream.lock_path).is_same_file(opened.handle.status())) return;
    stream.lock = std::move(opened.handle);
    std::sort(names.begin(), names.end());
    for (std::string const& name : names) {
      auto file = std::make_unique<spool_segment>();
      std::string error;
      std::string const path = options_.directory + '/' + name;
      if (!file->open(path, error)) {
        complain_("a file of the spool cannot be read; it is left alone",
                  std::string{path}.append(": ").append(error));
        continue;
      }
      if (file->is_consumed()) {
        file->discard();
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
  complaint complain_;
  std::string stream_;
  std::string lock_path_;
  detail::file lock_;
  segments adopted_;
  std::deque<adopted_stream> streams_;
  segments own_;
  std::uint64_t last_number_ = 0;
  std::uint64_t end_of_front_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
