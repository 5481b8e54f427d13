// SPDX-License-Identifier: MIT
// The vector of the library's own data: what it uses of std::vector, in an eighth of the functions.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Like std::vector, of which each element type costs a file that makes a runtime 80 functions: with GCC 12 at -O2 70 ms and
/// 3.5 MB to compile. For data that only the library sees. Elements must move without exceptions. Thread: as std::vector.
/// Throws: std::bad_alloc, without any effect, and what constructors of elements throw.
template <class T>
class vector {
 public:
  vector() noexcept = default;
  // They delegate, so that the destructor runs if an element throws.
  explicit vector(std::size_t count) : vector() { resize(count); }
  vector(std::size_t count, T const& value) : vector() {
    reserve(count);
    while (size_ < count) emplace_back(value);
  }
  vector(std::initializer_list<T> items) : vector() { append(items.begin(), items.size()); }
  vector(vector const& other) : vector() { append(other.data_, other.size_); }
  vector(vector&& other) noexcept : vector() { swap(other); }
  vector& operator=(vector other) noexcept {
    swap(other);
    return *this;
  }
  ~vector() {
    clear();
    release(data_);
  }

  [[nodiscard]] T* data() noexcept { return data_; }
  [[nodiscard]] T const* data() const noexcept { return data_; }
  [[nodiscard]] T* begin() noexcept { return data_; }
  [[nodiscard]] T const* begin() const noexcept { return data_; }
  [[nodiscard]] T* end() noexcept { return data_ + size_; }
  [[nodiscard]] T const* end() const noexcept { return data_ + size_; }
  [[nodiscard]] T& operator[](std::size_t i) noexcept { return data_[i]; }
  [[nodiscard]] T const& operator[](std::size_t i) const noexcept { return data_[i]; }
  [[nodiscard]] T& front() noexcept { return *data_; }
  [[nodiscard]] T const& front() const noexcept { return *data_; }
  [[nodiscard]] T& back() noexcept { return data_[size_ - 1]; }
  [[nodiscard]] T const& back() const noexcept { return data_[size_ - 1]; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  void push_back(T const& value) { emplace_back(value); }
  void push_back(T&& value) { emplace_back(std::move(value)); }
  template <class... Args>
  T& emplace_back(Args&&... args) {
    if (size_ == capacity_) [[unlikely]]
      return emplace_in_new_memory(std::forward<Args>(args)...);
    T* const made = ::new (static_cast<void*>(data_ + size_)) T(std::forward<Args>(args)...);
    ++size_;
    return *made;
  }
  void pop_back() noexcept { data_[--size_].~T(); }
  void clear() noexcept { truncate(0); }
  /// New elements have the value `T()`.
  void resize(std::size_t count) {
    reserve(count);
    while (size_ < count) emplace_back();
    truncate(count);
  }
  void reserve(std::size_t count) {
    if (count > capacity_) move_to(allocate(count), count);
  }
  void erase(T* at) noexcept {
    for (; at + 1 != end(); ++at) *at = std::move(at[1]);
    pop_back();
  }
  /// Removes the elements for which `is_removed` returns true.
  template <class Predicate>
  void erase_if(Predicate const& is_removed) {
    T* kept = data_;
    for (T& item : *this) {
      if (is_removed(std::as_const(item))) continue;
      if (kept != &item) *kept = std::move(item);
      ++kept;
    }
    truncate(static_cast<std::size_t>(kept - data_));
  }
  void swap(vector& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(capacity_, other.capacity_);
  }

 private:
  [[nodiscard]] static T* allocate(std::size_t count) {
    if (count > static_cast<std::size_t>(-1) / 2 / sizeof(T)) throw std::bad_alloc{};
    return static_cast<T*>(::operator new(count * sizeof(T)));
  }
  static void release(T* memory) noexcept { ::operator delete(static_cast<void*>(memory)); }

  /// The arguments may refer to elements, so these move last.
  template <class... Args>
  [[gnu::noinline, gnu::cold]] T& emplace_in_new_memory(Args&&... args) {
    std::size_t const count = size_ < 2 ? 2 : size_ * 2;
    T* const memory = allocate(count);
    if constexpr (std::is_nothrow_constructible_v<T, Args...>) {
      ::new (static_cast<void*>(memory + size_)) T(std::forward<Args>(args)...);
    } else {
      try {
        ::new (static_cast<void*>(memory + size_)) T(std::forward<Args>(args)...);
      } catch (...) {
        release(memory);
        throw;
      }
    }
    move_to(memory, count);
    return data_[size_++];
  }
  [[gnu::cold]] void move_to(T* memory, std::size_t count) noexcept {
    static_assert(std::is_nothrow_move_constructible_v<T> && alignof(T) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);
    for (std::size_t i = 0; i < size_; ++i) {
      ::new (static_cast<void*>(memory + i)) T(std::move(data_[i]));
      data_[i].~T();
    }
    release(data_);
    data_ = memory;
    capacity_ = count;
  }
  void append(T const* items, std::size_t count) {
    reserve(size_ + count);
    for (std::size_t i = 0; i < count; ++i) emplace_back(items[i]);
  }
  void truncate(std::size_t count) noexcept {
    while (size_ > count) pop_back();
  }

  T* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
