// SPDX-License-Identifier: MIT
// Reads lines.
#include "lines.hpp"
#include "command.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>
#include <stdexcept>

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#ifdef FAPILOG_CLI_WITH_ZLIB
#include <fapilog/sinks/file/detail/gzip.hpp>
#endif

namespace cli {

char* line_splitter::room(std::size_t size) {
  if (buffer_.size() - end_ < size && begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    scanned_ -= begin_;
    begin_ = 0;
  }
  if (buffer_.size() - end_ < size) buffer_.resize((std::max)(buffer_.size() * 2, end_ + size));
  return buffer_.data() + end_;
}

template <class Take>
bool line_splitter::add(std::size_t size, Take&& take) {
  end_ += size;
  while (scanned_ < end_) {
    char const* const from = buffer_.data() + scanned_;
    auto const* const found = static_cast<char const*>(std::memchr(from, '\n', end_ - scanned_));
    if (found == nullptr) {
      scanned_ = end_;
      break;
    }
    auto const line_end = static_cast<std::size_t>(found - buffer_.data());
    std::string_view const line{buffer_.data() + begin_, line_end - begin_};
    begin_ = scanned_ = line_end + 1;
    if (is_skipping_) {
      is_skipping_ = false;
    } else if (!take(line)) {
      return false;
    }
  }
  if (is_skipping_ || end_ - begin_ > longest) {
    if (!is_skipping_) ++too_long_;
    is_skipping_ = true;
    begin_ = scanned_ = end_ = 0;
  }
  return true;
}

template <class Take>
bool line_splitter::finish(Take&& take) {
  std::string_view const line{buffer_.data() + begin_, end_ - begin_};
  bool const is_line = !is_skipping_ && !line.empty();
  begin_ = scanned_ = end_ = 0;
  is_skipping_ = false;
  return !is_line || take(line);
}

namespace {

constexpr std::size_t piece = std::size_t{256} << 10;

/// A file descriptor that is closed at the end.
class descriptor {
 public:
  explicit descriptor(int number) : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~descriptor() {
    if (number_ > 2) ::close(number_);
  }
  [[nodiscard]] int number() const noexcept { return number_; }

 private:
  int number_;
};

[[noreturn]] void fail(std::string const& what) {
  throw std::runtime_error{what + ": " + std::strerror(errno)};
}

class reader {
 public:
  reader(std::function<bool(std::string_view)> const& take, std::function<void()> const& idle)
      : take_(take), idle_(idle) {}

  /// False if `take` has returned false.
  bool read(std::string const& path) {
    if (path == "-") return read_to_end(0, "standard input") && lines_.finish(take_);
    descriptor const file = open(path);
    if (is_gzip(file.number(), path)) return read_gzip(path);
    return read_to_end(file.number(), path) && lines_.finish(take_);
  }

  bool follow(std::string const& path) {
    if (path == "-") return read(path);
    descriptor file = open(path);
    while (true) {
      if (!read_to_end(file.number(), path)) return false;
      idle_();
      struct ::stat mine {};
      struct ::stat named {};
      ::fstat(file.number(), &mine);
      bool const is_moved =
          ::stat(path.c_str(), &named) == 0 && (named.st_ino != mine.st_ino || named.st_dev != mine.st_dev);
      if (is_moved) {
        // What was written between the last read and the rotation.
        if (!read_to_end(file.number(), path) || !lines_.finish(take_)) return false;
        file = open(path);
        continue;
      }
      if (mine.st_size < ::lseek(file.number(), 0, SEEK_CUR))
        ::lseek(file.number(), 0, SEEK_SET);  // truncated
      ::timespec const pause{0, 100'000'000};
      ::nanosleep(&pause, nullptr);
    }
  }

  [[nodiscard]] std::uint64_t too_long() const noexcept { return lines_.too_long(); }

 private:
  static descriptor open(std::string const& path) {
    int const number = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (number < 0) fail(path);
    return descriptor{number};
  }
  static bool is_gzip(int file, std::string const& path) {
    unsigned char magic[2] = {};
    return path.ends_with(".gz") || (::pread(file, magic, 2, 0) == 2 && magic[0] == 0x1f && magic[1] == 0x8b);
  }
  bool read_to_end(int file, std::string const& name) {
    while (true) {
      char* const to = lines_.room(piece);
      ::ssize_t const got = ::read(file, to, piece);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) fail(name);
      if (got == 0) return true;
      if (!lines_.add(static_cast<std::size_t>(got), take_)) return false;
    }
  }
  bool read_gzip([[maybe_unused]] std::string const& path) {
#ifdef FAPILOG_CLI_WITH_ZLIB
    bool is_wanted = true;
    fapilog::detail::read_gzip_file(path, [&](std::string_view bytes) {
      std::memcpy(lines_.room(bytes.size()), bytes.data(), bytes.size());
      return is_wanted = lines_.add(bytes.size(), take_);
    });
    return is_wanted && lines_.finish(take_);
#else
    throw std::runtime_error{path + ": it is compressed, and this tool was built without zlib"};
#endif
  }

  std::function<bool(std::string_view)> const& take_;
  std::function<void()> const& idle_;
  line_splitter lines_;
};

}  // namespace

std::vector<std::string> read_lines(std::vector<std::string> const& files, reading how,
                                    std::function<bool(std::string_view)> const& take,
                                    std::function<void()> const& idle) {
  std::vector<std::string> failures;
  if (how.follow && files.size() > 1) throw usage_error{"--follow takes one file"};
  reader lines{take, idle};
  for (std::string const& path : files.empty() ? std::vector<std::string>{"-"} : files) {
    try {
      if (!(how.follow ? lines.follow(path) : lines.read(path))) break;
    } catch (std::runtime_error const& error) {
      failures.emplace_back(error.what());
    }
  }
  if (lines.too_long() != 0) {
    failures.push_back(std::to_string(lines.too_long()) + " lines are longer than " +
                       std::to_string(line_splitter::longest >> 20U) + " MiB and were left out");
  }
  return failures;
}

}  // namespace cli
