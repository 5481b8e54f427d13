// SPDX-License-Identifier: MIT
// One decoded log call: what every stage reads and edits, as views into the memory of its batch.
#pragma once

#include <fapilog/detail/arena.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/record/record.hpp>
#include <fapilog/record/uuid.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fapilog {

struct member;

/// One typed value. Text and containers are views into the batch's memory.
struct value {
  kind type = kind::null;
  /// Bytes of text, count of members or elements, digits of a timestamp, unit of a duration.
  std::uint32_t size = 0;
  union {
    bool boolean;
    std::int64_t i64;
    std::uint64_t u64 = 0;
    double f64;
    float f32;
    std::uint32_t code_point;
    char const* text;
    member* members;
    value* elements;
  };

  /// A string value; the text has to live as long as the batch (`event::copy`).
  [[nodiscard]] static value of_text(std::string_view text) noexcept {
    value v;
    v.type = kind::string;
    v.size = static_cast<std::uint32_t>(text.size());
    v.text = text.data();
    return v;
  }
  [[nodiscard]] static value of_number(std::int64_t number) noexcept {
    value v;
    v.type = kind::i64;
    v.i64 = number;
    return v;
  }
  [[nodiscard]] static value of_bool(bool truth) noexcept {
    value v;
    v.type = kind::boolean;
    v.boolean = truth;
    return v;
  }

  /// The characters of a string; empty for other kinds.
  [[nodiscard]] std::string_view as_text() const noexcept {
    return type == kind::string ? std::string_view{text, size} : std::string_view{};
  }
  [[nodiscard]] bool is_object() const noexcept { return type == kind::object || type == kind::exception; }
};

/// A named value.
struct member {
  std::string_view key;
  fapilog::value value;
};

/// The members of one part of an event, in order, with room to grow in the batch's memory.
class member_list {
 public:
  explicit member_list(detail::arena& memory) noexcept : memory_(&memory) {}

  [[nodiscard]] member* begin() noexcept { return first_; }
  [[nodiscard]] member* end() noexcept { return first_ + size_; }
  [[nodiscard]] member const* begin() const noexcept { return first_; }
  [[nodiscard]] member const* end() const noexcept { return first_ + size_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

  /// The value under this key, or null.
  [[nodiscard]] value* find(std::string_view key) noexcept {
    for (member& m : *this) {
      if (m.key == key) return &m.value;
    }
    return nullptr;
  }
  [[nodiscard]] value const* find(std::string_view key) const noexcept {
    return const_cast<member_list*>(this)->find(key);
  }
  /// Sets the value under this key, added at the end where it is new.
  void set(std::string_view key, value v) {
    if (value* const old = find(key)) {
      *old = v;
    } else {
      push_back({key, v});
    }
  }
  /// Adds without looking for the key.
  void push_back(member m) {
    if (size_ == capacity_) grow();
    first_[size_++] = m;
  }
  void erase(std::string_view key) noexcept {
    std::size_t kept = 0;
    for (std::size_t i = 0; i < size_; ++i) {
      if (first_[i].key != key) first_[kept++] = first_[i];
    }
    size_ = kept;
  }

 private:
  void grow() {
    std::size_t const wanted = capacity_ == 0 ? 8 : capacity_ * 2;
    auto* const larger = memory_->take_array<member>(wanted);
    for (std::size_t i = 0; i < size_; ++i) larger[i] = first_[i];
    first_ = larger;
    capacity_ = wanted;
  }

  detail::arena* memory_;
  member* first_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

/// What was logged. Thread: the worker's, until the batch is built; then nobody changes it.
struct event {
  explicit event(detail::arena& memory_of_batch) noexcept
      : context(memory_of_batch),
        diagnostics(memory_of_batch),
        data(memory_of_batch),
        memory(&memory_of_batch) {}

  level severity = level::info;
  std::string_view level_name;  ///< as it stands in the envelope
  std::int64_t unix_ns = 0;     ///< when the call was made
  std::string_view message;     ///< with its arguments in place
  std::string_view logger;
  uuid message_id;
  char const* file = "";
  char const* function = "";
  std::uint32_t line = 0;
  std::uint64_t thread_id = 0;
  member_list context;      ///< correlation and its kin; all strings
  member_list diagnostics;  ///< exception, and what enrichers tell of the process
  member_list data;         ///< everything else
  detail::arena* memory;

  /// Text that lives as long as the event, for values that a stage makes.
  [[nodiscard]] std::string_view copy(std::string_view text) { return memory->copy(text); }
};

}  // namespace fapilog
