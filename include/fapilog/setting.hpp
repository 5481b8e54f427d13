// SPDX-License-Identifier: MIT
// How a configuration aggregate tells of its members, once for reading, checking, schemas and documentation.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1 {

/// How a setting is written where its C++ type does not say it.
enum class setting_form : std::uint8_t {
  plain,
  bytes,   ///< a number of bytes, or a text such as "10 MB"
  octal,   ///< a text of octal digits, such as "0600"
  secret,  ///< its value never stands in a message
};

/// One member of a configuration aggregate, as people and files know it. An aggregate `T` is described by
/// `template <class Self, class Visitor> static void describe(Self& self, Visitor&& visit)`, which calls
/// `visit(setting{...}, self.member)` for each member in order. Durations are std::chrono's; a plain number counts in
/// seconds, or in milliseconds where the name ends with `_ms`, and so do their `min` and `max`. They, sizes and unsigned
/// numbers are never negative.
struct setting {
  std::string_view name;
  std::string_view text;  ///< one sentence: meaning and unit
  double min = -std::numeric_limits<double>::infinity();
  double max = std::numeric_limits<double>::infinity();
  setting_form form = setting_form::plain;
  bool above_min = false;  ///< `min` itself is not allowed
};

struct no_visitor {
  template <class T>
  void operator()(setting const&, T&) const noexcept {}
};

/// True for aggregates that tell of their members.
template <class T>
concept described = requires(T& t) {
  T::describe(t, no_visitor{});
};

/// The names of an enumeration's values: specialise with `static constexpr std::array names{std::pair{value, text}...}`.
template <class Enum>
struct enum_names;

template <class Enum>
concept named_by_table = requires {
  enum_names<Enum>::names;
};

}  // namespace fapilog::inline v0_1
