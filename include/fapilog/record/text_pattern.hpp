// SPDX-License-Identifier: MIT
// The pattern of a readable line, such as `{time:%H:%M:%S.%e} {level:<8} {logger}: {message} {fields}`, as a list of steps.
#pragma once

#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/detail/text/utf8.hpp>
#include <fapilog/record/pattern_time.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// What a step of a pattern writes.
enum class pattern_part : std::uint8_t {
  literal,
  time,
  level,
  level_letter,
  level_lower,
  logger,
  message,
  fields,
  field,
  exception,
  thread,
  file,
  path,
  line,
  function,
  source,
  message_id,
  elapsed,
  since_last,
  colour,
  plain,
};

struct pattern_step {
  pattern_part part = pattern_part::literal;
  char align = '<';           ///< `<`, `>` or `^`
  std::size_t min_width = 0;  ///< in characters; shorter text is filled up
  std::size_t max_width = 0;  ///< in characters; longer text is cut. 0: no limit
  std::string fill = " ";     ///< one character
  std::string text = {};      ///< a literal, the format of a time, or the path of a field
  std::size_t position = 0;   ///< in the pattern
};

/// A compiled pattern, or an error message.
struct text_pattern {
  vector<pattern_step> steps;
  std::string problem;  ///< empty if the pattern is valid

  [[nodiscard]] bool has(pattern_part part) const noexcept {
    for (pattern_step const& step : steps) {
      if (step.part == part) return true;
    }
    return false;
  }
};

/// Compiles patterns. A part is `{name}` or `{name:spec}`; `{{` and `}}` are braces.
class pattern_compiler {
 public:
  /// Returns the steps, or a message with the position (from 1) of what is wrong. Throws: std::bad_alloc.
  [[nodiscard, gnu::cold]] static text_pattern compile(std::string_view pattern) {
    pattern_compiler compiler{pattern};
    compiler.run();
    if (!compiler.result_.problem.empty()) compiler.result_.steps.clear();
    return std::move(compiler.result_);
  }

 private:
  explicit pattern_compiler(std::string_view pattern) : pattern_(pattern) {}

  struct name {
    std::string_view text;
    pattern_part part;
    std::string_view path;  ///< of a field
  };
  static constexpr std::array<name, 28> names{{
      {"time", pattern_part::time, {}},
      {"level", pattern_part::level, {}},
      {"level_letter", pattern_part::level_letter, {}},
      {"level_lower", pattern_part::level_lower, {}},
      {"logger", pattern_part::logger, {}},
      {"message", pattern_part::message, {}},
      {"fields", pattern_part::fields, {}},
      {"field", pattern_part::field, {}},
      {"exception", pattern_part::exception, {}},
      {"thread", pattern_part::thread, {}},
      {"process", pattern_part::field, "diagnostics.pid"},
      {"thread_name", pattern_part::field, "diagnostics.thread_name"},
      {"file", pattern_part::file, {}},
      {"path", pattern_part::path, {}},
      {"line", pattern_part::line, {}},
      {"function", pattern_part::function, {}},
      {"source", pattern_part::source, {}},
      {"message_id", pattern_part::message_id, {}},
      {"elapsed", pattern_part::elapsed, {}},
      {"since_last", pattern_part::since_last, {}},
      {"colour", pattern_part::colour, {}},
      {"plain", pattern_part::plain, {}},
      {"trace_id", pattern_part::field, "context.trace_id"},
      {"span_id", pattern_part::field, "context.span_id"},
      {"request_id", pattern_part::field, "context.request_id"},
      {"correlation_id", pattern_part::field, "context.correlation_id"},
      {"user_id", pattern_part::field, "context.user_id"},
      {"tenant_id", pattern_part::field, "context.tenant_id"},
  }};

  [[gnu::cold]] void run() {
    std::string literal;
    std::size_t literal_at = 0;
    auto const flush = [&] {
      if (!literal.empty())
        result_.steps.push_back({.text = std::exchange(literal, {}), .position = literal_at});
    };
    if (pattern_.empty()) return fail(0, "the pattern is empty");
    for (std::size_t i = 0; i < pattern_.size() && result_.problem.empty();) {
      char const c = pattern_[i];
      if ((c == '{' || c == '}') && i + 1 < pattern_.size() && pattern_[i + 1] == c) {
        if (literal.empty()) literal_at = i;
        literal.push_back(c);
        i += 2;
      } else if (c == '}') {
        fail(i, "'}' without '{'; write }} for the character itself");
      } else if (c == '{') {
        flush();
        std::size_t const end = pattern_.find_first_of("{}", i + 1);
        if (end == std::string_view::npos || pattern_[end] == '{')
          return fail(i, "'{' without '}'; write {{ for the character itself");
        add_part(i + 1, pattern_.substr(i + 1, end - i - 1));
        i = end + 1;
      } else {
        code_point const point = decode_utf8(pattern_.substr(i));
        if (!point.ok) return fail(i, "this is not UTF-8");
        if (is_control(point.value) && c != '\t')
          return fail(
              i, "control characters are not allowed: a record is one line, and {colour} is for colours");
        if (literal.empty()) literal_at = i;
        literal.append(pattern_.substr(i, point.size));
        i += point.size;
      }
    }
    flush();
  }

  [[gnu::cold]] void add_part(std::size_t at, std::string_view inside) {
    std::string_view const word = inside.substr(0, inside.find(':'));
    std::string_view spec = inside.substr(word.size());
    if (!spec.empty()) spec.remove_prefix(1);
    std::size_t spec_at = at + inside.size() - spec.size();
    for (name const& known : names) {
      if (known.text != word) continue;
      pattern_step step{.part = known.part, .text = std::string{known.path}, .position = at};
      if (known.part == pattern_part::time) return add_time(std::move(step), spec_at, spec);
      if (known.text == "field") {
        std::string_view const path = spec.substr(0, spec.find(':'));
        if (path.empty() || path.front() == '.' || path.back() == '.' ||
            path.find("..") != std::string_view::npos) {
          return fail(spec_at,
                      "the name of a field is missing or has an empty part; write {field:user_id} or "
                      "{field:user.name}");
        }
        step.text = path;
        spec.remove_prefix(path.size());
        if (!spec.empty()) spec.remove_prefix(1);
        spec_at = at + inside.size() - spec.size();
      }
      if (!spec.empty() && (known.part == pattern_part::colour || known.part == pattern_part::plain))
        return fail(spec_at, "{colour} and {plain} have no width");
      return add_aligned(std::move(step), spec_at, spec);
    }
    std::string list;
    for (name const& known : names) list.append(list.empty() ? "" : ", ").append(known.text);
    fail(at, concat({"there is no part '", word, "'; the parts are ", list}));
  }

  [[gnu::cold]] void add_time(pattern_step step, std::size_t at, std::string_view format) {
    if (std::size_t const wrong = wrong_time_letter(format); wrong != std::string_view::npos) {
      return fail(at + wrong, concat({"the format of a time has '", format.substr(wrong, 2),
                                      "'; the letters after % are ", time_format_letters}));
    }
    for (std::size_t i = 0; i < format.size(); ++i) {
      code_point const point = decode_utf8(format.substr(i));
      if (!point.ok || is_control(point.value)) return fail(at + i, "control characters are not allowed");
      i += point.size - 1;
    }
    step.text = format;
    result_.steps.push_back(std::move(step));
  }

  /// `[[fill]align][width][.max]`, as in fmt.
  [[gnu::cold]] void add_aligned(pattern_step step, std::size_t at, std::string_view spec) {
    std::string_view const whole = spec;
    auto const is_align = [](char c) { return c == '<' || c == '>' || c == '^'; };
    if (!spec.empty()) {
      code_point const first = decode_utf8(spec);
      if (first.ok && !is_control(first.value) && first.size < spec.size() && is_align(spec[first.size])) {
        step.fill = spec.substr(0, first.size);
        step.align = spec[first.size];
        spec.remove_prefix(first.size + 1);
      } else if (is_align(spec.front())) {
        step.align = spec.front();
        spec.remove_prefix(1);
      }
    }
    bool const has_width = take_number(spec, step.min_width);
    if (!spec.empty() && spec.front() == '.') {
      spec.remove_prefix(1);
      if (!take_number(spec, step.max_width) || step.max_width == 0) spec = whole;
    } else if (!has_width && !whole.empty()) {
      spec = whole;
    }
    constexpr std::size_t widest = 1'000;
    if (!spec.empty() || step.min_width > widest || step.max_width > widest) {
      return fail(at, concat({"'", whole,
                              "' is no width; write {logger:<12} (left), {logger:>12} (right), "
                              "{logger:^12} (centred) or {logger:.12} (at most), up to 1000"}));
    }
    result_.steps.push_back(std::move(step));
  }

  static bool take_number(std::string_view& text, std::size_t& number) noexcept {
    std::size_t digits = 0;
    for (; digits < text.size() && digits < 5 && is_ascii_digit(text[digits]); ++digits)
      number = number * 10 + static_cast<std::size_t>(text[digits] - '0');
    text.remove_prefix(digits);
    return digits > 0;
  }

  [[gnu::cold]] void fail(std::size_t at, std::string_view what) {
    if (result_.problem.empty()) {
      result_.problem = concat({"at character ", std::to_string(at + 1), ": ", what});
    }
  }

  std::string_view pattern_;
  text_pattern result_;
};

}  // namespace fapilog::inline v0_1::detail
