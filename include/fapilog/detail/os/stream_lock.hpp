// SPDX-License-Identifier: MIT
// An advisory lock of a pipe or socket, between the processes and threads that write to it through this library.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/system.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include <fcntl.h>
#include <unistd.h>

namespace fapilog::inline v0_1::detail {

/// A record lock of fcntl(2), which excludes other processes, also forked ones (flock(2) does not exclude those), and a word
/// in memory, which excludes other threads of this process. If the system has no such lock for the stream, only the second
/// remains. Thread: one at a time. Throws: never.
class stream_lock {
 public:
  stream_lock() noexcept = default;
  /// A copy is not held, whatever the original is.
  stream_lock(stream_lock const&) noexcept {}
  stream_lock& operator=(stream_lock const& other) noexcept {
    if (this != &other) release();
    return *this;
  }
  ~stream_lock() { release(); }

  /// Releases the lock if another stream was locked, or if the parent process locked it.
  void set_stream(int descriptor, std::uint64_t device, std::uint64_t inode) noexcept {
    std::uint64_t const generation = fork_generation.load_relaxed() & 0x7FFFU;
    std::uint64_t const identity = (inode + 1) * 0x9E37'79B9'7F4A'7C15U ^ device * 0xC2B2'AE3D'27D4'EB4FU;
    std::uint64_t const key = (identity & ~std::uint64_t{0xFFFF}) | generation << 1U | 1U;
    if (key == key_ && descriptor == descriptor_) return;
    release();
    descriptor_ = descriptor;
    key_ = key;
    ignored_ = 0;
  }

  /// Returns false if another thread or process has the lock.
  [[nodiscard]] bool try_acquire() noexcept {
    if (is_held_) return true;
    if (!try_word()) return false;
    if (try_record()) {
      is_held_ = true;
      return true;
    }
    release_word();
    return false;
  }
  void release() noexcept {
    if (!is_held_) return;
    is_held_ = false;
    // In a forked child the locks are those of the parent.
    if ((key_ >> 1U & 0x7FFFU) != (fork_generation.load_relaxed() & 0x7FFFU)) {
      word_ = nullptr;
      has_record_ = false;
      return;
    }
    if (has_record_) {
      has_record_ = false;
      (void)request(F_SETLK, F_UNLCK);
    }
    release_word();
  }

  /// True if the process that has the lock is not the one at the previous call.
  [[nodiscard]] bool holder_changed() noexcept {
    std::int64_t const before = holder_;
    holder_ = holder();
    return holder_ != before;
  }
  /// From now on this lock excludes nothing while the same process has it.
  void ignore_holder() noexcept {
    ignored_ = holder_;
    is_word_ignored_ = holder_ == process_id();
  }

 private:
  static constexpr std::size_t word_count = 64;
  inline static constinit atomic_word<std::uint64_t> words[word_count]{};

  [[nodiscard]] struct ::flock request_of(short type) const noexcept {
    struct ::flock all {};
    all.l_type = type;
    all.l_whence = SEEK_SET;
    return all;
  }
  [[nodiscard]] int request(int command, short type) const noexcept {
    struct ::flock all = request_of(type);
    return ::fcntl(descriptor_, command, &all) == 0 ? 0 : errno;
  }

  /// The process that has the lock: this one if one of its threads has.
  [[nodiscard]] std::int64_t holder() const noexcept {
    struct ::flock all = request_of(F_WRLCK);
    if (::fcntl(descriptor_, F_GETLK, &all) != 0 || all.l_type == F_UNLCK) return process_id();
    return all.l_pid;
  }

  [[nodiscard]] bool try_record() noexcept {
    int const error = request(F_SETLK, F_WRLCK);
    has_record_ = error == 0;
    if (error != EAGAIN && error != EACCES) return true;
    if (ignored_ == 0) return false;
    if (holder() == ignored_) return true;
    ignored_ = 0;
    return false;
  }

  [[nodiscard]] bool try_word() noexcept {
    atomic_word<std::uint64_t>& word = words[key_ >> 58U];
    std::uint64_t found = word.load_acquire();
    constexpr std::uint64_t generation = 0xFFFFU;
    if (found == key_) return is_word_ignored_;
    // Another stream uses the word: other threads are not excluded.
    if (found != 0 && (found & generation) == (key_ & generation)) return true;
    is_word_ignored_ = false;
    if (!word.compare_exchange(found, key_)) return false;
    word_ = &word;
    return true;
  }
  void release_word() noexcept {
    if (word_ != nullptr) word_->store_release(0);
    word_ = nullptr;
  }

  int descriptor_ = -1;
  std::uint64_t key_ = 0;
  atomic_word<std::uint64_t>* word_ = nullptr;
  std::int64_t holder_ = 0;
  std::int64_t ignored_ = 0;  ///< a process that had the lock too long
  bool is_word_ignored_ = false;
  bool is_held_ = false;
  bool has_record_ = false;
};

}  // namespace fapilog::inline v0_1::detail
