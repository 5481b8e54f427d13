// SPDX-License-Identifier: MIT
// An argument for fmt that formats NaN and infinities right in programs built with -ffast-math, too.
#pragma once

#include <fapilog/detail/float_kind.hpp>
#include <fapilog/detail/text/fmt.hpp>

#include <cstddef>
#include <string_view>
#include <type_traits>

namespace fapilog::inline v0_1::detail {

/// A number for which fmt would fail an assertion if the compiler believes that there are none such.
struct non_finite_number {
  bool is_nan = false;
  bool is_negative = false;
};

/// The four of them, since fmt refers to its arguments.
inline constexpr non_finite_number non_finite_numbers[] = {
    {false, false}, {false, true}, {true, false}, {true, true}};

/// `value` as fmt takes it. It may refer to `value`.
template <class T>
[[nodiscard]] fmt::basic_format_arg<fmt::format_context> fmt_argument(T const& value) {
  // fmt's own dynamic_format_arg_store would include fmt/format.h, which compiles all of fmt's formatters again.
  auto const first = [](auto const& known) { return fmt::format_args{fmt::make_format_args(known)}.get(0); };
  if constexpr (std::is_floating_point_v<T>) {
    if (float_kind const kind = kind_of_float(value); kind != float_kind::finite) {
      bool const is_nan = kind == float_kind::nan;
      return first(non_finite_numbers[(is_nan ? 2 : 0) + (is_negative_float(value) ? 1 : 0)]);
    }
  }
  return first(value);
}

}  // namespace fapilog::inline v0_1::detail

/// Takes fmt's specifications of floating-point numbers: fill, alignment, sign, width and upper case count here.
template <>
struct fmt::formatter<fapilog::detail::non_finite_number> {
  template <class Context>
  constexpr auto parse(Context& context) {
    auto at = context.begin();
    auto const end = context.end();
    auto const is_align = [](char c) { return c == '<' || c == '>' || c == '^'; };
    if (at != end && *at != '}') {
      auto const first = static_cast<unsigned char>(*at);
      int const bytes = first < 0x80   ? 1
                        : first < 0xE0 ? 2
                        : first < 0xF0 ? 3
                                       : 4;  // of the fill, one code point
      if (end - at > bytes && is_align(at[bytes])) {
        (void)put(at, bytes, fill_);
        at += bytes;
        fill_bytes_ = bytes;
      }
    }
    bool const is_aligned = at != end && is_align(*at);
    if (is_aligned) align_ = *at++;
    if (at != end && (*at == '+' || *at == ' ' || *at == '-')) sign_ = *at++;
    if (at != end && *at == '#') ++at;
    if (at != end && *at == '0') {
      if (!is_aligned) align_ = '>';
      ++at;
    }
    at = parse_number(context, at, end, width_, width_id_);
    if (at != end && *at == '.') at = parse_number(context, at + 1, end, ignored_, ignored_);
    for (; at != end && *at != '}'; ++at)
      is_upper_ = is_upper_ || *at == 'A' || *at == 'E' || *at == 'F' || *at == 'G';
    return at;
  }

  template <class Context>
  auto format(fapilog::detail::non_finite_number const& number, Context& context) const {
    char text[4] = {};
    std::size_t size = 0;
    if (number.is_negative || sign_ == '+' || sign_ == ' ') text[size++] = number.is_negative ? '-' : sign_;
    std::string_view const word = number.is_nan ? is_upper_ ? "NAN" : "nan" : is_upper_ ? "INF" : "inf";
    size += word.copy(text + size, 3);
    std::size_t const width =
        width_id_ < 0 ? static_cast<std::size_t>(width_) : width_of(context.arg(width_id_));
    std::size_t const padding = width > size ? width - size : 0;
    std::size_t const before = align_ == '<' ? 0 : align_ == '^' ? padding / 2 : padding;
    auto out = put_fill(context.out(), before);
    out = put(text, static_cast<int>(size), out);
    return put_fill(out, padding - before);
  }

 private:
  /// As std::copy_n: <algorithm> would add 13,000 preprocessed lines to every file that logs.
  template <class Iterator, class Out>
  static constexpr Out put(Iterator from, int count, Out out) {
    for (; count != 0; --count) *out++ = *from++;
    return out;
  }
  /// Reads a width or precision: digits, or `{}` or `{2}` for the number that an argument has.
  template <class Context, class Iterator>
  static constexpr Iterator parse_number(Context& context, Iterator at, Iterator end, int& number, int& id) {
    auto const digits = [&](int& value) {
      for (value = 0; at != end && *at >= '0' && *at <= '9' && value < 100'000; ++at)
        value = value * 10 + (*at - '0');
    };
    if (at != end && *at == '{') {
      ++at;
      if (at != end && *at == '}') id = context.next_arg_id();
      else digits(id);
      if (at != end) ++at;
    } else {
      digits(number);
    }
    return at;
  }
  template <class Argument>
  static std::size_t width_of(Argument const& argument) {
    auto const to_width = [](auto const& value) -> std::size_t {
      using type = std::remove_cvref_t<decltype(value)>;
      if constexpr (std::is_integral_v<type>) return value > 0 ? static_cast<std::size_t>(value) : 0;
      else return 0;
    };
    if constexpr (requires { argument.visit(to_width); }) return argument.visit(to_width);
    else return visit_format_arg(to_width, argument);  // found by its argument: fmt 11.1 has it no longer
  }
  template <class Out>
  Out put_fill(Out out, std::size_t count) const {
    for (; count != 0; --count) out = put(fill_, fill_bytes_, out);
    return out;
  }

  char fill_[4] = {' '};
  int fill_bytes_ = 1;
  char align_ = '<';
  char sign_ = '-';
  bool is_upper_ = false;
  int width_ = 0;
  int width_id_ = -1;
  int ignored_ = 0;
};
