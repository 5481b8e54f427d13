// SPDX-License-Identifier: MIT
// From the arguments of a log call to its items: the one template that is instantiated per signature.
#pragma once

#include <fapilog/engine/channel.hpp>
#include <fapilog/record/field_cells.hpp>
#include <fapilog/record/message.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <type_traits>

namespace fapilog::engine {

template <class T>
[[nodiscard]] field as_item(T const& argument) noexcept {
  if constexpr (detail::is_field<T>) {
    return argument;
  } else {
    return field::argument(argument);
  }
}

/// What fmt gets for an argument where the message has to be made at the call. Fields come last and fmt never asks for
/// them.
template <class T>
[[nodiscard]] decltype(auto) as_format_argument([[maybe_unused]] channel& ch,
                                                [[maybe_unused]] T const& argument) {
  if constexpr (detail::is_field<T>) {
    return 0;
  } else if constexpr (std::is_same_v<detail::format_type<T>, detail::plain_value>) {
    detail::byte_buffer cell;
    detail::append_guarded(cell, field::argument(argument), ch.max_record_bytes());
    return ch.text_of(cell.data());
  } else if constexpr (shape::narrow_text<T>) {
    detail::scalar const text = detail::make_scalar(argument);
    return text.type == kind::null ? fmt::string_view{"null"} : fmt::string_view{text.text, text.size};
  } else if constexpr (shape::numeric_enum<T>) {
    return static_cast<std::underlying_type_t<T>>(argument);
  } else {
    return (argument);
  }
}

template <class... A>
[[nodiscard]] std::string format_at_call(fmt::string_view format, A const&... values) {
  std::string text(256, '\0');
  auto const size =
      fmt::vformat_to_n(text.data(), text.size(), format, fmt::make_format_args(values...)).size;
  bool const whole = size <= text.size();
  text.resize(size);
  if (!whole) fmt::vformat_to_n(text.data(), text.size(), format, fmt::make_format_args(values...));
  return text;
}

/// A message whose formatter threw: the text as it was written, and why it stayed so.
[[nodiscard]] inline std::string unformatted(fmt::string_view text, char const* why) {
  return std::string{text.data(), text.size()}.append(" <error: ").append(why).append(">");
}

template <class... A>
[[nodiscard]] std::string message_at_call(channel& ch, std::uint16_t& flags, fmt::string_view text,
                                          A const&... arguments) {
  try {
    return format_at_call(text, as_format_argument(ch, arguments)...);
  } catch (std::exception const& error) {
    flags |= record_format::text_failed;
    return unformatted(text, error.what());
  } catch (...) {
    flags |= record_format::text_failed;
    return unformatted(text, "unknown exception");
  }
}

/// One log call with arguments of these types. Not inlined: statements with the same types share it. Throws: never.
template <class... A>
[[gnu::noinline]] void emit(logger_core& logger, level severity, fmt::string_view text, std::uint16_t flags,
                            detail::call_site where, A const&... arguments) noexcept {
  constexpr auto fields = (std::size_t{0} + ... + (detail::is_field<A> ? 1 : 0));
  constexpr auto args = sizeof...(A) - fields;
  constexpr bool at_call = (detail::formatted_at_call<A> || ...);
  call c{logger,
         severity,
         flags,
         text.data(),
         static_cast<std::uint32_t>(text.size()),
         static_cast<std::uint16_t>(args),
         where,
         nullptr,
         0};
  field const items[] = {field::argument(std::string_view{text.data(), text.size()}), as_item(arguments)...};
  if constexpr (at_call) {
    try {
      c.flags = record_format::text_is_cell | record_format::text_is_rendered;
      std::string const message = message_at_call(logger.owner, c.flags, text, arguments...);
      field rendered[1 + fields];
      rendered[0] = field::argument(message);
      for (std::size_t i = 0; i < fields; ++i) rendered[1 + i] = items[1 + args + i];
      c.text = nullptr;
      c.text_size = 0;
      c.args = 0;
      c.items = rendered;
      c.count = 1 + fields;
      return logger.owner.submit(c);
    } catch (...) {
      // No memory for the message: the text goes as it was written, without its arguments.
      c.flags = record_format::text_is_rendered | record_format::text_failed;
      c.args = 0;
      c.items = items + 1 + args;
      c.count = fields;
      return logger.owner.submit(c);
    }
  }
  if ((flags & record_format::text_is_cell) != 0) {
    c.text = nullptr;
    c.text_size = 0;
    c.items = items;
    c.count = 1 + sizeof...(A);
  } else {
    c.items = items + 1;
    c.count = sizeof...(A);
  }
  logger.owner.submit(c);
}

/// One log call with its fields in a list.
template <std::size_t N>
[[gnu::noinline]] void emit_list(logger_core& logger, level severity, fmt::string_view text,
                                 std::uint16_t flags, detail::call_site where,
                                 field const (&fields)[N]) noexcept {
  call c{logger, severity, flags, text.data(), static_cast<std::uint32_t>(text.size()), 0, where, fields, N};
  if ((flags & record_format::text_is_cell) == 0) return logger.owner.submit(c);
  field items[1 + N];
  items[0] = field::argument(std::string_view{text.data(), text.size()});
  for (std::size_t i = 0; i < N; ++i) items[1 + i] = fields[i];
  c.text = nullptr;
  c.text_size = 0;
  c.items = items;
  c.count = 1 + N;
  logger.owner.submit(c);
}

}  // namespace fapilog::engine
