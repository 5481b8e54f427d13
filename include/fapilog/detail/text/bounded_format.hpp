// SPDX-License-Identifier: MIT
// Formats text up to a limit, since a width or precision from outside may ask for gigabytes.
#pragma once

#include <fapilog/detail/compiler.hpp>
#include <fapilog/detail/text/fmt.hpp>

#include <cstddef>
#include <exception>
#include <iterator>
#include <string>

namespace fapilog::inline v0_1::detail {

#if FAPILOG_DETAIL_EXCEPTIONS  // see guarded_call.hpp
/// Leaves a call of fmt that has written enough.
struct text_is_full {};

/// Takes what fmt writes.
class bounded_text {
 public:
  /// The output iterator.
  class end {
   public:
    using iterator_category = std::output_iterator_tag;
    using value_type = void;
    using difference_type = std::ptrdiff_t;
    using pointer = void;
    using reference = void;

    explicit end(bounded_text& to) noexcept : to_(&to) {}
    end& operator=(char c) {
      to_->put(c);
      return *this;
    }
    end& operator*() noexcept { return *this; }
    end& operator++() noexcept { return *this; }
    end operator++(int) noexcept { return *this; }

   private:
    bounded_text* to_;
  };

  bounded_text(std::string& to, std::size_t limit) noexcept : text_(to), limit_(limit) {}

  /// Cuts the text to what was written, between two characters.
  void finish() {
    std::size_t size = used_;
    // A character has at most four bytes; others are not UTF-8 and are cut anywhere.
    for (std::size_t back = 0; is_cut_ && back < 4 && size != 0; ++back, --size) {
      auto const byte = static_cast<unsigned char>(text_[size - 1]);
      if (byte < 0x80) break;
      if (byte < 0xC0) continue;
      std::size_t const whole = byte < 0xE0 ? 2 : byte < 0xF0 ? 3 : 4;
      size = back + 1 == whole ? used_ : size - 1;
      break;
    }
    text_.resize(size);
  }
  [[nodiscard]] bool is_cut() const noexcept { return is_cut_; }

 private:
  void put(char c) {
    if (used_ == text_.size() && !grow()) return;
    text_[used_++] = c;
  }
  /// False while an exception passes: fmt then writes the rest of its buffer in a destructor, which must not throw.
  bool grow() {
    if (std::uncaught_exceptions() != exceptions_) return false;
    if (used_ == limit_) {
      is_cut_ = true;
      throw text_is_full{};
    }
    // Without std::min: <algorithm> would add 13,000 preprocessed lines to every file that logs.
    std::size_t const wanted = used_ < 128 ? 256 : 2 * used_;
    text_.resize(wanted < limit_ ? wanted : limit_);
    return true;
  }

  std::string& text_;
  std::size_t limit_;
  std::size_t used_ = 0;
  bool is_cut_ = false;
  int exceptions_ = std::uncaught_exceptions();
};

/// Replaces `to` by the formatted text, cut between two characters after at most `limit` bytes. Returns whether it was cut. Throws:
/// fmt::format_error, std::bad_alloc, and what a formatter throws.
[[nodiscard]] inline bool format_bounded(std::string& to, std::size_t limit, fmt::string_view format,
                                         fmt::format_args arguments) {
  bounded_text text{to, limit};
  try {
    fmt::vformat_to(bounded_text::end{text}, format, arguments);
  } catch (text_is_full const&) {
    // The beginning was written.
  }
  text.finish();
  return text.is_cut();
}
#else
[[nodiscard]] bool format_bounded(std::string& to, std::size_t limit, fmt::string_view format,
                                  fmt::format_args arguments);
#endif

}  // namespace fapilog::inline v0_1::detail
