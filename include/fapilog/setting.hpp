// SPDX-License-Identifier: MIT
// The one declaration of a setting: name, meaning, unit and bounds of a member of a configuration aggregate.
#pragma once

#include <cstdint>
#include <limits>
#include <string_view>

namespace fapilog::inline v0_1 {

/// How a setting is written as text if its C++ type does not say it.
enum class setting_form : std::uint8_t {
  plain,
  bytes,   ///< a number of bytes, or a string such as "10 MB"
  octal,   ///< a string of octal digits, such as "0600"
  secret,  ///< no message shows its value
};

/// Declares one member of a configuration aggregate. An aggregate `T` declares its settings by
/// `template <class Self, class Visitor> static void describe(Self& self, Visitor&& visit)`, which calls
/// `visit(setting{...}, self.member)` for each member in order. Validation in code, text, JSON Schema and the tables of the
/// documentation all follow from it. Rules across members go into
/// `static void check(T const& self, setting_problems& problems)`.
///
/// Durations are std::chrono's. `min` and `max` of a duration, and a plain number in text, are in seconds, or in
/// milliseconds if the name ends with `_ms`. Durations, sizes and unsigned numbers are never negative.
struct setting {
  /// The bound of a setting that has none: not infinity, which a program built with -ffast-math does not have.
  static constexpr double no_bound = (std::numeric_limits<double>::max)();

  std::string_view name;
  std::string_view text;  ///< meaning and unit, one sentence
  double min = -no_bound;
  double max = no_bound;
  setting_form form = setting_form::plain;
  bool above_min = false;   ///< `min` itself is not allowed
  bool not_empty = false;   ///< the empty string or list is not allowed
  bool reloadable = false;  ///< takes effect in a running runtime (`settings_watch`)
  bool advanced = false;    ///< rarely worth a change; the documentation lists it apart
};

/// Collects what an aggregate's `check` finds.
class setting_problems {
 public:
  /// `member` is the name of the member, or its path below the aggregate; `problem` continues the sentence that it begins:
  /// `add("min_rate", "0.9 is above `max_rate` (0.5)")`. Throws: std::bad_alloc.
  virtual void add(std::string_view member, std::string_view problem) = 0;

 protected:
  ~setting_problems() = default;
};

namespace detail {
/// A visitor that does nothing.
struct no_visitor {
  template <class T>
  void operator()(setting const&, T&) const noexcept {}
};

/// An aggregate that declares its settings.
template <class T>
concept described = requires(T& t) {
  T::describe(t, detail::no_visitor{});
};
}  // namespace detail

/// The names of an enumeration's values: specialise with `static constexpr std::array names{std::pair{value, name}...}`.
template <class Enum>
struct enum_names;

namespace detail {
template <class Enum>
concept named_by_table = requires {
  enum_names<Enum>::names;
};
}  // namespace detail

}  // namespace fapilog::inline v0_1
