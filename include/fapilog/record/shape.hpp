// SPDX-License-Identifier: MIT
// Classifies types by their shape, so that a call site needs none of the heavy standard headers.
#pragma once

#include <fapilog/detail/text/fmt.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <string_view>
#include <type_traits>
#include <utility>

namespace fapilog::inline v0_1 {

class object_writer;
class value_writer;

namespace detail::shape {

template <class T, class... Others>
concept one_of = (std::same_as<T, Others> || ...);

template <class T>
concept character = one_of<T, char, wchar_t, char8_t, char16_t, char32_t>;

/// Types with `to_log(object_writer&, T const&)` or `to_log(value_writer&, T const&)` in their namespace.
template <class T>
concept logs_as_object = requires(object_writer& writer, T const& value) {
  to_log(writer, value);
};
template <class T>
concept logs_as_value = requires(value_writer& writer, T const& value) {
  to_log(writer, value);
};

/// Types with one of these hooks. Numbers are not checked for hooks.
template <class T>
concept has_hook = !std::is_arithmetic_v<T> && (logs_as_value<T> || logs_as_object<T>);

template <class T>
concept narrow_text = std::convertible_to<T const&, std::string_view> && !std::is_null_pointer_v<T>;

/// Strings of other character types: u8string, wstring_view, char16_t literals.
template <class T>
concept wide_text_class = requires(T const& text) {
  typename T::traits_type;
  requires character<typename T::value_type>;
  { text.data() } -> std::same_as<typename T::value_type const*>;
  text.size();
};
template <class T>
concept wide_text_pointer =
    (std::is_pointer_v<T> ||
     std::is_array_v<T>)&&character<std::remove_cv_t<std::remove_pointer_t<std::decay_t<T>>>> &&
    !narrow_text<T>;

template <class T>
concept path = requires(T const& value) {
  value.lexically_normal();
  {value.native().data()};
};

/// Paths whose characters are not wide (on Windows they are).
template <class T>
concept narrow_path = path<T> && std::convertible_to<typename T::string_type const&, std::string_view>;

template <class T>
concept error_code = requires(T const& code) {
  { code.value() } -> std::convertible_to<int>;
  { code.category().name() } -> std::convertible_to<char const*>;
  code.message();
};

template <class T>
concept duration = requires(T const& value) {
  typename T::rep;
  { T::period::num } -> std::convertible_to<long long>;
  { T::period::den } -> std::convertible_to<long long>;
  value.count();
};
template <class T>
concept time_point = requires(T const& value) {
  typename T::clock;
  { value.time_since_epoch() } -> duration;
};
/// A time point of a calendar clock, not of a steady clock.
template <class T>
concept calendar_time = time_point<T> && requires(typename T::clock::time_point value) {
  T::clock::to_time_t(value);
};

template <class T>
concept optional = requires(T const& value) {
  typename T::value_type;
  { value.has_value() } -> std::convertible_to<bool>;
  *value;
};
template <class T>
concept variant = requires(T const& value) {
  { value.index() } -> std::convertible_to<std::size_t>;
  { value.valueless_by_exception() } -> std::convertible_to<bool>;
};

template <class T>
concept range = requires(T const& values) {
  values.begin();
  values.end();
  requires !std::same_as<std::remove_cvref_t<decltype(*values.begin())>, T>;
}
|| (std::is_array_v<T> && !character<std::remove_cv_t<std::remove_extent_t<T>>>);

template <class T>
concept map = range<T> && requires {
  typename T::key_type;
  typename T::mapped_type;
};
template <class T>
concept byte_range = requires(T const& values) {
  { values.data() } -> std::convertible_to<std::byte const*>;
  { values.size() } -> std::convertible_to<std::size_t>;
};

template <class T>
concept tuple = requires {
  std::tuple_size<T>::value;
};

template <class T>
concept named_enum = std::is_enum_v<T> && requires(T value) {
  { to_string(value) } -> std::convertible_to<std::string_view>;
};

/// Types with their own fmt formatter, not one that an implicit conversion to a number finds.
template <class T>
concept has_formatter = requires {
  fmt::formatter<T, char>{};
};

/// Enums without a string form, which become numbers. `std::byte` always does, even if fmt can format it.
template <class T>
concept numeric_enum =
    std::is_enum_v<T> && !named_enum<T> && (std::is_same_v<T, std::byte> || !has_formatter<T>);

template <class T>
concept raw_pointer = std::is_pointer_v<T> && std::is_void_v<std::remove_pointer_t<T>>;

/// Types that only fmt can format: neither their shape nor `to_log` says how to log them.
template <class T>
concept formattable = fmt::is_formattable<T>::value;

/// Types that need no fmt formatter: `log.info("{}", value)` takes their values anyway.
template <class T>
concept known = std::is_arithmetic_v<T> || narrow_text<T> || has_hook<T> || std::is_null_pointer_v<T> ||
    wide_text_class<T> || wide_text_pointer<T> || path<T> || error_code<T> || duration<T> || time_point<T> ||
    optional<T> || variant<T> || range<T> || tuple<T> || raw_pointer<T> ||
    std::derived_from<T, std::exception> || numeric_enum<T> || named_enum<T>;

}  // namespace detail::shape

/// Any type that can be the value of a field.
template <class T>
concept loggable = !std::is_void_v<T> && (detail::shape::known<T> || detail::shape::formattable<T>);

}  // namespace fapilog::inline v0_1
