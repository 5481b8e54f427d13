// SPDX-License-Identifier: MIT
// The first argument of a log call: a message that fmt checks at compile time, and the call site.
#pragma once

#include <fapilog/detail/compiler.hpp>
#include <fapilog/detail/os/platform.hpp>
#include <fapilog/detail/text/fmt.hpp>
#include <fapilog/record/field.hpp>
#include <fapilog/record/record.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace fapilog::inline v0_1 {
namespace detail {

/// Represents a value that fmt cannot format in the compile-time check. It takes `{}` and nothing else.
struct plain_value {};

template <class T>
constexpr auto format_type_of() noexcept {
  using std::type_identity;
  if constexpr (detail::shape::has_hook<T>) return type_identity<plain_value>{};
  else if constexpr (std::is_arithmetic_v<T> && (!detail::shape::character<T> || std::is_same_v<T, char>))
    return type_identity<T>{};
  else if constexpr (detail::shape::raw_pointer<T>) return type_identity<void const*>{};
  else if constexpr (detail::shape::narrow_text<T>) return type_identity<fmt::string_view>{};
  else if constexpr (detail::shape::numeric_enum<T>) return type_identity<std::underlying_type_t<T>>{};
  else if constexpr (detail::shape::known<T>) return type_identity<plain_value>{};
  else if constexpr (detail::shape::formattable<T>) return type_identity<T>{};
  else return type_identity<plain_value>{};
}

/// The type that fmt checks instead of this type.
template <class T>
using format_type = typename decltype(format_type_of<T>())::type;

/// True if only the type's own fmt formatter can format it. Then the call formats the message.
template <class T>
concept formatted_at_call = !detail::shape::known<T> && detail::shape::formattable<T>;

/// Fields must follow the format arguments.
template <class... A>
consteval bool fields_come_last() {
  bool const fields[] = {is_field<A>..., false};
  bool seen = false;
  for (std::size_t i = 0; i < sizeof...(A); ++i) {
    if (seen && !fields[i]) return false;
    seen = seen || fields[i];
  }
  return true;
}

/// The number of arguments that this format string takes by plain braces, or `all` if it numbers or names its arguments.
consteval std::size_t taken_arguments(char const* text, std::size_t size, std::size_t all) {
  std::size_t taken = 0;
  std::size_t depth = 0;
  for (std::size_t i = 0; i + 1 < size; ++i) {
    if (text[i] == '}' && depth > 0) --depth;
    if (text[i] != '{') continue;
    if (depth == 0 && text[i + 1] == '{') {
      ++i;
      continue;
    }
    if (text[i + 1] != '}' && text[i + 1] != ':') return all;
    ++depth;
    ++taken;
  }
  return taken;
}

consteval bool has_brace(char const* text, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) {
    if (text[i] == '{' || text[i] == '}') return true;
  }
  return false;
}

template <class... Formats>
struct format_list {
  using string = fmt::format_string<Formats...>;
};

template <class Done, class... Rest>
struct leading_formats {
  using type = Done;
};
template <class... Done, class First, class... Rest>
  requires(!is_field<First>)
struct leading_formats<format_list<Done...>, First, Rest...> {
  using type = typename leading_formats<format_list<Done..., format_type<First>>, Rest...>::type;
};

template <class... A>
using format_string_for = typename leading_formats<format_list<>, A...>::type::string;

}  // namespace detail

/// A message known only at run time. Without format arguments it is used unchanged, including braces. With arguments it is
/// a format string; a mistake in it is reported in the record and not thrown. The call copies it.
class runtime_text {
 public:
  explicit runtime_text(std::string_view text,
                        detail::call_site where = detail::call_site::current()) noexcept
      : text_(text), where_(where) {}

 private:
  template <class...>
  friend class message;

  std::string_view text_;
  detail::call_site where_;
};

/// A message literal for arguments of these types, made by the compiler at the call. fmt checks the replacement fields
/// against the arguments: a mistake is a compile error. `{{` is a brace.
template <class... A>
class message {
  static_assert((loggable<A> && ...) || ((loggable<A> || detail::is_field<A>)&&...),
                "fapilog: an argument of this log call cannot be logged. Give its type "
                "to_log(object_writer&, T const&) "
                "in its namespace, or a fmt formatter.");
  static_assert(
      detail::fields_come_last<A...>(),
      "fapilog: a field precedes a format argument. Format arguments come first, fields after them.");

 public:
  template <std::size_t N>
  consteval message(char const (&literal)[N],  // NOLINT(google-explicit-constructor)
                    detail::call_site where = detail::call_site::current())
      : checked_(literal), text_(literal), where_(where) {
    constexpr std::size_t arguments = (std::size_t{0} + ... + (detail::is_field<A> ? 0 : 1));
    if (detail::taken_arguments(literal, N, arguments) < arguments) {
      FAPILOG_DETAIL_REFUSE("fapilog: this log call has more format arguments than pairs of braces");
    }
    if (!detail::has_brace(literal, N)) flags_ = detail::record_format::text_is_rendered;
  }
  /// Refuses a string that is not a literal.
  template <class T>
    requires(detail::shape::narrow_text<T> && !std::is_array_v<T>)
  message(T const&)  // NOLINT(google-explicit-constructor)
      : checked_(fmt::runtime("")), text_(""), where_(detail::call_site::current()) {
    static_assert(
        !std::is_same_v<T, T>,
        "fapilog: a message is a literal; for text known only at run time write fapilog::runtime_text(text)");
  }
  message(runtime_text const& text) noexcept  // NOLINT(google-explicit-constructor)
      : checked_(fmt::runtime("")),
        text_(&text.text_),
        where_(text.where_),
        flags_(detail::record_format::text_is_cell |
               ((detail::is_field<A> && ...) ? detail::record_format::text_is_rendered : 0)) {}

  /// The characters of a literal, terminated by zero; with the flag `text_is_cell` a std::string_view instead.
  [[nodiscard, gnu::always_inline]] void const* text() const noexcept { return text_; }
  [[nodiscard, gnu::always_inline]] detail::call_site where() const noexcept { return where_; }
  /// Flags of the record (record_format) that say what remains to be done for the message.
  [[nodiscard, gnu::always_inline]] std::uint8_t flags() const noexcept { return flags_; }

 private:
  detail::format_string_for<A...> checked_;  ///< its constructor checks the literal
  void const* text_;
  detail::call_site where_;
  std::uint8_t flags_ = 0;
};

}  // namespace fapilog::inline v0_1

template <>
struct fmt::formatter<fapilog::detail::plain_value> {
  constexpr auto parse(fmt::format_parse_context& context) {
    if (context.begin() != context.end() && *context.begin() != '}') {
      FAPILOG_DETAIL_REFUSE("fapilog: this argument takes {} without a format specification");
    }
    return context.begin();
  }
  template <class Context>
  auto format(fapilog::detail::plain_value const&, Context& context) const {
    return context.out();
  }
};
