// SPDX-License-Identifier: MIT
// Memory that is released all at once: it holds the events of a batch.
#pragma once

#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/detail/os/system.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <type_traits>

namespace fapilog::inline v0_1::detail {

/// Allocates from chunks and keeps the chunks for reuse. Thread: one. Throws: std::bad_alloc.
class arena {
 public:
  explicit arena(std::size_t chunk_bytes = std::size_t{64} * 1024) : chunk_bytes_(chunk_bytes) {}

  /// Returns `size` bytes aligned to 8.
  [[nodiscard]] std::byte* take(std::size_t size) {
    size = (size + 7) & ~std::size_t{7};
    if (size > left_) [[unlikely]]
      refill(size);
    std::byte* const begin = next_;
    next_ += size;
    left_ -= size;
    return begin;
  }

  /// Memory for `count` objects, which the caller must assign before reading them.
  template <class T>
  [[nodiscard]] T* take_array(std::size_t count) {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 8);
    return static_cast<T*>(static_cast<void*>(take(count * sizeof(T))));
  }

  [[nodiscard]] std::string_view copy(std::string_view text) {
    if (text.empty()) return {};
    auto* const to = reinterpret_cast<char*>(take(text.size()));
    std::memcpy(to, text.data(), text.size());
    return {to, text.size()};
  }

  /// Unique among all arenas, and changed by `clear`: shows whether memory from this arena is still valid.
  [[nodiscard]] std::uint64_t round() const noexcept { return round_; }

  /// Bytes allocated, used or not.
  [[nodiscard]] std::size_t bytes() const noexcept {
    std::size_t sum = 0;
    for (chunk const& c : chunks_) sum += c.size;
    return sum;
  }

  /// Releases all allocations. Keeps ordinary chunks for reuse and frees oversized ones.
  void clear() noexcept {
    chunks_.erase_if([this](chunk const& c) { return c.size > chunk_bytes_; });
    while (chunks_.size() > max_kept) chunks_.pop_back();
    used_ = 0;
    next_ = nullptr;
    left_ = 0;
    round_ = unique_number();
  }

 private:
  struct chunk {
    std::unique_ptr<std::byte[]> memory;
    std::size_t size = 0;
  };
  static constexpr std::size_t max_kept = 16;

  [[gnu::noinline]] void refill(std::size_t size) {
    while (used_ < chunks_.size() && chunks_[used_].size < size) ++used_;
    if (used_ == chunks_.size()) {
      // Chunks double up to the ordinary size, because many small batches may wait for a slow sink.
      std::size_t const bytes =
          (std::max)(size, (std::min)(chunk_bytes_, (std::max<std::size_t>)(this->bytes(), 4'096)));
      chunks_.push_back({std::make_unique_for_overwrite<std::byte[]>(bytes), bytes});
    }
    next_ = chunks_[used_].memory.get();
    left_ = chunks_[used_].size;
    ++used_;
  }

  std::size_t chunk_bytes_;
  vector<chunk> chunks_;
  std::size_t used_ = 0;
  std::byte* next_ = nullptr;
  std::size_t left_ = 0;
  std::uint64_t round_ = unique_number();
};

}  // namespace fapilog::inline v0_1::detail
