// SPDX-License-Identifier: MIT
// Immutable bytes shared by reference count: the bound fields of a logger, the scope of a thread.
#pragma once

#include <fapilog/detail/guarded_call.hpp>
#include <fapilog/detail/memory/atomic.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// A handle to immutable bytes. Copies share the bytes. Empty by default.
/// Thread: handles to the same bytes may be used and destroyed on different threads.
class shared_bytes {
 public:
  shared_bytes() noexcept = default;
  shared_bytes(shared_bytes const& other) noexcept : block_(other.block_) {
    if (block_ != nullptr) block_->references.fetch_add_relaxed(1);
  }
  shared_bytes(shared_bytes&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
  shared_bytes& operator=(shared_bytes other) noexcept {
    std::swap(block_, other.block_);
    return *this;
  }
  ~shared_bytes() {
    if (block_ != nullptr && block_->references.fetch_sub(1) == 1) std::free(block_);
  }

  /// Copies `size` bytes. Throws: std::bad_alloc.
  [[nodiscard]] static shared_bytes copy_of(std::byte const* bytes, std::size_t size) {
    shared_bytes result;
    if (size == 0) return result;
    void* const memory = std::malloc(sizeof(block) + size);
    if (memory == nullptr) throw_bad_alloc();
    result.block_ = ::new (memory) block;
    result.block_->size = size;
    std::memcpy(static_cast<std::byte*>(memory) + sizeof(block), bytes, size);
    return result;
  }

  /// Null if it is empty.
  [[nodiscard]] std::byte const* data() const noexcept {
    return block_ == nullptr ? nullptr : reinterpret_cast<std::byte const*>(block_ + 1);
  }
  [[nodiscard]] std::size_t size() const noexcept { return block_ == nullptr ? 0 : block_->size; }
  [[nodiscard]] bool empty() const noexcept { return block_ == nullptr; }

  /// Releases the reference as a pointer; `adopt` takes it back. This is how a reference crosses the ring buffer.
  [[nodiscard]] void* release() noexcept { return std::exchange(block_, nullptr); }
  /// Releases the reference. If it was the last one, returns the memory, which the caller must free; else null.
  [[nodiscard]] void* release_last() noexcept {
    block* const released = std::exchange(block_, nullptr);
    return released != nullptr && released->references.fetch_sub(1) == 1 ? released : nullptr;
  }
  [[nodiscard]] static shared_bytes adopt(void* released) noexcept {
    shared_bytes result;
    result.block_ = static_cast<block*>(released);
    return result;
  }

 private:
  struct alignas(16) block {
    atomic_word<std::size_t> references{1};
    std::size_t size = 0;
  };

  block* block_ = nullptr;
};

}  // namespace fapilog::inline v0_1::detail
