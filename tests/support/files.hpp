// SPDX-License-Identifier: MIT
// Real files, pipes, terminals and full disks for tests.
#pragma once

#include "support/temporary_directory.hpp"

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <termios.h>
#include <unistd.h>

namespace support {

/// A file system of limited size, if the process may mount one. Only this process sees it, and it is unmounted when the
/// process ends, even after a crash.
class small_file_system {
 public:
  explicit small_file_system(std::string const& options) {
    if (::unshare(CLONE_NEWNS) != 0 || ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
      return;
    is_mounted_ = ::mount("none", directory_.path().c_str(), "tmpfs", 0, options.c_str()) == 0;
  }
  small_file_system(small_file_system const&) = delete;
  small_file_system& operator=(small_file_system const&) = delete;
  ~small_file_system() {
    if (is_mounted_) ::umount2(directory_.path().c_str(), MNT_DETACH);
  }

  [[nodiscard]] bool is_mounted() const noexcept { return is_mounted_; }
  [[nodiscard]] bool make_read_only(bool read_only) const {
    unsigned long flags = MS_REMOUNT;
    if (read_only) flags |= MS_RDONLY;
    return ::mount("none", directory_.path().c_str(), "tmpfs", flags, nullptr) == 0;
  }
  [[nodiscard]] std::string operator/(std::string const& name) const { return directory_ / name; }

 private:
  temporary_directory directory_;
  bool is_mounted_ = false;
};

/// Both ends of a pipe.
class pipe_pair {
 public:
  explicit pipe_pair(int flags = 0) {
    int ends[2];
    if (::pipe2(ends, flags | O_CLOEXEC) != 0)
      throw std::system_error(errno, std::generic_category(), "pipe2");
    read_ = ends[0];
    write_ = ends[1];
  }
  pipe_pair(pipe_pair const&) = delete;
  pipe_pair& operator=(pipe_pair const&) = delete;
  ~pipe_pair() {
    close_read();
    close_write();
  }

  [[nodiscard]] int write_end() const noexcept { return write_; }
  [[nodiscard]] int read_end() const noexcept { return read_; }
  void close_read() { close(read_); }
  void close_write() { close(write_); }

  /// Returns the result of one read(2).
  [[nodiscard]] std::string read_once(std::size_t most = 1 << 20) const {
    std::string text(most, '\0');
    ::ssize_t const got = ::read(read_, text.data(), text.size());
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }
  /// Reads up to the end, or until a non-blocking pipe is empty.
  [[nodiscard]] std::string read_all() const {
    std::string all;
    for (;;) {
      std::string const piece = read_once();
      if (piece.empty()) return all;
      all += piece;
    }
  }

 private:
  static void close(int& descriptor) {
    if (descriptor >= 0) ::close(descriptor);
    descriptor = -1;
  }

  int read_ = -1;
  int write_ = -1;
};

/// A pseudo-terminal: `read_once` returns what was written to `terminal()`, unchanged.
class pseudo_terminal {
 public:
  pseudo_terminal() : reader_(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC)) {
    if (reader_ < 0 || ::grantpt(reader_) != 0 || ::unlockpt(reader_) != 0)
      throw std::runtime_error("no pseudo-terminal");
    terminal_ = ::open(::ptsname(reader_), O_RDWR | O_NOCTTY | O_CLOEXEC);
    ::termios settings{};
    ::tcgetattr(terminal_, &settings);
    ::cfmakeraw(&settings);
    ::tcsetattr(terminal_, TCSANOW, &settings);
  }
  pseudo_terminal(pseudo_terminal const&) = delete;
  pseudo_terminal& operator=(pseudo_terminal const&) = delete;
  ~pseudo_terminal() {
    ::close(terminal_);
    ::close(reader_);
  }

  [[nodiscard]] int terminal() const noexcept { return terminal_; }
  [[nodiscard]] std::string read_once() const {
    std::string text(4096, '\0');
    ::ssize_t const got = ::read(reader_, text.data(), text.size());
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }

 private:
  int reader_;
  int terminal_ = -1;
};

/// Sets or unsets an environment variable while it exists.
class environment_variable {
 public:
  environment_variable(char const* name, char const* value) : name_(name) {
    char const* const before = std::getenv(name);
    had_one_ = before != nullptr;
    if (had_one_) before_ = before;
    set(value);
  }
  environment_variable(environment_variable const&) = delete;
  environment_variable& operator=(environment_variable const&) = delete;
  ~environment_variable() { set(had_one_ ? before_.c_str() : nullptr); }

 private:
  void set(char const* value) const {
    if (value == nullptr) {
      ::unsetenv(name_);
    } else {
      ::setenv(name_, value, 1);
    }
  }

  char const* name_;
  bool had_one_ = false;
  std::string before_;
};

[[nodiscard]] inline std::string content_of(std::string const& path) {
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
}

inline void write_file(std::string const& path, std::string const& content) {
  std::ofstream{path, std::ios::binary | std::ios::trunc} << content;
}

/// Splits into lines without newlines. An unfinished last line is marked, so that no test mistakes it for a whole one.
[[nodiscard]] inline std::vector<std::string> split_lines(std::string const& text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  while (begin < text.size()) {
    std::size_t const end = text.find('\n', begin);
    if (end == std::string::npos) {
      lines.push_back(text.substr(begin) + "<torn>");
      break;
    }
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}
[[nodiscard]] inline std::vector<std::string> lines_of(std::string const& path) {
  return split_lines(content_of(path));
}

/// Names in a directory, sorted.
[[nodiscard]] inline std::vector<std::string> names_in(std::filesystem::path const& directory) {
  std::set<std::string> names;
  for (auto const& item : std::filesystem::directory_iterator{directory})
    names.insert(item.path().filename().string());
  return {names.begin(), names.end()};
}

/// Decompresses a file with `gzip -dc`, independently of our own library.
[[nodiscard]] inline std::string unpacked(std::string const& path) {
  std::string text;
  std::FILE* const pipe = ::popen(("gzip -dc '" + path + "'").c_str(), "r");
  if (pipe == nullptr) throw std::system_error(errno, std::generic_category(), "popen");
  char piece[4096];
  for (std::size_t got = 0; (got = std::fread(piece, 1, sizeof piece, pipe)) > 0;) text.append(piece, got);
  if (::pclose(pipe) != 0) throw std::runtime_error("gzip refuses " + path);
  return text;
}

}  // namespace support
