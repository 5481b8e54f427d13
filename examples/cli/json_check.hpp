// SPDX-License-Identifier: MIT
// Whether a line is one JSON object.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/record/json_parts.hpp>

#include <cstddef>
#include <string_view>

namespace cli {

/// Checks the grammar of RFC 8259, but not that strings are UTF-8, and takes tabulators in strings. Refuses what is nested deeper than 1000
/// objects and arrays.
class json_check {
 public:
  [[nodiscard]] static bool is_object(std::string_view text) noexcept {
    bool has_control = false;
    for (char const c : text) {
      bool const is_space = c == '\t' || c == '\r';
      has_control |= static_cast<unsigned char>(c) < 0x20 && !is_space;
    }
    if (has_control) return false;
    json_check check{text};
    check.space();
    if (check.peek() != '{' || !check.value(0)) return false;
    check.space();
    return check.at_ == text.size();
  }

 private:
  explicit json_check(std::string_view text) noexcept : text_(text) {}

  [[nodiscard]] char peek() const noexcept { return at_ < text_.size() ? text_[at_] : '\0'; }
  bool take(char c) noexcept {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  void space() noexcept { at_ = fapilog::detail::json::parts_detail::skip_space(text_, at_); }

  bool value(unsigned depth) noexcept {
    constexpr unsigned deepest = 1'000;
    switch (peek()) {
      case '{': return depth < deepest && list('}', true, depth + 1);
      case '[': return depth < deepest && list(']', false, depth + 1);
      case '"': return string();
      case 't': return word("true");
      case 'f': return word("false");
      case 'n': return word("null");
      default: return number();
    }
  }
  bool list(char end, bool has_keys, unsigned depth) noexcept {
    ++at_;
    space();
    if (take(end)) return true;
    do {
      space();
      if (has_keys) {
        if (!string()) return false;
        space();
        if (!take(':')) return false;
        space();
      }
      if (!value(depth)) return false;
      space();
    } while (take(','));
    return take(end);
  }
  bool string() noexcept {
    if (!take('"')) return false;
    while (true) {
      at_ = fapilog::detail::find_quote_or_backslash(text_, at_);
      if (at_ == text_.size()) return false;
      if (text_[at_++] == '"') return true;
      if (!escape()) return false;
    }
  }
  bool escape() noexcept {
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view hexadecimal = "0123456789abcdefABCDEF";
    char const c = peek();
    ++at_;
    if (c != 'u') return c != '\0' && letters.find(c) != std::string_view::npos;
    for (int i = 0; i < 4; ++i, ++at_) {
      if (peek() == '\0' || hexadecimal.find(peek()) == std::string_view::npos) return false;
    }
    return true;
  }
  bool word(std::string_view expected) noexcept {
    if (!text_.substr(at_).starts_with(expected)) return false;
    at_ += expected.size();
    return true;
  }
  bool digits() noexcept {
    std::size_t const begin = at_;
    while (fapilog::detail::is_ascii_digit(peek())) ++at_;
    return at_ > begin;
  }
  bool number() noexcept {
    take('-');
    if (!take('0') && !digits()) return false;
    if (take('.') && !digits()) return false;
    if (!take('e') && !take('E')) return true;
    if (!take('+')) take('-');
    return digits();
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace cli
