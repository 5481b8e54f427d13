// SPDX-License-Identifier: MIT
// Files that are mapped into memory and shared: what is written there outlives the process.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#if !defined(__ELF__)
#error \
    "fapilog: kill_safe.hpp needs Linux or a BSD; elsewhere leave it out, and give each sink a spool instead"
#endif

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/system.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <fcntl.h>
#include <sys/mman.h>

namespace fapilog::inline v0_1::detail {

/// Owns a shared mapping of a file. Thread: one.
class shared_mapping {
 public:
  shared_mapping() noexcept = default;
  shared_mapping(shared_mapping&& other) noexcept
      : bytes_(std::exchange(other.bytes_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  shared_mapping& operator=(shared_mapping&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~shared_mapping() {
    if (bytes_ != nullptr) ::munmap(bytes_, size_);
  }

  [[nodiscard]] std::byte* data() const noexcept { return bytes_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool is_mapped() const noexcept { return bytes_ != nullptr; }
  /// Gives the mapping away; the caller unmaps it.
  [[nodiscard]] std::byte* release() noexcept {
    size_ = 0;
    return std::exchange(bytes_, nullptr);
  }

  /// Allocates `size` bytes for a new file and maps them, so that a full disk is noticed here and not as SIGBUS at a write.
  /// Returns an errno value, or 0. Throws: never.
  [[nodiscard, gnu::cold]] int allocate(file const& from, std::size_t size) noexcept {
    file_limit_guard const no_signal;
    if (int const error = reserve_content(from.descriptor(), size); error != 0) return error;
    return map(from, size, map_at_once);
  }
  /// Maps the first `size` bytes of a file, which must have them. Returns an errno value, or 0. Throws: never.
  [[nodiscard, gnu::cold]] int map(file const& from, std::size_t size, int flags = 0) noexcept {
    void* const mapped =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | flags, from.descriptor(), 0);
    if (mapped == MAP_FAILED) return errno;
    *this = shared_mapping{static_cast<std::byte*>(mapped), size};
    return 0;
  }

  /// Replaces shared pages by private zeroed ones at the same address: in a forked child, which must not write into the files of
  /// its parent. False if the system refuses.
  [[nodiscard, gnu::cold]] static bool make_private(void* begin, std::size_t size) noexcept {
    return ::mmap(begin, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) ==
           begin;
  }

 private:
  shared_mapping(std::byte* bytes, std::size_t size) noexcept : bytes_(bytes), size_(size) {}

  std::byte* bytes_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
