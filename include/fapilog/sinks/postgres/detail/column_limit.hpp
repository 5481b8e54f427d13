// SPDX-License-Identifier: MIT
// What the columns of an existing table accept: their length, NULL, and the characters of the database's encoding.
#pragma once

#include <fapilog/detail/text/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::detail::pg {

struct column_limit {
  static constexpr std::uint32_t unlimited = (std::numeric_limits<std::uint32_t>::max)();

  std::uint32_t max_characters = unlimited;  ///< of a string
  bool is_not_null = false;
  bool is_left_out = false;  ///< the table lacks the column, or it has another type there: it is not written
};

/// Thread: any, for reading.
struct table_limits {
  std::vector<column_limit> columns =
      {};  ///< in the order of the columns; empty if the table was not read yet
  std::uint32_t max_code_point = 0x10'FFFF;  ///< every character up to it exists in the database's encoding
  bool counts_bytes = false;                 ///< the database measures strings in bytes, not in characters

  [[nodiscard]] column_limit of(std::size_t column) const noexcept {
    return column < columns.size() ? columns[column] : column_limit{};
  }

  /// Number of bytes at the beginning of `text` that a column with this limit holds. The server ignores spaces behind them.
  [[nodiscard]] std::size_t fitting_bytes(std::string_view text, column_limit limit) const noexcept {
    std::size_t const max = limit.max_characters;
    if (text.size() <= max) return text.size();
    std::size_t at = 0;
    for (std::size_t characters = 0; at < text.size(); ++characters) {
      std::size_t next = at + 1;
      while (next < text.size() && is_utf8_continuation(text[next])) ++next;
      if (counts_bytes ? next > max : characters == max) break;
      at = next;
    }
    return text.find_first_not_of(' ', at) == std::string_view::npos ? text.size() : at;
  }
};

inline table_limits const no_limits{};

}  // namespace fapilog::inline v0_1::detail::pg
