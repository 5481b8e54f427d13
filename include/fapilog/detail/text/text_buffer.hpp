// SPDX-License-Identifier: MIT
// A growable string for the worker: reserve once, then write without further checks.
#pragma once

#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// Contiguous characters. Keeps its memory when cleared. Thread: one. Throws: std::bad_alloc when it cannot grow.
class text_buffer {
 public:
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] char const* data() const noexcept { return data_.get(); }
  [[nodiscard]] std::string_view view() const noexcept { return {data_.get(), size_}; }
  [[nodiscard]] std::string_view from(std::size_t begin) const noexcept {
    return {data_.get() + begin, size_ - begin};
  }

  /// Reserves space for `count` more characters and returns a pointer to it. `end_at` sets the size after writing.
  [[nodiscard, gnu::always_inline]] char* room(std::size_t count) {
    if (count > capacity_ - size_) [[unlikely]]
      grow(count);
    return data_.get() + size_;
  }
  void end_at(char const* end) noexcept { size_ = static_cast<std::size_t>(end - data_.get()); }

  void append(std::string_view text) {
    char* const to = room(text.size());
    if (!text.empty()) std::memcpy(to, text.data(), text.size());
    size_ += text.size();
  }
  [[gnu::always_inline]] void push_back(char c) {
    *room(1) = c;
    ++size_;
  }
  void put_at(std::size_t index, char c) noexcept { data_[index] = c; }
  void shrink(std::size_t size) noexcept { size_ = size; }
  void clear() noexcept { size_ = 0; }
  /// Clears the string, and frees the memory if it is larger than `keep`.
  void clear_to(std::size_t keep) noexcept {
    size_ = 0;
    if (capacity_ > keep) {
      data_.reset();
      capacity_ = 0;
    }
  }

 private:
  [[gnu::noinline]] void grow(std::size_t count) {
    std::size_t wanted = capacity_ < 4096 ? 4096 : capacity_ * 2;
    if (wanted - size_ < count) wanted = size_ + count;
    auto larger = std::make_unique_for_overwrite<char[]>(wanted);
    if (size_ != 0) std::memcpy(larger.get(), data_.get(), size_);
    data_ = std::move(larger);
    capacity_ = wanted;
  }

  std::unique_ptr<char[]> data_;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
