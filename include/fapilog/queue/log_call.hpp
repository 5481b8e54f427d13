// SPDX-License-Identifier: MIT
// Turns the arguments of a log call into a record: the only template that is instantiated per signature.
#pragma once

#include <fapilog/detail/guarded_call.hpp>
#include <fapilog/detail/text/bounded_format.hpp>
#include <fapilog/detail/text/fmt_argument.hpp>
#include <fapilog/queue/channel.hpp>
#include <fapilog/record/context.hpp>
#include <fapilog/record/field_cells.hpp>
#include <fapilog/record/message.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace fapilog::inline v0_1::detail {

template <class T>
[[nodiscard]] field as_item(T const& argument) noexcept {
  if constexpr (detail::is_field<T>) {
    return field_copy::of(argument);
  } else {
    return field::argument(argument);
  }
}

/// Returns what fmt formats for an argument if the call itself formats the message. Fields come last; fmt never reads
/// them.
template <class T>
[[nodiscard]] decltype(auto) as_format_argument([[maybe_unused]] channel& ch,
                                                [[maybe_unused]] T const& argument) {
  if constexpr (detail::is_field<T>) {
    return 0;
  } else if constexpr (std::is_same_v<detail::format_type<T>, detail::plain_value>) {
    detail::byte_buffer cell;
    detail::append_guarded(cell, field::argument(argument), ch.max_record_bytes());
    return ch.format_cell(cell.data());
  } else if constexpr (detail::shape::narrow_text<T>) {
    detail::scalar const text = detail::make_scalar(argument);
    return text.type == kind::null ? fmt::string_view{"null"} : fmt::string_view{text.text, text.size};
  } else if constexpr (detail::shape::numeric_enum<T>) {
    return static_cast<std::underlying_type_t<T>>(argument);
  } else {
    return (argument);
  }
}

/// Sets the flag of a record that was cut if the text is longer than `limit`.
template <class... A>
[[nodiscard]] std::string format_at_call(std::size_t limit, std::uint8_t& flags, fmt::string_view format,
                                         A const&... values) {
  fmt::basic_format_arg<fmt::format_context> const all[] = {detail::fmt_argument(values)...};
  std::string text;
  if (detail::format_bounded(text, limit, format, {all, static_cast<int>(sizeof...(A))}))
    flags |= detail::record_format::is_clipped;
  return text;
}

/// The message if a formatter threw: the format string, and the reason.
[[nodiscard]] inline std::string unformatted(fmt::string_view format, char const* why) {
  return std::string{format.data(), format.size()}.append(" <error: ").append(why).append(">");
}

template <class... A>
[[nodiscard]] std::string message_at_call(channel& ch, std::uint8_t& flags, fmt::string_view text,
                                          A const&... arguments) {
  std::string message;
  char reason[256];  // what() of an exception that has ended
  auto const format = [&] {
    message = format_at_call(ch.max_record_bytes(), flags, text, as_format_argument(ch, arguments)...);
  };
  auto const on_error = [&](char const* what) noexcept {
    if (what == nullptr) what = "unknown exception";
    std::size_t const length = std::strlen(what);
    std::size_t const size = length < sizeof reason ? length : sizeof reason - 1;
    std::memcpy(reason, what, size);
    reason[size] = '\0';
  };
  if (detail::guarded(format, on_error)) return message;
  flags |= detail::record_format::text_failed;
  return unformatted(text, reason);
}

/// How an argument is passed from the statement to `log_call`: in registers if possible, and similar types as one type, so
/// that there are few instances.
template <class T>
[[nodiscard, gnu::always_inline]] inline decltype(auto) pass(T const& argument) noexcept {
  constexpr bool is_plain = !detail::is_field<T> && !detail::shape::has_hook<T>;
  constexpr bool is_number =
      std::is_integral_v<T> && !std::is_same_v<T, bool> && !detail::shape::character<T>;
  if constexpr (is_number && std::is_signed_v<T>) {
    return static_cast<std::int64_t>(argument);
  } else if constexpr (is_number) {
    return static_cast<std::uint64_t>(argument);
  } else if constexpr (is_plain && std::is_scalar_v<T>) {
    return static_cast<T>(argument);
  } else if constexpr (is_plain && detail::shape::narrow_text<T>) {
    detail::scalar const text = detail::make_scalar(argument);
    return std::string_view{text.text, text.size};
  } else {
    return (argument);
  }
}

/// The payload of shapes that are one number. Null is two bytes, like an empty string.
template <field_shape S>
using payload_of_shape = std::conditional_t<
    S == field_shape::byte, std::uint8_t,
    std::conditional_t<S == field_shape::pair, std::uint16_t,
                       std::conditional_t<S == field_shape::half, std::uint32_t, std::uint64_t>>>;

/// Writes the cell of a value that has a literal key near the message or no key. Everything but the lengths of strings is
/// known at compile time.
template <field_shape S, bool HasKey>
class direct_cell {
 public:
  [[gnu::always_inline]] explicit direct_cell(field const& f) noexcept requires(HasKey) : field_(f) {}
  [[gnu::always_inline]] explicit direct_cell(field const& f) noexcept requires(!HasKey)
      : field_(field_copy::of(f)) {}
  [[nodiscard, gnu::always_inline]] std::size_t bytes() const noexcept {
    constexpr std::size_t fixed = HasKey ? sizeof(std::uint32_t) : 1;
    if constexpr (S == field_shape::text)
      return fixed + detail::record_format::short_length_bytes + field_.size();
    else if constexpr (S == field_shape::time) return fixed + 1 + sizeof(std::uint64_t);
    else return fixed + sizeof(payload_of_shape<S>);
  }
  /// Less than `2 * near_reach` if the key is near the message.
  [[nodiscard, gnu::always_inline]] std::uint64_t distance(void const* message) const noexcept {
    if constexpr (HasKey) return detail::record_format::near_distance(field_.name().text, message);
    else return 0;
  }
  [[nodiscard, gnu::always_inline]] std::byte* put(std::byte* to, void const* message) const noexcept {
    constexpr unsigned flags = (HasKey ? detail::record_format::key_is_near : 0U) |
                               (S == field_shape::half ? detail::record_format::narrow : 0U);
    unsigned const tag = static_cast<unsigned>(field_.type()) + flags;
    if constexpr (HasKey) {
      to = detail::put(to, detail::record_format::near_word(tag, field_.name().text, message));
    } else {
      to = detail::put(to, static_cast<std::uint8_t>(tag));
    }
    if constexpr (S == field_shape::text) {
      to = detail::put(to, static_cast<std::uint16_t>(field_.size()));
      detail::put_bytes(to, field_.text(), field_.size());
      return to + field_.size();
    } else if constexpr (S == field_shape::time) {
      return detail::put(detail::put(to, field_.extra()), field_.bits());
    } else {
      return detail::put(to, static_cast<payload_of_shape<S>>(field_.bits()));
    }
  }

 private:
  /// Refers to the caller's field; an argument is converted to a field here.
  std::conditional_t<HasKey, field const&, field const> field_;
};

template <class T>
struct direct_form {
  static constexpr field_shape shape = detail::shape_of<T>();
  static constexpr bool has_key = false;
};
template <>
struct direct_form<field> {
  static constexpr field_shape shape = field_shape::any;
};
template <field_shape S>
struct direct_form<shaped_field<S>> {
  static constexpr field_shape shape = S;
  static constexpr bool has_key = true;
};

template <class T>
[[nodiscard, gnu::always_inline]] inline auto as_direct(T const& argument) noexcept {
  using form = direct_form<T>;
  if constexpr (detail::is_field<T>) {
    return direct_cell<form::shape, form::has_key>{argument};
  } else {
    return direct_cell<form::shape, form::has_key>{field::argument(argument)};
  }
}

[[nodiscard]] inline fmt::string_view format_string(statement what, void const* text) noexcept {
  if (!what.has(detail::record_format::text_is_cell)) return static_cast<char const*>(text);
  auto const& runtime = *static_cast<std::string_view const*>(text);
  return {runtime.data(), runtime.size()};
}

/// Submits a call after formatting its message, because an argument has its own fmt formatter. `items` as for `call`.
template <class... A>
void submit_formatted(logger_core& logger, statement what, void const* text, detail::call_site where,
                      field* items, std::size_t count, A const&... arguments) noexcept {
  if (!logger.owner.admits(logger, what.severity(), this_thread_scope)) return;
  fmt::string_view const format = format_string(what, text);
  std::uint8_t flags = detail::record_format::text_is_cell | detail::record_format::text_is_rendered;
  auto const submit = [&](std::string_view message) noexcept {
    logger.owner.submit(
        {logger, statement{what.severity(), flags}, &message, where, items, count, this_thread_scope});
  };
  auto const submit_message = [&] { submit(message_at_call(logger.owner, flags, format, arguments...)); };
  if (detail::guarded(submit_message)) return;
  // Without memory for the message, the format string is logged without its arguments.
  flags |= detail::record_format::text_failed;
  submit({format.data(), format.size()});
}

/// The general path: the first call of a thread, a new scope, a full lane, values that run user code.
template <class... A>
[[gnu::noinline, gnu::cold]] void submit_items(logger_core& logger, statement what, void const* text,
                                               detail::call_site where, A const&... arguments) noexcept {
  constexpr auto fields = (std::size_t{0} + ... + (detail::is_field<A> ? 1 : 0));
  constexpr auto args = sizeof...(A) - fields;
  static_assert(args < 256, "fapilog: a log call takes at most 255 format arguments");
  what = what.with_args(args);
  field items[] = {field{}, as_item(arguments)...};
  if constexpr ((detail::formatted_at_call<A> || ...)) {
    submit_formatted(logger, what, text, where, items + args, fields, arguments...);
  } else {
    logger.owner.submit({logger, what, text, where, items, sizeof...(A), this_thread_scope});
  }
}

/// Fetches the cache lines that the lane will use next, about as many as this record takes. The worker's processor has
/// read these lines, so the next record would otherwise wait for each of them.
[[gnu::always_inline]] inline void prefetch_behind(std::byte const* end, std::size_t bytes) noexcept {
  constexpr std::size_t distance = 10 * detail::cache_line;
  for (std::size_t i = 0; i < bytes; i += detail::cache_line) detail::prefetch_to_write(end + distance + i);
}

/// Fetches what `begin_record` writes of the lane. A thread that logs now and then waits for each cache line; this one then comes
/// while the call waits for the channel.
[[gnu::always_inline]] inline void prefetch_lane() noexcept {
  auto const lane = reinterpret_cast<std::uintptr_t>(this_thread_scope.last_lane.owned);  // may be null
  detail::prefetch_to_write(reinterpret_cast<std::byte const*>(lane + lane_front::line_of_call));
}

/// The flags of most message literals whose arguments have these types. A literal with escaped braces and no arguments has
/// others, and so has a message that is not a literal.
template <class... A>
inline constexpr std::uint8_t usual_flags = (detail::is_field<A> && ...)
                                                ? detail::record_format::text_is_rendered
                                                : 0;

/// True if `log_call` can write values of these types itself.
template <class... A>
inline constexpr bool are_direct = ((direct_form<A>::shape != field_shape::any) && ...);
/// True if all records of values of these types are so short that every lane may hold one.
template <class... A>
inline constexpr bool are_short = ((direct_form<A>::shape != field_shape::text) && ...) && sizeof...(A) <= 32;

/// The fastest path: does all that `begin_record` and `commit_record` do in most channels, without a call. It reads one cache line
/// of the thread, one of the channel and one of the lane. Returns false without any effect if it does not apply.
template <class... A>
[[nodiscard, gnu::always_inline]] inline bool write_to_lane(logger_core& logger, statement what,
                                                            void const* text, detail::marked_call_site where,
                                                            A const&... arguments) noexcept {
  using namespace record_format;
  if constexpr (are_direct<A...>) {
    thread_scope const& thread = this_thread_scope;
    channel& owner = logger.owner;
    if (thread.last_lane.direct != &owner) [[unlikely]]
      return false;
    constexpr auto args = (std::size_t{0} + ... + (is_field<A> ? 0 : 1));
    lane_front& lane = *thread.last_lane.owned;
    lane.queue.prefetch_commit();
    std::size_t const size = (near_start_bytes + ... + as_direct(arguments).bytes());
    std::uint64_t const furthest = (std::uint64_t{size} | ... | as_direct(arguments).distance(text));
    if (lane.scope_sent != thread.version || lane.writing.load_relaxed() != 0 || furthest >= 2 * near_reach ||
        (!are_short<A...> && size > lane.queue.longest_to_write()) || !near_call_site::reaches(where, text))
        [[unlikely]]
      return false;
    lane.writing.store_stack_pointer();
    detail::compiler_fence();
    std::uint64_t const begin = lane.queue.position();
    if (!owner.writes_directly() || !lane.queue.is_known_free(begin, size + owner.protected_bytes()))
        [[unlikely]] {
      lane.writing.store_release(0);
      return false;
    }
    lane.submitted.add_by_owner(1);
    std::byte* to = lane.queue.at_position(begin);
    prefetch_to_write(to);
    prefetch_behind(to + size, are_short<A...> ? size : near_start_bytes + 20 * sizeof...(A));
    std::byte* const ticks_at = detail::put(to, what.with_args(args).head(static_cast<std::uint32_t>(size)));
    to = detail::put(ticks_at + sizeof(std::uint64_t), static_cast<char const*>(text));
    to = detail::put(detail::put(to, static_cast<void const*>(&logger)), near_call_site{where, text});
    ((to = as_direct(arguments).put(to, text)), ...);
    detail::put(ticks_at, read_tsc());
    lane.queue.commit_until(begin + size);
    owner.end_record(lane);
    return true;
  } else {
    return false;
  }
}

/// The fast path: writes a record of numbers and strings straight into the lane, unless the level of another thread's scope is all
/// that let it pass. Returns false without any effect if it does not apply.
template <class... A>
[[nodiscard, gnu::always_inline]] inline bool write_directly(logger_core& logger, statement what,
                                                             void const* text, detail::marked_call_site where,
                                                             A const&... arguments) noexcept {
  if constexpr (are_direct<A...>) {
    constexpr auto args = (std::size_t{0} + ... + (detail::is_field<A> ? 0 : 1));
    prefetch_lane();
    std::size_t const size = (detail::record_format::near_start_bytes + ... + as_direct(arguments).bytes());
    // One check for all: keys near the message, and a record that a lane may hold.
    std::uint64_t const furthest = (std::uint64_t{size} | ... | as_direct(arguments).distance(text));
    if (furthest >= 2 * detail::record_format::near_reach) [[unlikely]]
      return false;
    sized_statement const sized{what.with_args(args), static_cast<std::uint32_t>(size)};
    auto [to, lane] = logger.owner.begin_record(logger, sized, text, where, this_thread_scope);
    if (to == nullptr) [[unlikely]]
      return lane != nullptr;
    prefetch_behind(to + size, detail::record_format::near_start_bytes + 20 * sizeof...(A));
    ((to = as_direct(arguments).put(to, text)), ...);
    logger.owner.commit_record(*lane);
    return true;
  } else {
    return false;
  }
}

/// `log_call` if the fastest path does not apply.
template <class... P>
[[gnu::noinline]] void log_by_channel(logger_core& logger, void const* text, detail::marked_call_site where,
                                      P... arguments) noexcept {
  constexpr auto usual = usual_flags<std::remove_cvref_t<P>...>;
  if (write_directly(logger, statement{level{0}, usual}, text, where, arguments...)) [[likely]]
    return;
  auto const severity = static_cast<level>(detail::record_format::level_of_mark(where.mark()));
  auto const flags = static_cast<std::uint8_t>(usual ^ where.flags());
  submit_items(logger, statement{severity, flags}, text, where.site(), arguments...);
}

/// Logs one call with arguments of these types. `where` has the mark of its level, and as flags those of its message that
/// differ from `usual_flags`: such a call takes the general path. Not inlined: statements with the same types share it.
/// Throws: never.
template <class... P>
[[gnu::noinline]] void log_call(logger_core& logger, void const* text, detail::marked_call_site where,
                                P... arguments) noexcept {
  constexpr auto usual = usual_flags<std::remove_cvref_t<P>...>;
  if (write_to_lane(logger, statement{level{0}, usual}, text, where, arguments...)) [[likely]]
    return;
  log_by_channel<P...>(logger, text, where, arguments...);
}

/// The same for a level that is known at run time only, and for any message.
template <class... P>
[[gnu::noinline]] void log_at_level(logger_core& logger, statement what, void const* text,
                                    detail::call_site where, P... arguments) noexcept {
  bool const is_literal = !what.has(detail::record_format::text_is_cell);
  if (is_literal && (write_to_lane(logger, what, text, {where, 0}, arguments...) ||
                     write_directly(logger, what, text, {where, 0}, arguments...))) [[likely]]
    return;
  submit_items(logger, what, text, where, arguments...);
}

/// Logs one call with its fields in a list. Throws: never.
template <std::size_t N>
[[gnu::noinline]] void log_list(logger_core& logger, statement what, void const* text,
                                detail::call_site where, field const (&fields)[N]) noexcept {
  field items[1 + N];
  for (std::size_t i = 0; i < N; ++i) field_copy::assign(items[1 + i], fields[i]);
  logger.owner.submit({logger, what, text, where, items, N, this_thread_scope});
}

}  // namespace fapilog::inline v0_1::detail
