// SPDX-License-Identifier: MIT
// A growable byte array for the call site, without the compile cost of <vector>.
#pragma once

#include <fapilog/detail/guarded_call.hpp>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Contiguous bytes that keep their memory when cleared. Thread: one. Throws: std::bad_alloc when it cannot grow.
class byte_buffer {
 public:
  byte_buffer() noexcept = default;
  byte_buffer(byte_buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)),
        size_(std::exchange(other.size_, 0)),
        capacity_(std::exchange(other.capacity_, 0)) {}
  byte_buffer& operator=(byte_buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
    return *this;
  }
  ~byte_buffer() { std::free(data_); }

  [[nodiscard]] std::byte* data() noexcept { return data_; }
  [[nodiscard]] std::byte const* data() const noexcept { return data_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

  /// Truncates to `size` bytes. Keeps the memory.
  void shrink(std::size_t size) noexcept { size_ = size; }

  /// Adds `count` uninitialised bytes at the end and returns a pointer to them.
  std::byte* extend(std::size_t count) {
    if (count > capacity_ - size_) grow(count);
    std::byte* const begin = data_ + size_;
    size_ += count;
    return begin;
  }

  /// Frees the memory if it is larger than `keep` bytes, such as after a huge value.
  void trim(std::size_t keep) noexcept {
    if (capacity_ <= keep) return;
    std::free(data_);
    data_ = nullptr;
    size_ = capacity_ = 0;
  }

 private:
  [[gnu::noinline, gnu::cold]] void grow(std::size_t count) {
    std::size_t wanted = capacity_ < 512 ? 1024 : capacity_ * 2;
    if (wanted - size_ < count) wanted = size_ + count;
    void* const memory = std::realloc(data_, wanted);
    if (memory == nullptr) throw_bad_alloc();
    data_ = static_cast<std::byte*>(memory);
    capacity_ = wanted;
  }

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
