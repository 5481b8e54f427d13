// SPDX-License-Identifier: MIT
// Regular expressions in time proportional to input times pattern: all alternatives are followed at the same time.
#pragma once

#include <fapilog/detail/regex/regex_syntax.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/utf8.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// A pattern of literals, `.` (any character), classes (`[a-z]`, `[^.]`, `\d \w \s` and their opposites), `^ $ \b \B`, groups,
/// alternation, `* + ? {2,5}` and a leading `(?i)`, which ignores the case of ASCII letters. Characters are code points; an
/// ill-formed byte counts as U+FFFD. There are no references to groups and no lookahead or lookbehind.
/// Thread: any; it is immutable.
class linear_regex {
 public:
  /// Maximum steps of a compiled pattern. A counted repetition is expanded to its maximum.
  static constexpr std::size_t max_steps = 5000;

  /// Throws: pattern_error if the pattern is invalid or needs more than `max_steps`.
  explicit linear_regex(std::string_view pattern) {
    regex_detail::parser parsed{pattern};
    compile(parsed, parsed.root);
    put({.what = op::match});
    classes_ = std::move(parsed.classes);
  }

  /// True if the whole string matches. Throws: std::bad_alloc.
  [[nodiscard]] bool matches(std::string_view text) const {
    threads now{program_.size()};
    threads next{program_.size()};
    std::vector<std::uint32_t> pending;
    position at{.before = none, .after = first_of(text)};
    follow(now, 0, at, pending);
    while (!text.empty() && !now.list.empty()) {
      code_point const point = decode_utf8(text);
      text.remove_prefix(point.size);
      at = {.before = point.value, .after = first_of(text)};
      next.clear();
      for (std::uint32_t const i : now.list) {
        step const& s = program_[i];
        if (s.what == op::chars && classes_[s.first].has(point.value)) follow(next, i + 1, at, pending);
      }
      std::swap(now, next);
    }
    if (!text.empty()) return false;
    for (std::uint32_t const i : now.list) {
      if (program_[i].what == op::match) return true;
    }
    return false;
  }

 private:
  enum class op : std::uint8_t { chars, split, jump, begin, end, boundary, no_boundary, match };
  /// `first` is a class or the next step; `second` is the other branch of a split.
  struct step {
    op what;
    std::uint32_t first = 0;
    std::uint32_t second = 0;
  };
  static constexpr std::uint32_t none = 0xFFFFFFFF;

  /// The code points on both sides of the current position.
  struct position {
    std::uint32_t before;
    std::uint32_t after;

    [[nodiscard]] bool is_boundary() const noexcept { return is_word(before) != is_word(after); }
    [[nodiscard]] static bool is_word(std::uint32_t point) noexcept {
      return point < 0x80 && (is_ascii_alphanumeric(static_cast<char>(point)) || point == '_');
    }
  };

  /// The set of active steps, in no particular order.
  struct threads {
    explicit threads(std::size_t size) : where(size, none) {}
    std::vector<std::uint32_t> list;
    std::vector<std::uint32_t> where;  ///< index in `seen` if the entry there is the step itself
    std::vector<std::uint32_t> seen;

    void clear() noexcept {
      list.clear();
      seen.clear();
    }
    bool visit(std::uint32_t i) {
      if (where[i] < seen.size() && seen[where[i]] == i) return false;
      where[i] = static_cast<std::uint32_t>(seen.size());
      seen.push_back(i);
      return true;
    }
  };

  static std::uint32_t first_of(std::string_view text) noexcept {
    return text.empty() ? none : decode_utf8(text).value;
  }

  /// Adds step `from` and all steps that are reachable from it without consuming a character.
  void follow(threads& to, std::uint32_t from, position const& at,
              std::vector<std::uint32_t>& pending) const {
    pending.assign(1, from);
    while (!pending.empty()) {
      std::uint32_t const i = pending.back();
      pending.pop_back();
      if (!to.visit(i)) continue;
      step const& s = program_[i];
      bool passes = false;
      switch (s.what) {
        case op::chars:
        case op::match: to.list.push_back(i); break;
        case op::split: pending.push_back(s.second); [[fallthrough]];
        case op::jump: pending.push_back(s.first); break;
        case op::begin: passes = at.before == none; break;
        case op::end: passes = at.after == none; break;
        case op::boundary: passes = at.is_boundary(); break;
        case op::no_boundary: passes = !at.is_boundary(); break;
      }
      if (passes) pending.push_back(i + 1);
    }
  }

  std::size_t put(step s) {
    if (program_.size() >= max_steps)
      throw pattern_error{"it is too large once its repetitions are written out"};
    program_.push_back(s);
    return program_.size() - 1;
  }
  [[nodiscard]] std::uint32_t here() const noexcept { return static_cast<std::uint32_t>(program_.size()); }

  void compile(regex_detail::parser const& all, std::size_t index) {
    using regex_detail::node_kind;
    // Repetitions of nodes without steps would not be limited by the size of the program.
    if (++visits_ > 4 * max_steps)
      throw pattern_error{"it is too large once its repetitions are written out"};
    regex_detail::node const& n = all.nodes[index];
    switch (n.kind) {
      case node_kind::empty: break;
      case node_kind::chars: put({.what = op::chars, .first = static_cast<std::uint32_t>(n.chars)}); break;
      case node_kind::begin: put({.what = op::begin}); break;
      case node_kind::end: put({.what = op::end}); break;
      case node_kind::boundary: put({.what = op::boundary}); break;
      case node_kind::no_boundary: put({.what = op::no_boundary}); break;
      case node_kind::sequence:
        for (std::size_t const part : n.parts) compile(all, part);
        break;
      case node_kind::choice: compile_choice(all, n); break;
      case node_kind::repeat: compile_repeat(all, n); break;
    }
  }

  void compile_choice(regex_detail::parser const& all, regex_detail::node const& n) {
    std::vector<std::size_t> ends;
    for (std::size_t i = 0; i < n.parts.size(); ++i) {
      bool const is_last = i + 1 == n.parts.size();
      std::size_t const split = is_last ? 0 : put({.what = op::split, .first = here() + 1});
      compile(all, n.parts[i]);
      if (is_last) break;
      ends.push_back(put({.what = op::jump}));
      program_[split].second = here();
    }
    for (std::size_t const end : ends) program_[end].first = here();
  }

  void compile_repeat(regex_detail::parser const& all, regex_detail::node const& n) {
    for (std::uint32_t i = 0; i < n.min; ++i) compile(all, n.parts[0]);
    if (n.max == regex_detail::endless) {
      std::uint32_t const loop = here();
      std::size_t const split = put({.what = op::split, .first = loop + 1});
      compile(all, n.parts[0]);
      put({.what = op::jump, .first = loop});
      program_[split].second = here();
      return;
    }
    std::vector<std::size_t> ways_out;
    for (std::uint32_t i = n.min; i < n.max; ++i) {
      ways_out.push_back(put({.what = op::split, .first = here() + 1}));
      compile(all, n.parts[0]);
    }
    for (std::size_t const way : ways_out) program_[way].second = here();
  }

  std::vector<step> program_;
  std::vector<regex_detail::char_class> classes_;
  std::size_t visits_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
