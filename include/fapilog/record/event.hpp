// SPDX-License-Identifier: MIT
// One decoded log call, which stages read and edit, in the memory of its batch.
#pragma once

#include <fapilog/detail/memory/arena.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/record/record.hpp>
#include <fapilog/record/uuid.hpp>
#include <fapilog/record/value.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace fapilog::inline v0_1 {

namespace detail {
/// Members that are the same in many events of a batch, and their JSON (`,"key":value` for each), written once into the
/// batch's memory.
struct prepared_members {
  member const* first = nullptr;
  std::size_t count = 0;
  std::string_view json;
};
}  // namespace detail

/// The members of one part of an event, in order. The list grows in the batch's memory.
class member_list {
 public:
  explicit member_list(detail::arena& memory) noexcept : memory_(&memory) {}

  [[nodiscard]] member const* begin() const noexcept { return first_; }
  [[nodiscard]] member const* end() const noexcept { return first_ + size_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  /// The value under this key, or null.
  [[nodiscard]] value const* find(std::string_view key) const noexcept {
    for (std::size_t i = 0; i < size_; ++i) {
      if (first_[i].key == key) return &first_[i].value;
    }
    return nullptr;
  }

  /// Returns all members for editing, and discards their prepared JSON.
  [[nodiscard]] std::span<member> edit() noexcept {
    prepared_json_ = {};
    return {first_, size_};
  }
  /// Returns the value under this key for editing, or null. Discards the prepared JSON if it returns a value.
  [[nodiscard]] value* edit(std::string_view key) noexcept {
    auto const* const found = find(key);
    if (found != nullptr) prepared_json_ = {};
    return const_cast<value*>(found);
  }
  /// Sets the value under this key. A new key is added at the end.
  void set(std::string_view key, value v) {
    if (value* const old = edit(key)) {
      *old = v;
    } else {
      push_back({key, v});
    }
  }
  /// Adds a member at the end. The key must not be in the list yet.
  void push_back(member m) {
    if (size_ == capacity_) grow(1);
    first_[size_++] = m;
  }
  /// Calls `set` for each of these members, and keeps their JSON if none of the keys was in the list.
  void set_prepared(detail::prepared_members const& all) {
    for (std::size_t i = 0; i < all.count && size_ != 0; ++i) {
      if (find(all.first[i].key) == nullptr) continue;
      for (i = 0; i < all.count; ++i) set(all.first[i].key, all.first[i].value);
      return;
    }
    if (capacity_ - size_ < all.count) grow(all.count);
    std::copy_n(all.first, all.count, first_ + size_);
    if (prepared_json_.empty()) {
      prepared_json_ = all.json;
      prepared_at_ = size_;
      prepared_count_ = all.count;
    }
    size_ += all.count;
  }
  void erase(std::string_view key) noexcept {
    prepared_json_ = {};
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      if (first_[i].key != key) first_[kept++] = first_[i];
    }
    size_ = kept;
  }

  /// Members `at` to `at + count` of the list, and their prepared JSON; all empty if it was discarded.
  struct prepared_part {
    std::size_t at = 0;
    std::size_t count = 0;
    std::string_view json;
  };
  [[nodiscard]] prepared_part prepared() const noexcept {
    return prepared_json_.empty() ? prepared_part{}
                                  : prepared_part{prepared_at_, prepared_count_, prepared_json_};
  }

  /// Calls `one(member)` for each member, but `ready(json)` once for all members with prepared JSON.
  template <class One, class Ready>
  void for_each(One&& one, Ready&& ready) const {
    for (std::size_t i = 0; i < size_; ++i) {
      if (i == prepared_at_ && !prepared_json_.empty()) {
        ready(prepared_json_);
        i += prepared_count_ - 1;
      } else {
        one(static_cast<member const&>(first_[i]));
      }
    }
  }

 private:
  void grow(std::size_t count) {
    std::size_t const wanted = (std::max)(capacity_ == 0 ? std::size_t{4} : capacity_ * 2, size_ + count);
    auto* const larger = memory_->take_array<member>(wanted);
    std::copy_n(first_, size_, larger);
    first_ = larger;
    capacity_ = wanted;
  }

  detail::arena* memory_;
  member* first_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
  std::string_view prepared_json_;
  std::size_t prepared_at_ = 0;
  std::size_t prepared_count_ = 0;
};

/// One log call. Thread: the worker's until the batch is complete; after that any, because nobody changes it.
struct event {
  explicit event(detail::arena& memory_of_batch) noexcept
      : context(memory_of_batch),
        diagnostics(memory_of_batch),
        data(memory_of_batch),
        memory(&memory_of_batch) {}

  level severity = level::info;
  std::string_view level_name;  ///< in the form of the envelope
  std::int64_t unix_ns = 0;     ///< time of the call
  std::string_view message;     ///< with its arguments in place
  /// The message as written in the code; empty if it is known only at run time. Not kept by a spool.
  std::string_view message_template;
  std::string_view logger;
  uuid message_id;
  char const* file = "";
  char const* function = "";
  std::uint32_t line = 0;
  std::uint64_t thread_id = 0;
  std::int64_t process_id =
      0;  ///< of the process that logged, if it was killed and another one delivers its records; else 0
  bool is_internal = false;  ///< made by the library itself; not in the runtime's account
  member_list context;       ///< the correlation, request, trace, user and tenant ids; all strings or null
  member_list diagnostics;   ///< the exception, and what enrichers add about the process
  member_list data;          ///< all other fields
  detail::arena* memory;     ///< of the batch; stages use `copy`

  /// Copies a string into the batch's memory: for values that a stage makes. Throws: std::bad_alloc.
  [[nodiscard]] std::string_view copy(std::string_view text) { return memory->copy(text); }
};

}  // namespace fapilog::inline v0_1
