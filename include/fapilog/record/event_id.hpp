// SPDX-License-Identifier: MIT
// The id of a kind of event: a constant that follows from the message literal.
#pragma once

#include <fapilog/detail/text/ascii.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fapilog::inline v0_1 {

/// The same for all records of one message literal, in every build and on every platform: the FNV-1a hash (64 bits) of the literal, as
/// it is written in the code with its `{}`. `constexpr fapilog::event_id declined{"card {} declined"};` is computed by the compiler; the
/// enricher `event_template` adds the same id to records. Thread: any. Throws: never.
class event_id {
 public:
  constexpr explicit event_id(std::string_view literal) noexcept {
    std::uint64_t hash = 0xcbf29ce484222325;
    for (char const c : literal) {
      hash ^= static_cast<unsigned char>(c);
      hash *= 0x100000001b3;
    }
    number_ = hash;
    for (std::size_t i = text_.size(); i > 0; --i, hash >>= 4U)
      text_[i - 1] = detail::hex_digits[hash & 0xFU];
  }

  /// 16 hexadecimal digits.
  [[nodiscard]] constexpr std::string_view text() const noexcept { return {text_.data(), text_.size()}; }
  [[nodiscard]] constexpr std::uint64_t number() const noexcept { return number_; }

  friend constexpr bool operator==(event_id const& a, event_id const& b) noexcept {
    return a.number_ == b.number_;
  }

 private:
  std::uint64_t number_ = 0;
  std::array<char, 16> text_{};
};

}  // namespace fapilog::inline v0_1
