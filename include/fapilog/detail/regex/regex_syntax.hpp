// SPDX-License-Identifier: MIT
// Parses the pattern of a regular expression for `linear_regex`, with an error message for anything else.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/utf8.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// An invalid pattern; `what()` has the reason and the position.
class pattern_error : public std::invalid_argument {
 public:
  using std::invalid_argument::invalid_argument;
};

namespace regex_detail {

struct range {
  std::uint32_t first;
  std::uint32_t last;
};

/// A set of code points.
struct char_class {
  std::vector<range> ranges = {};
  bool negated = false;

  [[nodiscard]] bool has(std::uint32_t point) const noexcept {
    bool const in = std::any_of(ranges.begin(), ranges.end(),
                                [point](range const& r) { return point >= r.first && point <= r.last; });
    return in != negated;
  }
  void add(char_class const& other) {
    std::vector<range> const all = other.negated ? other.outside() : other.ranges;
    ranges.insert(ranges.end(), all.begin(), all.end());
  }
  /// Adds the other case of each ASCII letter.
  void fold() {
    for (std::size_t i = 0, count = ranges.size(); i < count; ++i) {
      range const r = ranges[i];
      auto const also = [this](std::uint32_t first, std::uint32_t last, std::int32_t shift) {
        if (first > last) return;
        ranges.push_back({static_cast<std::uint32_t>(static_cast<std::int32_t>(first) + shift),
                          static_cast<std::uint32_t>(static_cast<std::int32_t>(last) + shift)});
      };
      also((std::max<std::uint32_t>)(r.first, 'a'), (std::min<std::uint32_t>)(r.last, 'z'), 'A' - 'a');
      also((std::max<std::uint32_t>)(r.first, 'A'), (std::min<std::uint32_t>)(r.last, 'Z'), 'a' - 'A');
    }
  }

 private:
  [[nodiscard]] std::vector<range> outside() const {
    std::vector<range> sorted = ranges;
    std::sort(sorted.begin(), sorted.end(), [](range a, range b) { return a.first < b.first; });
    std::vector<range> gaps;
    std::uint32_t next = 0;
    for (range const& r : sorted) {
      if (r.first > next) gaps.push_back({next, r.first - 1});
      next = (std::max)(next, r.last + 1);
    }
    gaps.push_back({next, (std::numeric_limits<std::uint32_t>::max)()});
    return gaps;
  }
};

enum class node_kind : std::uint8_t {
  empty,
  chars,
  begin,
  end,
  boundary,
  no_boundary,
  sequence,
  choice,
  repeat
};

/// One node of the parsed pattern.
struct node {
  node_kind kind = node_kind::empty;
  std::size_t chars = 0;  ///< index of the class
  std::vector<std::size_t> parts = {};
  std::uint32_t min = 0;
  std::uint32_t max = 0;  ///< `endless` if unlimited
};
inline constexpr std::uint32_t endless = (std::numeric_limits<std::uint32_t>::max)();
inline constexpr std::uint32_t max_repeats = 1000;
inline constexpr std::size_t max_depth = 100;

/// Parses a pattern into nodes.
class parser {
 public:
  explicit parser(std::string_view pattern) : pattern_(pattern) {
    if (pattern_.substr(0, 4) == "(?i)") {
      folds_ = true;
      at_ = 4;
    }
    root = choice(0);
    if (at_ != pattern_.size()) fail("a ')' without its '('");
  }

  std::vector<node> nodes;
  std::vector<char_class> classes;
  std::size_t root = 0;

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw pattern_error{std::string{what} + " (at character " + std::to_string(at_ + 1) + ")"};
  }
  [[nodiscard]] bool more() const noexcept { return at_ < pattern_.size(); }
  [[nodiscard]] bool next_is(char c) const noexcept { return more() && pattern_[at_] == c; }
  bool take(char c) noexcept {
    if (!next_is(c)) return false;
    ++at_;
    return true;
  }
  std::uint32_t take_point() {
    code_point const point = decode_utf8(pattern_.substr(at_));
    if (!point.ok) fail("bytes that are not UTF-8");
    at_ += point.size;
    return point.value;
  }
  std::size_t add(node n) {
    nodes.push_back(std::move(n));
    return nodes.size() - 1;
  }
  std::size_t add_class(char_class set) {
    if (folds_) set.fold();
    classes.push_back(std::move(set));
    return add({.kind = node_kind::chars, .chars = classes.size() - 1});
  }

  std::size_t choice(std::size_t depth) {
    node all{.kind = node_kind::choice};
    all.parts.push_back(sequence(depth));
    while (take('|')) all.parts.push_back(sequence(depth));
    return all.parts.size() == 1 ? all.parts[0] : add(std::move(all));
  }

  std::size_t sequence(std::size_t depth) {
    node all{.kind = node_kind::sequence};
    while (more() && !next_is('|') && !next_is(')')) all.parts.push_back(repeated(atom(depth)));
    return add(std::move(all));
  }

  std::size_t repeated(std::size_t what) {
    if (!more()) return what;
    node n{.kind = node_kind::repeat, .parts = {what}};
    if (!take_repetition(n)) return what;
    take('?');  // lazy: the same strings match
    if (node again; take_repetition(again)) fail("a repetition of a repetition");
    return add(std::move(n));
  }
  bool take_repetition(node& n) {
    n.max = endless;
    if (take('*')) return true;
    if (take('+')) {
      n.min = 1;
      return true;
    }
    if (take('?')) {
      n.max = 1;
      return true;
    }
    return take_count(n);
  }

  /// Parses `{3}`, `{3,}`, `{,3}` or `{3,5}`. Any other brace is a character.
  bool take_count(node& n) {
    if (!next_is('{')) return false;
    std::size_t const before = at_++;
    bool const has_min = number(n.min);
    bool has_max = false;
    if (take(',')) {
      has_max = number(n.max);
      if (!has_max) n.max = endless;
    } else {
      n.max = n.min;
    }
    if (!take('}') || (!has_min && !has_max)) {
      at_ = before;
      return false;
    }
    if (n.min > max_repeats || (n.max != endless && n.max > max_repeats)) fail("a count above 1000");
    if (n.min > n.max) fail("a count that ends before it begins");
    return true;
  }
  bool number(std::uint32_t& value) {
    std::size_t const before = at_;
    value = 0;
    for (; more() && is_ascii_digit(pattern_[at_]); ++at_) {
      value = (std::min)(value * 10 + static_cast<std::uint32_t>(pattern_[at_] - '0'), max_repeats + 1);
    }
    return at_ != before;
  }

  std::size_t atom(std::size_t depth) {
    switch (pattern_[at_]) {
      case '(': return group(depth + 1);
      case '[': ++at_; return add_class(bracket());
      case '\\': ++at_; return escape();
      case '.': ++at_; return add_class({.ranges = {}, .negated = true});
      case '^': ++at_; return add({.kind = node_kind::begin});
      case '$': ++at_; return add({.kind = node_kind::end});
      case '*':
      case '+':
      case '?': fail("a repetition of nothing");
      default: {
        std::uint32_t const point = take_point();
        return add_class({.ranges = {{point, point}}});
      }
    }
  }

  std::size_t group(std::size_t depth) {
    if (depth > max_depth) fail("groups nested deeper than 100");
    ++at_;
    if (next_is('?')) {
      std::string_view const rest = pattern_.substr(at_);
      if (!rest.starts_with("?:")) {
        bool const looks = rest.starts_with("?=") || rest.starts_with("?!") || rest.starts_with("?<=") ||
                           rest.starts_with("?<!");
        fail(looks
                 ? "looking ahead or behind is not supported"
                 : "of the groups that begin with '(?' only (?:...) is supported, and (?i) at the beginning");
      }
      at_ += 2;
    }
    std::size_t const inside = choice(depth);
    if (!take(')')) fail("a '(' without its ')'");
    return inside;
  }

  /// The class of `\d`, `\w`, `\s` and their opposites. Returns false for any other letter.
  static bool class_of(char c, char_class& set) {
    switch (c) {
      case 'd':
      case 'D': set.ranges = {{'0', '9'}}; break;
      case 'w':
      case 'W': set.ranges = {{'a', 'z'}, {'A', 'Z'}, {'0', '9'}, {'_', '_'}}; break;
      case 's':
      case 'S': set.ranges = {{'\t', '\r'}, {' ', ' '}}; break;
      default: return false;
    }
    set.negated = c < 'a';
    return true;
  }

  std::size_t escape() {
    if (!more()) fail("a backslash at the end");
    char const c = pattern_[at_];
    if (c == 'b' || c == 'B') {
      ++at_;
      return add({.kind = c == 'b' ? node_kind::boundary : node_kind::no_boundary});
    }
    if ((c >= '1' && c <= '9') || c == 'k') fail("references to groups are not supported");
    char_class set;
    if (class_of(c, set)) {
      ++at_;
      return add_class(std::move(set));
    }
    std::uint32_t const point = escaped_point();
    return add_class({.ranges = {{point, point}}});
  }

  /// The character after a backslash.
  std::uint32_t escaped_point() {
    char const c = pattern_[at_];
    if (!is_ascii_alphanumeric(c)) return take_point();
    ++at_;
    switch (c) {
      case 't': return '\t';
      case 'n': return '\n';
      case 'r': return '\r';
      case 'f': return '\f';
      case 'v': return '\v';
      case 'x': return hex_digit() * 16 + hex_digit();
      default: --at_; fail("an escape that is not known");
    }
  }
  std::uint32_t hex_digit() {
    int const value = more() ? hex_value(pattern_[at_]) : -1;
    if (value < 0) fail("\\x without two hexadecimal digits");
    ++at_;
    return static_cast<std::uint32_t>(value);
  }

  /// Reads one end of a range, or a named class. Returns false for a class.
  bool bracket_item(char_class& set, std::uint32_t& point) {
    if (!take('\\')) {
      point = take_point();
      return true;
    }
    if (!more()) fail("a backslash at the end");
    char_class named;
    if (class_of(pattern_[at_], named)) {
      ++at_;
      set.add(named);
      return false;
    }
    point = escaped_point();
    return true;
  }

  char_class bracket() {
    char_class set;
    set.negated = take('^');
    bool const negated = std::exchange(set.negated, false);
    bool first = true;
    while (more() && (first || !next_is(']'))) {
      first = false;
      if (pattern_.substr(at_, 2) == "[:") fail("classes such as [:alpha:] are not supported");
      std::uint32_t low = 0;
      if (!bracket_item(set, low)) continue;
      std::uint32_t high = low;
      if (next_is('-') && at_ + 1 < pattern_.size() && pattern_[at_ + 1] != ']') {
        ++at_;
        if (!bracket_item(set, high)) fail("a range that ends with a class");
        if (high < low) fail("a range that ends before it begins");
      }
      set.ranges.push_back({low, high});
    }
    if (!take(']')) fail("a '[' without its ']'");
    if (folds_) set.fold();
    set.negated = negated;
    return set;
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  bool folds_ = false;
};

}  // namespace regex_detail
}  // namespace fapilog::inline v0_1::detail
