// SPDX-License-Identifier: MIT
// Splits the text of a JSON object or array into its parts without a copy.
#pragma once

#include <fapilog/detail/text/find_quote.hpp>
#include <fapilog/detail/text/utf8.hpp>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <vector>

namespace fapilog::inline v0_1::detail::json {

/// A member in its original text: the key with quotes and escapes, the value with brackets or quotes.
struct text_member {
  std::string_view key;
  std::string_view value;
};

namespace parts_detail {

inline constexpr std::size_t none = std::string_view::npos;

[[nodiscard]] inline std::size_t skip_space(std::string_view text, std::size_t at) noexcept {
  while (at < text.size() && (text[at] == ' ' || text[at] == '\t' || text[at] == '\n' || text[at] == '\r'))
    ++at;
  return at;
}

/// The end of the string that begins at `at`, or `none`.
[[nodiscard]] inline std::size_t skip_string(std::string_view text, std::size_t at) noexcept {
  if (at >= text.size() || text[at] != '"') return none;
  while (true) {
    at = find_quote_or_backslash(text, at + 1);
    if (at >= text.size()) return none;
    if (text[at] == '"') return at + 1;
    if (++at >= text.size()) return none;  // the character behind the backslash
  }
}

/// The end of the value that begins at `at`, or `none`. Checks only strings and brackets.
[[nodiscard]] inline std::size_t skip_value(std::string_view text, std::size_t at) noexcept {
  std::size_t depth = 0;
  for (std::size_t const begin = at; at < text.size();) {
    char const c = text[at];
    if (c == '"') {
      at = skip_string(text, at);
      if (at == none || depth == 0) return at;
      continue;
    }
    if (c == '{' || c == '[') ++depth;
    if (c == '}' || c == ']') {
      if (depth == 0) return at > begin ? at : none;
      if (--depth == 0) return at + 1;
    }
    bool const ends_scalar = c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
    if (depth == 0 && ends_scalar) return at > begin ? at : none;
    ++at;
  }
  return none;
}

}  // namespace parts_detail

/// True if the text is one value. Checks only strings and brackets.
[[nodiscard]] inline bool is_whole_value(std::string_view text) noexcept {
  return !text.empty() && parts_detail::skip_value(text, 0) == text.size();
}

/// How `walk_members` ended.
enum class walk_result : std::uint8_t { whole, stopped, invalid };

/// Calls `take(key, at)` for each member of the object that begins at `at`: the key has quotes and escapes, the value begins at
/// `at`. `take` returns the end of the value (`parts_detail::skip_value` finds it), or `parts_detail::none` if there is no end, or
/// sets `stop`. Then `at` is the end of the object if the result is `whole`. Throws: what `take` throws.
template <class Take>
[[nodiscard]] walk_result walk_members(std::string_view text, std::size_t& at, bool const& stop,
                                       Take&& take) {
  using namespace parts_detail;
  if (at >= text.size() || text[at] != '{') return walk_result::invalid;
  at = skip_space(text, at + 1);
  if (at < text.size() && text[at] == '}') {
    ++at;
    return walk_result::whole;
  }
  while (true) {
    std::size_t const key_end = skip_string(text, at);
    if (key_end == none) return walk_result::invalid;
    std::string_view const key = text.substr(at, key_end - at);
    at = skip_space(text, key_end);
    if (at >= text.size() || text[at] != ':') return walk_result::invalid;
    at = take(key, skip_space(text, at + 1));
    if (stop) return walk_result::stopped;
    if (at == none) return walk_result::invalid;
    at = skip_space(text, at);
    if (at >= text.size()) return walk_result::invalid;
    if (text[at] == '}') {
      ++at;
      return walk_result::whole;
    }
    if (text[at] != ',') return walk_result::invalid;
    at = skip_space(text, at + 1);
  }
}

/// Adds the members of the object `text` to `members`, in order. False if it is not an object; then the added members are
/// meaningless. Values are parsed only as far as needed to find their ends. Throws: std::bad_alloc.
[[nodiscard]] inline bool split(std::string_view text, std::vector<text_member>& members) {
  using namespace parts_detail;
  std::size_t at = skip_space(text, 0);
  auto const result = walk_members(text, at, false, [&](std::string_view key, std::size_t begin) {
    std::size_t const end = skip_value(text, begin);
    if (end != none) members.push_back({key, text.substr(begin, end - begin)});
    return end;
  });
  return result == walk_result::whole && skip_space(text, at) == text.size();
}

/// The value of the first member with this key, which is given in quotes; empty if there is none or the text is not an
/// object. Throws: std::bad_alloc.
[[nodiscard]] inline std::string_view find_member(std::string_view object, std::string_view quoted_key) {
  std::vector<text_member> members;
  if (split(object, members)) {
    for (text_member const& m : members) {
      if (m.key == quoted_key) return m.value;
    }
  }
  return {};
}

/// Adds the elements of the array `text` to `elements`, in order. False if it is not an array; then the added elements are
/// meaningless. Throws: std::bad_alloc.
[[nodiscard]] inline bool split_array(std::string_view text, std::vector<std::string_view>& elements) {
  using namespace parts_detail;
  std::size_t at = skip_space(text, 0);
  if (at >= text.size() || text[at] != '[') return false;
  at = skip_space(text, at + 1);
  if (at < text.size() && text[at] == ']') return skip_space(text, at + 1) == text.size();
  while (true) {
    std::size_t const end = skip_value(text, at);
    if (end == none) return false;
    elements.push_back(text.substr(at, end - at));
    at = skip_space(text, end);
    if (at >= text.size()) return false;
    if (text[at] == ']') return skip_space(text, at + 1) == text.size();
    if (text[at] != ',') return false;
    at = skip_space(text, at + 1);
  }
}

/// The number that the text is, if it is an integer of 0 to 2^64 - 1. Throws: never.
[[nodiscard]] inline std::optional<std::uint64_t> unsigned_number(std::string_view text) noexcept {
  std::uint64_t number = 0;
  char const* const end = text.data() + text.size();
  auto const [stop, error] = std::from_chars(text.data(), end, number);
  return error == std::errc{} && stop == end ? std::optional{number} : std::nullopt;
}

/// Returns the longest prefix of a JSON string, opening quote included, that has at most `max_bytes` bytes after the
/// closing quote is appended. Cuts no character and no escape. `max_bytes` must be at least 2. Throws: never.
[[nodiscard]] inline std::string_view clip_string(std::string_view text, std::size_t max_bytes) noexcept {
  if (text.size() <= max_bytes) return text.substr(0, text.size() - 1);
  std::size_t const room = max_bytes - 1;
  std::size_t end = 1;                           // the end of the last complete character
  auto const is_half = [text](std::size_t at) {  // \ud800 to \udbff: the second half follows
    return text[at] == '\\' && text[at + 1] == 'u' && (text[at + 2] | 0x20) == 'd' &&
           (text[at + 3] == '8' || text[at + 3] == '9' || (text[at + 3] | 0x20) == 'a' ||
            (text[at + 3] | 0x20) == 'b');
  };
  auto const size_at = [text](std::size_t at) -> std::size_t {
    if (text[at] == '\\') return text[at + 1] == 'u' ? 6 : 2;
    std::size_t size = 1;
    while (detail::is_utf8_continuation(text[at + size])) ++size;
    return size;
  };
  while (end < text.size() - 1) {
    constexpr std::size_t escape = 6;
    bool const is_pair = end + 2 * escape < text.size() && is_half(end) && text[end + escape] == '\\';
    std::size_t const next = end + (is_pair ? 2 * escape : size_at(end));
    if (next > room) break;
    end = next;
  }
  return text.substr(0, end);
}

}  // namespace fapilog::inline v0_1::detail::json
