// SPDX-License-Identifier: MIT
// Divides a line that is wider than a terminal into several, the later ones indented.
#pragma once

#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/detail/text/utf8.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// The last line of a text, and how wide it may be.
struct line_shape {
  std::size_t begin;   ///< offset of the line in the text
  std::size_t indent;  ///< offset in the line below which later lines begin, escape sequences included
  std::size_t width;   ///< columns of the terminal
};

/// Thread: one. Throws: std::bad_alloc.
class folded_line {
 public:
  /// Divides the line that begins at `shape.begin` and has no line end yet, where possible at the offsets `breaks`: each is the
  /// first character of a unit, behind a space. A unit that is wider than a line is divided at its spaces, or else anywhere.
  void fold(text_buffer& text, line_shape const& shape, std::vector<std::size_t> const& breaks) {
    std::string_view const line = text.from(shape.begin);
    if (line.size() <= shape.width || columns_of(line) <= shape.width) return;
    whole_ = line;
    text.shrink(shape.begin);
    std::size_t const head = columns_of(std::string_view{whole_}.substr(0, shape.indent));
    indent_ = head >= 2 && head <= shape.width / 2 ? head : 4;  // never 0: no value can begin a line
    width_ = (std::max)(shape.width, indent_ + 20);
    column_ = 0;
    std::size_t from = 0;
    for (std::size_t i = 0; i <= breaks.size(); ++i) {
      std::size_t const to = i < breaks.size() ? breaks[i] - shape.begin : whole_.size();
      if (to > from) put_unit(text, std::string_view{whole_}.substr(from, to - from));
      from = to;
    }
    trim(text);
  }

 private:
  /// Length of the escape sequence at the beginning of the text, or 0.
  [[nodiscard]] static std::size_t escape_size(std::string_view text) noexcept {
    if (text.empty() || text[0] != '\x1b') return 0;
    std::size_t const end = text.find('m');
    return end == std::string_view::npos ? text.size() : end + 1;
  }
  [[nodiscard]] static std::size_t columns_of(std::string_view text) noexcept {
    std::size_t columns = 0;
    for (std::size_t i = 0; i < text.size();) {
      if (std::size_t const size = escape_size(text.substr(i)); size != 0) {
        i += size;
        continue;
      }
      columns += is_utf8_continuation(text[i]) ? 0U : 1U;
      ++i;
    }
    return columns;
  }

  void put_unit(text_buffer& text, std::string_view unit) {
    std::string_view shown = unit;
    while (shown.ends_with(' ')) shown.remove_suffix(1);
    if (column_ > indent_ && column_ + columns_of(shown) > width_) next_line(text);
    // Words with the spaces behind them.
    while (!unit.empty()) {
      std::size_t const space = (std::min)(unit.find(' '), unit.size());
      std::size_t const word_end = (std::min)(unit.find_first_not_of(' ', space), unit.size());
      put_word(text, unit.substr(0, space));
      for (std::size_t i = space; i < word_end && column_ < width_; ++i, ++column_) text.push_back(' ');
      unit.remove_prefix(word_end);
    }
  }

  void put_word(text_buffer& text, std::string_view word) {
    std::size_t const columns = columns_of(word);
    if (column_ > indent_ && column_ + columns > width_) next_line(text);
    for (std::size_t i = 0; i < word.size();) {
      if (std::size_t const size = escape_size(word.substr(i)); size != 0) {
        text.append(word.substr(i, size));
        i += size;
        continue;
      }
      bool const is_new_character = !is_utf8_continuation(word[i]);
      if (is_new_character && column_ >= width_) next_line(text);
      text.push_back(word[i++]);
      column_ += is_new_character ? 1U : 0U;
    }
  }

  void next_line(text_buffer& text) {
    trim(text);
    text.push_back('\n');
    for (column_ = 0; column_ < indent_; ++column_) text.push_back(' ');
  }
  static void trim(text_buffer& text) {
    while (text.size() > 0 && text.view().back() == ' ') text.shrink(text.size() - 1);
  }

  std::string whole_;
  std::size_t indent_ = 0;
  std::size_t width_ = 0;
  std::size_t column_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
