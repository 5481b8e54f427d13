// SPDX-License-Identifier: MIT
// One table of functions for each C++ type of a setting, so that reading and checking need no templates.
#pragma once

#include <fapilog/detail/time_limit.hpp>
#include <fapilog/setting.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {
enum class level : std::uint8_t;
class level_set;
}  // namespace fapilog::inline v0_1

namespace fapilog::inline v0_1::detail {

enum class setting_kind : std::uint8_t {
  boolean,
  integer,
  number,
  duration,
  level,
  name,  ///< of an enumeration's value
  string,
  optional,
  list,
  map,
  object,
};

/// The value of a boolean, number, duration, level or name.
struct setting_scalar {
  double number = 0;  ///< of a duration: nanoseconds
  std::int64_t whole =
      0;             ///< the bits of an integer, or the nanoseconds of a duration, or the value of the others
  bool fits = true;  ///< false: the C++ type cannot hold it
};

struct setting_type;

/// One member of an aggregate.
struct setting_member {
  setting row;
  void* value;
  setting_type const* type;
};

/// The operations on values of one C++ type. Functions that do not apply to its kind are null.
struct setting_type {
  using fill_function = bool (*)(void* context, void* key, void* element);
  using visit_function = void (*)(void* context, void const* key, void const* element);

  setting_kind kind;
  // Integers and durations.
  bool is_signed = false;
  bool is_fractional = true;  ///< false: a duration in whole seconds or more
  std::size_t bytes = 0;
  // Scalars.
  setting_scalar (*load)(void const* value) = nullptr;
  void (*store)(void* value, setting_scalar const& scalar) = nullptr;
  /// Name and value number `index`; an empty name past the end.
  std::string_view (*name_at)(std::size_t index, std::int64_t& value) = nullptr;
  /// The level of this name or number, or -1.
  int (*parse_level)(std::string_view text) = nullptr;
  std::string_view (*level_name)(std::int64_t value) = nullptr;
  // Optional values, lists and maps. A key is a std::string or a level, null except in a map.
  setting_type const* element = nullptr;
  setting_type const* key = nullptr;
  void (*each)(void const* all, void* context, visit_function visit) = nullptr;
  /// Adds an element that `fill` completes, unless `fill` returns false.
  bool (*append)(void* all, void* context, fill_function fill) = nullptr;
  void (*clear)(void* all) = nullptr;
  // Objects.
  void (*members)(void* object, std::vector<setting_member>& to) = nullptr;
  void (*check)(void const* object, setting_problems& problems) = nullptr;  ///< may be null
};

template <class T>
inline constexpr bool is_duration = false;
template <class Rep, class Period>
inline constexpr bool is_duration<std::chrono::duration<Rep, Period>> = true;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
inline constexpr bool is_pair = false;
template <class A, class B>
inline constexpr bool is_pair<std::pair<A, B>> = true;

/// An integer, but neither bool nor char.
template <class T>
concept whole_number = std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>;

/// A std::map and similar types, and a vector of pairs: an object in JSON.
template <class T>
concept map_like = requires {
  typename T::mapped_type;
}
|| (requires { typename T::value_type; } && is_pair<typename T::value_type>);

/// A vector or a set: a list in JSON.
template <class T>
concept list_like =
    !map_like<T> && !std::same_as<T, std::string> && requires(T & all, typename T::value_type one) {
  all.insert(all.end(), one);
};

template <class T>
concept checked_across = requires(T const& t, setting_problems& problems) {
  (T::check)(t, problems);
};

[[gnu::cold]] inline void add_member(std::vector<setting_member>& to, setting const& row, void* value,
                                     setting_type const& type) {
  to.push_back({row, value, &type});
}

template <class T>
[[nodiscard]] constexpr setting_type make_setting_type() noexcept;

template <class T>
inline constexpr setting_type setting_type_of = make_setting_type<T>();

/// The functions of scalars.
template <class T>
struct scalar_functions {
  static setting_scalar load(void const* value) {
    T const v = *static_cast<T const*>(value);
    if constexpr (is_duration<T>) {
      double const ns = std::chrono::duration_cast<std::chrono::duration<double, std::nano>>(v).count();
      bool const fits = ns >= -longest_duration_ns && ns <= longest_duration_ns;
      return {ns, fits ? std::chrono::duration_cast<std::chrono::nanoseconds>(v).count() : 0, fits};
    } else if constexpr (std::floating_point<T>) {
      return {static_cast<double>(v), 0};
    } else {
      return {static_cast<double>(v), static_cast<std::int64_t>(v)};
    }
  }
  static void store(void* value, setting_scalar const& s) {
    T& to = *static_cast<T*>(value);
    if constexpr (is_duration<T>) to = std::chrono::duration_cast<T>(std::chrono::nanoseconds{s.whole});
    else if constexpr (std::floating_point<T>) to = static_cast<T>(s.number);
    else to = static_cast<T>(s.whole);
  }
  [[gnu::cold]] static std::string_view name_at(std::size_t index, std::int64_t& value) {
    auto const& names = enum_names<T>::names;
    if (index >= names.size()) return {};
    value = static_cast<std::int64_t>(names[index].first);
    return names[index].second;
  }
};

template <class T>
struct level_functions {
  [[gnu::cold]] static int parse(std::string_view text) {
    auto const parsed = enum_names<T>::parse(text);
    return parsed ? static_cast<int>(parsed.value) : -1;
  }
  static std::string_view name(std::int64_t value) { return enum_names<T>::name(static_cast<T>(value)); }
};

template <class T>
struct list_functions {
  using element = typename T::value_type;
  [[gnu::cold]] static void each(void const* all, void* context, setting_type::visit_function visit) {
    for (element const& one : *static_cast<T const*>(all)) visit(context, nullptr, &one);
  }
  [[gnu::cold]] static bool append(void* all, void* context, setting_type::fill_function fill) {
    element one{};
    if (!fill(context, nullptr, &one)) return false;
    T& to = *static_cast<T*>(all);
    to.insert(to.end(), std::move(one));
    return true;
  }
  [[gnu::cold]] static void clear(void* all) { static_cast<T*>(all)->clear(); }
};

template <class T>
struct level_set_functions {
  using element = level;
  [[gnu::cold]] static void each(void const* all, void* context, setting_type::visit_function visit) {
    for (int i = 0; i < 100; ++i) {
      auto const one = static_cast<level>(i);
      if (static_cast<T const*>(all)->contains(one)) visit(context, nullptr, &one);
    }
  }
  [[gnu::cold]] static bool append(void* all, void* context, setting_type::fill_function fill) {
    level one{};
    if (!fill(context, nullptr, &one)) return false;
    static_cast<T*>(all)->insert(one);
    return true;
  }
  [[gnu::cold]] static void clear(void* all) { *static_cast<T*>(all) = T{}; }
};

template <class T>
struct optional_functions {
  [[gnu::cold]] static void each(void const* all, void* context, setting_type::visit_function visit) {
    auto const& value = *static_cast<T const*>(all);
    if (value) visit(context, nullptr, &*value);
  }
  [[gnu::cold]] static bool append(void* all, void* context, setting_type::fill_function fill) {
    typename T::value_type one{};
    if (!fill(context, nullptr, &one)) return false;
    *static_cast<T*>(all) = std::move(one);
    return true;
  }
  [[gnu::cold]] static void clear(void* all) { static_cast<T*>(all)->reset(); }
};

template <class T>
struct map_types {
  using key = std::remove_const_t<typename T::value_type::first_type>;
  using mapped = typename T::value_type::second_type;
};

template <class T>
struct map_functions {
  [[gnu::cold]] static void each(void const* all, void* context, setting_type::visit_function visit) {
    for (auto const& [key, value] : *static_cast<T const*>(all)) visit(context, &key, &value);
  }
  [[gnu::cold]] static bool append(void* all, void* context, setting_type::fill_function fill) {
    typename map_types<T>::key key{};
    typename map_types<T>::mapped value{};
    if (!fill(context, &key, &value)) return false;
    T& to = *static_cast<T*>(all);
    to.insert(to.end(), {std::move(key), std::move(value)});
    return true;
  }
  [[gnu::cold]] static void clear(void* all) { static_cast<T*>(all)->clear(); }
};

template <class T>
struct object_functions {
  struct collector {
    std::vector<setting_member>& to;
    template <class M>
    void operator()(setting const& row, M& member) const {
      add_member(to, row, &member, setting_type_of<M>);
    }
  };
  [[gnu::cold]] static void members(void* object, std::vector<setting_member>& to) {
    T::describe(*static_cast<T*>(object), collector{to});
  }
  [[gnu::cold]] static void(check)(void const* object, setting_problems& problems) {
    (T::check)(*static_cast<T const*>(object), problems);
  }
};

template <class T>
[[nodiscard]] constexpr setting_type make_setting_type() noexcept {
  using plain = scalar_functions<T>;
  if constexpr (is_optional<T>) {
    using f = optional_functions<T>;
    return {.kind = setting_kind::optional,
            .element = &setting_type_of<typename T::value_type>,
            .each = f::each,
            .append = f::append,
            .clear = f::clear};
  } else if constexpr (std::same_as<T, bool>) {
    return {.kind = setting_kind::boolean, .load = plain::load, .store = plain::store};
  } else if constexpr (std::same_as<T, level>) {
    return {.kind = setting_kind::level,
            .load = plain::load,
            .store = plain::store,
            .parse_level = level_functions<T>::parse,
            .level_name = level_functions<T>::name};
  } else if constexpr (std::same_as<T, level_set>) {
    using f = level_set_functions<T>;
    return {.kind = setting_kind::list,
            // By a dependent name: clang evaluates another one here, before this function is defined.
            .element = &setting_type_of<typename f::element>,
            .each = f::each,
            .append = f::append,
            .clear = f::clear};
  } else if constexpr (whole_number<T>) {
    return {.kind = setting_kind::integer,
            .is_signed = std::is_signed_v<T>,
            .bytes = sizeof(T),
            .load = plain::load,
            .store = plain::store};
  } else if constexpr (std::floating_point<T>) {
    return {.kind = setting_kind::number, .load = plain::load, .store = plain::store};
  } else if constexpr (is_duration<T>) {
    return {.kind = setting_kind::duration,
            .is_fractional = std::ratio_less_v<typename T::period, std::ratio<1>> ||
                             std::chrono::treat_as_floating_point_v<typename T::rep>,
            .load = plain::load,
            .store = plain::store};
  } else if constexpr (std::is_enum_v<T>) {
    static_assert(named_by_table<T>, "fapilog: an enumeration needs enum_names to be a setting");
    return {
        .kind = setting_kind::name, .load = plain::load, .store = plain::store, .name_at = plain::name_at};
  } else if constexpr (std::same_as<T, std::string>) {
    return {.kind = setting_kind::string};
  } else if constexpr (map_like<T>) {
    using f = map_functions<T>;
    return {.kind = setting_kind::map,
            .element = &setting_type_of<typename map_types<T>::mapped>,
            .key = &setting_type_of<typename map_types<T>::key>,
            .each = f::each,
            .append = f::append,
            .clear = f::clear};
  } else if constexpr (list_like<T>) {
    using f = list_functions<T>;
    return {.kind = setting_kind::list,
            .element = &setting_type_of<typename T::value_type>,
            .each = f::each,
            .append = f::append,
            .clear = f::clear};
  } else {
    static_assert(described<T>, "fapilog: this type cannot be a setting");
    setting_type type{.kind = setting_kind::object, .members = object_functions<T>::members};
    if constexpr (checked_across<T>) type.check = object_functions<T>::check;
    return type;
  }
}

/// The members of an aggregate, in order. What `value` points to is changed only through the result.
[[nodiscard, gnu::cold]] inline std::vector<setting_member> members_of(void const* value,
                                                                       setting_type const& type) {
  std::vector<setting_member> all;
  type.members(const_cast<void*>(value), all);
  return all;
}

}  // namespace fapilog::inline v0_1::detail
