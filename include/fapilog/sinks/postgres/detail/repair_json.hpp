// SPDX-License-Identifier: MIT
// Changes JSON to what the types json and jsonb accept: NUL, lone surrogates, huge numbers, deep nesting.
#pragma once

#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/detail/text/utf8.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fapilog::inline v0_1::detail::pg {

/// Replaces what the server would refuse. Thread: one. Throws: std::bad_alloc.
class json_repair {
 public:
  /// Containers nested deeper than this become a string; the stack of the server allows twice as many.
  static constexpr std::size_t max_depth = 5'000;

  /// Appends the repaired JSON to `out`. Characters above `max_code_point` become `?`. Returns true if it was changed.
  /// Invalid JSON stays invalid.
  bool operator()(std::string_view json, text_buffer& out, std::uint32_t max_code_point = 0x10'FFFF) {
    out_ = &out;
    max_code_point_ = max_code_point;
    rest_ = json;
    depth_ = 0;
    changed_ = false;
    while (!rest_.empty()) {
      char const c = rest_.front();
      if (c == '"') string();
      else if (c == '-' || (c >= '0' && c <= '9')) number();
      else if ((c == '{' || c == '[') && depth_ == max_depth) skip_container();
      else {
        if (c == '{' || c == '[') ++depth_;
        if ((c == '}' || c == ']') && depth_ != 0) --depth_;
        take(1);
      }
    }
    return changed_;
  }

 private:
  void take(std::size_t count) {
    out_->append(rest_.substr(0, count));
    rest_.remove_prefix(count);
  }
  void replace(std::size_t count, std::string_view by) {
    out_->append(by);
    rest_.remove_prefix(count);
    changed_ = true;
  }
  void replace_character(std::size_t count) {
    replace(count, max_code_point_ < 0xFFFD ? "?" : "\xEF\xBF\xBD");
  }

  /// The UTF-16 code unit of a `\uXXXX` at this index, or -1.
  [[nodiscard]] std::int32_t unit_at(std::size_t at) const noexcept {
    constexpr std::size_t form = 6;
    if (rest_.size() < at + form || rest_[at] != '\\' || rest_[at + 1] != 'u') return -1;
    std::int32_t unit = 0;
    char const* const first = rest_.data() + at + 2;
    auto const done = std::from_chars(first, first + 4, unit, 16);
    return done.ptr == first + 4 && unit >= 0 ? unit : -1;
  }

  void escape() {
    std::int32_t const unit = unit_at(0);
    if (unit < 0) return take(rest_.size() < 2 ? rest_.size() : 2);
    bool const is_high = unit >= 0xD800 && unit < 0xDC00;
    bool const is_low = unit >= 0xDC00 && unit < 0xE000;
    if (is_high) {
      std::int32_t const next = unit_at(6);
      if (next >= 0xDC00 && next < 0xE000) {
        return max_code_point_ < 0x10'FFFF ? replace_character(12) : take(12);
      }
    }
    bool const is_unknown = static_cast<std::uint32_t>(unit) > max_code_point_;
    if (unit == 0 || is_high || is_low || is_unknown) return replace_character(6);
    take(6);
  }

  void string() {
    take(1);
    while (!rest_.empty()) {
      auto const c = static_cast<unsigned char>(rest_.front());
      if (c == '"') return take(1);
      if (c == '\\') {
        escape();
      } else if (c < 0x20) {
        replace_character(1);
      } else if (c < 0x80) {
        std::size_t plain = 1;
        while (plain < rest_.size() && rest_[plain] != '"' && rest_[plain] != '\\' &&
               static_cast<unsigned char>(rest_[plain]) >= 0x20 &&
               static_cast<unsigned char>(rest_[plain]) < 0x80)
          ++plain;
        take(plain);
      } else {
        auto const point = decode_utf8(rest_);
        if (point.ok && point.value <= max_code_point_) take(point.size);
        else replace_character(point.size);
      }
    }
  }

  /// The server allows 131,072 digits before the decimal point and 16,383 after it.
  void number() {
    std::size_t const size = rest_.find_first_not_of("+-.0123456789eE");
    std::string_view const text = rest_.substr(0, size);
    constexpr std::size_t max_digits = 16'000;
    constexpr int max_exponent = 16'000;
    bool is_too_large = text.size() > max_digits;
    if (auto const e = text.find_first_of("eE"); e != std::string_view::npos && !is_too_large) {
      std::string_view digits = text.substr(e + 1);
      if (digits.starts_with('+')) digits.remove_prefix(1);
      int exponent = 0;
      auto const done = std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
      is_too_large = done.ec != std::errc{} || exponent > max_exponent || exponent < -max_exponent;
    }
    if (is_too_large) {
      out_->push_back('"');
      changed_ = true;
    }
    take(text.size());
    if (is_too_large) out_->push_back('"');
  }

  void skip_container() {
    std::size_t at = 0;
    std::size_t open = 0;
    bool in_string = false;
    for (; at < rest_.size(); ++at) {
      char const c = rest_[at];
      if (in_string) {
        if (c == '\\') ++at;
        else if (c == '"') in_string = false;
        continue;
      }
      if (c == '"') in_string = true;
      if (c == '{' || c == '[') ++open;
      if ((c == '}' || c == ']') && --open == 0) break;
    }
    replace(at < rest_.size() ? at + 1 : rest_.size(), R"("too deep")");
  }

  text_buffer* out_ = nullptr;
  std::string_view rest_;
  std::uint32_t max_code_point_ = 0;
  std::size_t depth_ = 0;
  bool changed_ = false;
};

}  // namespace fapilog::inline v0_1::detail::pg
