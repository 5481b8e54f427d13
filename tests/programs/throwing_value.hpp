// SPDX-License-Identifier: MIT
// A value whose encoding and formatting throw, in a file with exceptions.
#pragma once

#include <fapilog/logger.hpp>

[[noreturn]] void throw_from_elsewhere();

struct throwing_value {};
inline void to_log(fapilog::object_writer& /*to*/, throwing_value const& /*value*/) {
  throw_from_elsewhere();
}

struct throwing_format {};

template <>
struct fmt::formatter<throwing_format> {
  constexpr auto parse(fmt::format_parse_context& context) { return context.begin(); }
  template <class Context>
  auto format(throwing_format const& /*value*/, Context& context) const -> decltype(context.out()) {
    throw_from_elsewhere();
    return context.out();
  }
};
