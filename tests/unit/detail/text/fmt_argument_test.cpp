// SPDX-License-Identifier: MIT
// Arguments for fmt: NaN and infinities are formatted as fmt does in a program without -ffast-math.
#include "support/catch.hpp"

#include <fapilog/detail/text/fmt_argument.hpp>

#include <fmt/format.h>

#include <limits>
#include <string>
#include <vector>

namespace {

std::string formatted_argument(std::string const& format, double number, int width) {
  fmt::basic_format_arg<fmt::format_context> const all[] = {fapilog::detail::fmt_argument(number),
                                                            fapilog::detail::fmt_argument(width)};
  return fmt::vformat(format, fmt::format_args{all, 2});
}

}  // namespace

TEST_CASE("NaN and infinities have fmt's fill, alignment, sign, width and case") {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  for (std::string const format :
       {"{}",    "{:}",     "{:.1f}", "{:8}",    "{:<8}|",       "{:^8}|",    "{:>8}",    "{:+}",
        "{: }",  "{:-}",    "{:#}",   "{:08}",   "{:+08.3f}",    "{:*<8}",    "{:é^9.2}", "{:€>7E}",
        "{:G}",  "{:A}",    "{:a}",   "{:F}",    "{:1}",         "{:.0e}",    "{:L}",     "{:8L}",
        "{:{}}", "{:<{}}|", "{:.{}}", "{0:{1}}", "{0:{1}.{1}f}", "{:.1f}>{}", "{:x>{}}"}) {
    for (double const number : {infinity, -infinity, nan, -nan, 1.5}) {
      CAPTURE(format, number);
      CHECK(formatted_argument(format, number, 9) == fmt::format(fmt::runtime(format), number, 9));
    }
  }
}
