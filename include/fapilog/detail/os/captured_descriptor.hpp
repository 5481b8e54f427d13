// SPDX-License-Identifier: MIT
// Replaces descriptor 1 or 2 by a pipe, and restores it at the end, in a forked child and when the process crashes.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#include <cstddef>

#if FAPILOG_DETAIL_WINDOWS

#include <system_error>

namespace fapilog::inline v0_1::detail {

/// Not on Windows.
class captured_descriptor {
 public:
  explicit captured_descriptor(int) {
    throw std::system_error{std::make_error_code(std::errc::function_not_supported),
                            "fapilog: descriptors cannot be captured on Windows"};
  }
  [[nodiscard]] std::size_t read(char*, std::size_t) noexcept { return 0; }
  void end() noexcept {}
  [[nodiscard]] bool is_drained() const noexcept { return true; }
  [[nodiscard]] bool is_inherited() const noexcept { return false; }
  [[nodiscard]] int original() const noexcept { return -1; }
};

}  // namespace fapilog::inline v0_1::detail

#else
#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/standard_descriptors.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/os/uncaptured_output.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace fapilog::inline v0_1::detail {

/// From its construction to `end`, what is written to the descriptor arrives in `read`. Thread: `read` one; the others any,
/// one at a time.
class captured_descriptor {
 public:
  /// Throws: std::invalid_argument if it is not 1 or 2, std::logic_error if it is captured already, std::system_error
  /// without file descriptors, std::bad_alloc.
  explicit captured_descriptor(int descriptor) : descriptor_(descriptor) {
    if (descriptor != 1 && descriptor != 2)
      throw std::invalid_argument("fapilog: only descriptors 1 and 2 can be captured, not " +
                                  std::to_string(descriptor));
    registry& all = registry::instance();
    std::lock_guard const lock{all.mutex};
    if (active(descriptor).load_relaxed() != nullptr)
      throw std::logic_error("fapilog: descriptor " + std::to_string(descriptor) + " is captured already");
    open_pipe();
    has_crashed.store_seq_cst(false);  // a program may survive
    handle_crashes();
    active(descriptor).store_seq_cst(this);
    kept_originals[descriptor - 1].descriptor.store_seq_cst(original_);
    while (::dup2(write_end_, descriptor) < 0 && (errno == EINTR || errno == EBUSY)) {
    }
  }
  captured_descriptor(captured_descriptor const&) = delete;
  captured_descriptor& operator=(captured_descriptor const&) = delete;
  /// Must follow the end of the thread that reads.
  ~captured_descriptor() {
    end();
    close_all(read_end_, write_end_);
    kept_original const& kept = kept_originals[descriptor_ - 1];
    for (int waits = 0; waits < 100 && kept.users.load_seq_cst() != 0; ++waits) ::poll(nullptr, 0, 1);
    // Else a sink that hangs is writing to it.
    if (original_ >= 0 && kept.users.load_seq_cst() == 0) ::close(original_);
  }

  /// Waits for output and returns the number of bytes; 0 after `end` once everything has been read.
  [[nodiscard]] std::size_t read(char* to, std::size_t size) noexcept {
    for (;;) {
      is_busy_.store_seq_cst(true);
      is_reading_.store_seq_cst(true);
      ::ssize_t got = -1;
      bool const is_over = has_crashed.load_seq_cst();  // what is left belongs to the handler of the crash
      if (!is_over && (got = ::read(read_end_, to, size)) > 0) remember(to, static_cast<std::size_t>(got));
      bool const is_interrupted = got < 0 && errno == EINTR;
      is_reading_.store_seq_cst(false);
      if (got > 0) return static_cast<std::size_t>(got);
      if (!is_over && is_interrupted) continue;
      is_busy_.store_seq_cst(false);
      if (got == 0 || is_ending_.load_seq_cst()) return 0;
      constexpr int nap_ms = 100;
      ::pollfd readable{read_end_, POLLIN, 0};
      (void)::poll(&readable, is_over ? 0 : 1, is_over ? nap_ms : -1);
    }
  }
  /// True if everything that was written has been read and its reader has come back for more.
  [[nodiscard]] bool is_drained() const noexcept {
    int unread = 0;
    return ::ioctl(read_end_, FIONREAD, &unread) == 0 && unread == 0 && !is_busy_.load_seq_cst();
  }

  /// Restores the descriptor, unless the program has replaced it, and makes `read` end.
  void end() noexcept {
    registry& all = registry::instance();
    std::lock_guard const lock{all.mutex};
    if (is_inherited() || active(descriptor_).load_relaxed() != this) return;
    restore();
    active(descriptor_).store_seq_cst(nullptr);
    ignore_crashes();
    kept_originals[descriptor_ - 1].descriptor.store_seq_cst(-1);
    is_ending_.store_seq_cst(true);
    // Processes that inherited the pipe may keep it open, so its end does not wake the reader. An empty line does, and a
    // full pipe needs none.
    ::pollfd room{write_end_, POLLOUT, 0};
    while (::poll(&room, 1, 0) != 0 && ::write(write_end_, "\n", 1) < 0 && errno == EINTR) {
    }
  }

  /// True in a forked child, where the descriptor is no longer captured.
  [[nodiscard]] bool is_inherited() const noexcept { return generation_ != fork_generation.load_relaxed(); }
  [[nodiscard]] int original() const noexcept { return original_; }

 private:
  /// Holds the mutex during fork(2).
  struct registry final : fork_participant {
    static registry& instance() {
      static auto* const only = new std::shared_ptr<registry>{new registry};
      static bool const takes_part = (fork_participants::instance().add(*only), true);
      (void)takes_part;
      return **only;
    }
    void before_fork(clock::time_point) override { mutex.lock(); }
    void after_fork_in_parent() noexcept override { mutex.unlock(); }
    /// The child writes to the original files, because the parent, which reads the pipe, may end before it.
    void after_fork_in_child() override {
      for (int const descriptor : {1, 2}) {
        captured_descriptor* const one = active(descriptor).exchange(nullptr);
        kept_originals[descriptor - 1].users.store_relaxed(0);
        if (one == nullptr) continue;
        one->restore();
        kept_originals[descriptor - 1].descriptor.store_seq_cst(-1);
        close_all(one->read_end_, one->write_end_);
        ::close(std::exchange(one->original_, -1));
        ignore_crashes();
      }
      mutex.unlock();
    }
    std::mutex mutex;
  };
  struct handled {
    int number;
    bool is_installed;
    struct sigaction before;
  };

  static atomic_word<captured_descriptor*>& active(int descriptor) noexcept {
    static constinit atomic_word<captured_descriptor*> all[2]{};
    return all[descriptor - 1];
  }
  static void close_all(int& first, int& second) noexcept {
    for (int* const end : {&first, &second}) {
      if (*end >= 0) ::close(*end);
      *end = -1;
    }
  }

  void open_pipe() {
    reserve_standard_descriptors();
    int ends[2] = {-1, -1};
    bool is_made = ::pipe(ends) == 0;
    read_end_ = move_above_standard(ends[0]);
    write_end_ = move_above_standard(ends[1]);
    original_ = ::fcntl(descriptor_, F_DUPFD_CLOEXEC, max_standard_descriptor + 1);
    is_made = is_made && read_end_ >= 0 && write_end_ >= 0 && original_ >= 0 &&
              ::fcntl(read_end_, F_SETFD, FD_CLOEXEC) == 0 && ::fcntl(write_end_, F_SETFD, FD_CLOEXEC) == 0 &&
              ::fcntl(read_end_, F_SETFL, O_NONBLOCK) == 0;
    if (is_made) return;
    std::error_code const error{errno, std::generic_category()};
    if (original_ >= 0) ::close(original_);
    close_all(read_end_, write_end_);
    throw std::system_error(error, "fapilog: cannot capture descriptor " + std::to_string(descriptor_));
  }
  void restore() const noexcept {
    struct ::stat now {};
    struct ::stat ours {};
    bool const is_replaced = ::fstat(descriptor_, &now) != 0 || ::fstat(write_end_, &ours) != 0 ||
                             now.st_ino != ours.st_ino || now.st_dev != ours.st_dev;
    if (is_replaced) return;
    while (::dup2(original_, descriptor_) < 0 && (errno == EINTR || errno == EBUSY)) {
    }
  }

  void remember(char const* text, std::size_t size) noexcept {
    if (descriptor_ != 2) return;
    if (size > sizeof recent_) {
      text += size - sizeof recent_;
      size = sizeof recent_;
    }
    std::size_t const kept = (std::min)(recent_size_, sizeof recent_ - size);
    std::memmove(recent_, recent_ + recent_size_ - kept, kept);
    std::memcpy(recent_ + kept, text, size);
    recent_size_ = kept + size;
  }

  static handled* handled_signals() noexcept {
    static constinit handled all[]{{SIGSEGV, false, {}}, {SIGBUS, false, {}},  {SIGILL, false, {}},
                                   {SIGFPE, false, {}},  {SIGABRT, false, {}}, {SIGSYS, false, {}}};
    return all;
  }
  static constexpr int handled_count = 6;
  static bool is_ours(struct sigaction const& action) noexcept {
    return (action.sa_flags & SA_SIGINFO) != 0 && action.sa_sigaction == &on_crash;
  }
  static void handle_crashes() noexcept {
    for (handled* one = handled_signals(); one != handled_signals() + handled_count; ++one) {
      struct sigaction now {};
      struct sigaction ours {};
      ours.sa_sigaction = &on_crash;
      ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
      ::sigfillset(&ours.sa_mask);
      if (one->is_installed || ::sigaction(one->number, nullptr, &now) != 0 || is_ours(now)) continue;
      one->before = now;
      one->is_installed = ::sigaction(one->number, &ours, nullptr) == 0;
    }
  }
  /// A handler that was installed after ours stays, because it may call ours.
  static void ignore_crashes() noexcept {
    if (active(1).load_relaxed() != nullptr || active(2).load_relaxed() != nullptr) return;
    for (handled* one = handled_signals(); one != handled_signals() + handled_count; ++one) {
      struct sigaction now {};
      if (!one->is_installed || ::sigaction(one->number, nullptr, &now) != 0 || !is_ours(now)) continue;
      ::sigaction(one->number, &one->before, nullptr);
      one->is_installed = false;
    }
  }
  static void on_crash(int number, siginfo_t* info, void*) {
    int const error = errno;
    if (!has_crashed.exchange(true)) {
      for (int const descriptor : {1, 2}) {
        if (captured_descriptor* const one = active(descriptor).load_seq_cst()) one->show();
      }
    }
    for (handled* one = handled_signals(); one != handled_signals() + handled_count; ++one) {
      if (one->number == number) ::sigaction(number, &one->before, nullptr);
    }
    // A fault repeats when this handler returns. Other signals are sent again.
    if (info->si_code <= 0 || number == SIGSYS) ::raise(number);
    errno = error;
  }
  /// Writes what no record may contain to the original file: what was read from descriptor 2 last, and what is in the pipe.
  /// In a signal handler.
  void show() noexcept {
    restore();
    for (int waits = 0; waits < 20 && is_reading_.load_seq_cst(); ++waits) ::poll(nullptr, 0, 1);
    write_to_original(recent_, recent_size_);
    char rest[512];
    std::size_t total = 0;
    constexpr std::size_t longest = std::size_t{1}
                                    << 20;  // a process that inherited the pipe may go on writing
    for (::ssize_t got = 0; total < longest && (got = ::read(read_end_, rest, sizeof rest)) > 0;
         total += static_cast<std::size_t>(got))
      write_to_original(rest, static_cast<std::size_t>(got));
  }
  void write_to_original(char const* text, std::size_t size) const noexcept {
    while (size != 0) {
      ::ssize_t const written = ::write(original_, text, size);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) return;
      text += written;
      size -= static_cast<std::size_t>(written);
    }
  }

  inline static constinit atomic_word<bool> has_crashed{false};

  int const descriptor_;
  int read_end_ = -1;
  int write_end_ = -1;
  int original_ = -1;
  std::uint32_t const generation_ = watched_fork_generation();
  atomic_word<bool> is_ending_{false};
  atomic_word<bool> is_busy_{false};     ///< its reader reads, or uses what it has read
  atomic_word<bool> is_reading_{false};  ///< `recent_` may change
  char recent_[4096];
  std::size_t recent_size_ = 0;
};

}  // namespace fapilog::inline v0_1::detail

#endif
