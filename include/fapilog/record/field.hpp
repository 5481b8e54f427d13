// SPDX-License-Identifier: MIT
// Fields: keys and typed values as arguments of a log call.
#pragma once

#include <fapilog/record/key.hpp>
#include <fapilog/record/record.hpp>
#include <fapilog/record/scalar.hpp>
#include <fapilog/record/shape.hpp>
#include <fapilog/record/value_writer.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <string_view>
#include <type_traits>
#include <utility>

namespace fapilog::inline v0_1 {

namespace detail {

/// What the type of a value says about its cell, so that a call copies it without checking its kind.
enum class field_shape : std::uint8_t {
  any,   ///< unknown
  byte,  ///< a payload of one byte
  pair,  ///< of two bytes
  half,  ///< of four bytes
  word,  ///< of eight bytes
  time,  ///< of eight bytes behind one for the digits or the unit
  text,  ///< a string, or null
};

template <field_shape S>
class shaped_field;
struct field_copy;

}  // namespace detail

/// A key and a value: what `kv`, `lazy`, `sensitive` and `caught` return as an argument of a log call. It refers to the
/// value, so it is valid only within the expression that makes it; it cannot be copied, and a call refuses one that is
/// stored in a variable. The call copies everything before it returns.
class field {
 public:
  /// Writes a value that does not fit two words.
  using encoder = void (*)(value_writer&, detail::key_view, void const*);

  constexpr field() noexcept : bits_(0), size_(0) {}

  /// For `{{"user_id", 42}, {"ip", ip}}`: the same as `kv(name, value)`.
  template <class T>
  [[gnu::always_inline]] field(key name, T const& value) noexcept
      : field(name.view(), value) {}  // NOLINT(google-explicit-constructor)
  template <class T>
  [[gnu::always_inline]] field(dynamic_key name, T const& value) noexcept
      : field(name.view(), value) {}  // NOLINT(google-explicit-constructor)
  /// For `{kv("user_id", 42), kv("ip", ip)}`.
  template <detail::field_shape S>
  [[gnu::always_inline]] field(
      detail::shaped_field<S>&& made) noexcept  // NOLINT(google-explicit-constructor)
      : field(static_cast<field const&>(made)) {}

  [[gnu::always_inline]] field(detail::key_view name, encoder write, void const* object) noexcept
      : head_(head(kind::deferred, name)), text_key_(name.text), object_(object), encode_(write) {}

  /// A format argument: a value without a key.
  template <class T>
  static field argument(T const& value) noexcept {
    return field{detail::key_view{}, value};
  }

  [[nodiscard, gnu::always_inline]] detail::key_view name() const noexcept {
    return {text_key_, static_cast<std::uint16_t>(head_ >> 16U), static_cast<std::uint8_t>(head_ >> 8U)};
  }
  [[nodiscard, gnu::always_inline]] kind type() const noexcept {
    return static_cast<kind>(static_cast<std::uint8_t>(head_));
  }
  /// The digits or the unit of a time.
  [[nodiscard, gnu::always_inline]] std::uint8_t extra() const noexcept {
    return static_cast<std::uint8_t>(head_ >> 32U);
  }
  [[nodiscard, gnu::always_inline]] std::uint64_t bits() const noexcept { return bits_; }
  [[nodiscard, gnu::always_inline]] char const* text() const noexcept { return text_; }
  [[nodiscard, gnu::always_inline]] std::size_t size() const noexcept { return size_; }
  void encode(value_writer& writer) const { encode_(writer, name(), object_); }

 private:
  friend struct detail::field_copy;

  field(field const&) noexcept = default;
  field& operator=(field const&) noexcept = default;

  template <class T>
  [[gnu::always_inline]] field(detail::key_view name, T const& value) noexcept
      : text_key_(name.text), bits_(0) {
    static_assert(loggable<T>,
                  "fapilog: this type cannot be logged. Give it to_log(object_writer&, T const&) in its "
                  "namespace, or a fmt formatter.");
    if constexpr (!detail::shape::has_hook<T> && detail::scalar_value<T>) {
      detail::scalar const s = detail::make_scalar(value);
      if (s.type == kind::string) {
        set_text(name, s.text, s.size);
      } else {
        head_ = head(s.type, name, s.extra);
        bits_ = s.bits;
        if constexpr (detail::shape::narrow_text<T>) size_ = 0;  // a null that is a string by its type
      }
    } else if constexpr (!detail::shape::has_hook<T> && detail::shape::narrow_path<T>) {
      set_text(name, value.native().data(), value.native().size());
    } else {
      head_ = head(kind::deferred, name);
      object_ = &value;
      encode_ = [](value_writer& writer, detail::key_view key_name, void const* object) {
        writer.encode(key_name, *static_cast<T const*>(object));
      };
    }
  }
  [[gnu::always_inline]] static std::uint64_t head(kind type, detail::key_view name,
                                                   std::uint8_t extra = 0) noexcept {
    return static_cast<std::uint64_t>(type) | std::uint64_t{name.flags} << 8U |
           std::uint64_t{name.size} << 16U | std::uint64_t{extra} << 32U;
  }
  [[gnu::always_inline]] void set_text(detail::key_view name, char const* text, std::size_t size) noexcept {
    head_ = head(kind::string, name);
    text_ = text;
    size_ = size;
  }

  /// Kind, flags and length of the key, and the digits or the unit, in one word: a call stores them at once.
  std::uint64_t head_ = 0;
  char const* text_key_ = nullptr;
  union {
    std::uint64_t bits_;
    char const* text_;
    void const* object_;
  };
  union {
    std::size_t size_;
    encoder encode_;
  };
};

namespace detail {

template <class T>
constexpr field_shape shape_of() noexcept {
  if constexpr (!detail::shape::has_hook<T> && (detail::shape::narrow_text<T> || detail::shape::path<T>))
    return field_shape::text;
  else if constexpr (detail::shape::has_hook<T> || !scalar_value<T>) return field_shape::any;
  else if constexpr (std::is_same_v<T, bool>) return field_shape::byte;
  else if constexpr (std::is_null_pointer_v<T>) return field_shape::pair;
  else if constexpr (detail::shape::character<T> || std::is_same_v<T, float> ||
                     ((std::is_integral_v<T> || std::is_enum_v<T>)&&sizeof(T) <= 4))
    return field_shape::half;
  else if constexpr (detail::shape::duration<T> || detail::shape::time_point<T>) return field_shape::time;
  else return field_shape::word;
}

/// A field with a literal key whose type has the shape of its value.
template <field_shape S>
class shaped_field : public field {
 public:
  template <class T>
  [[gnu::always_inline]] shaped_field(key name, T const& value) noexcept : field(name, value) {}
};

/// Copies a field for the time of one call, which its value outlives.
struct field_copy {
  [[nodiscard, gnu::always_inline]] static field of(field const& original) noexcept { return original; }
  static void assign(field& to, field const& original) noexcept { to = original; }
  /// Makes the record contain the characters of a key that is a literal.
  static void copy_key(field& f) noexcept {
    if (f.name().flags == record_format::key_is_literal)
      f.head_ |= std::uint64_t{record_format::key_is_inline} << 8U;
  }
};

template <class T>
inline constexpr bool is_field = std::is_base_of_v<field, T>;

/// Fields as forwarding references.
template <class... A>
concept all_fields = (is_field<std::remove_cvref_t<A>> && ...);

/// True if one of the arguments of a call (forwarding references) is a field that is stored in a variable.
template <class... A>
concept has_stored_field = ((std::is_lvalue_reference_v<A> && is_field<std::remove_cvref_t<A>>) || ...);

template <class... A>
constexpr void refuse_stored_fields() noexcept {
  static_assert(
      !has_stored_field<A...>,
      "fapilog: a field refers to its value and must not be stored in a variable: make it in the log "
      "call, or pass it on with std::forward");
}

[[noreturn]] FAPILOG_DETAIL_COMPILE_ERROR(
    "fapilog: two fields of this log call have the same key") void duplicate_key_error() noexcept;

/// Refuses two equal literal keys in one call, if the compiler optimises; otherwise the last field wins.
template <class A, class B>
[[gnu::always_inline]] inline void refuse_same_key([[maybe_unused]] A const& a,
                                                   [[maybe_unused]] B const& b) noexcept {
#if FAPILOG_DETAIL_CHECKS_KEYS
  if constexpr (is_field<A> && is_field<B>) {
    bool const same = a.name().flags == detail::record_format::key_is_literal &&
                      b.name().flags == a.name().flags && a.name().size == b.name().size &&
                      __builtin_memcmp(a.name().text, b.name().text, a.name().size) == 0;
    if (__builtin_constant_p(same) && same) duplicate_key_error();
  }
#endif
}

[[gnu::always_inline]] inline void refuse_duplicate_keys() noexcept {}
template <class First, class... Rest>
[[gnu::always_inline]] inline void refuse_duplicate_keys(First const& first, Rest const&... rest) noexcept {
  (refuse_same_key(first, rest), ...);
  refuse_duplicate_keys(rest...);
}

template <std::size_t N, std::size_t... Index>
[[gnu::always_inline]] inline void refuse_duplicates(field const (&fields)[N],
                                                     std::index_sequence<Index...>) noexcept {
  refuse_duplicate_keys(fields[Index]...);
}
template <std::size_t N>
[[gnu::always_inline]] inline field const* without_duplicates(field const (&fields)[N]) noexcept {
  refuse_duplicates(fields, std::make_index_sequence<N>{});
  return fields;
}

}  // namespace detail

/// Makes a field from a literal key and any loggable value: numbers, strings, containers, times, paths, error codes,
/// enums, optional and variant values, and types with `to_log` or a fmt formatter.
template <class T>
[[nodiscard, gnu::always_inline]] inline auto kv(key name, T const& value) noexcept {
  return detail::shaped_field<detail::shape_of<T>()>{name, value};
}

/// Makes the same field with a key that is known only at run time.
template <class T>
[[nodiscard]] field kv(dynamic_key name, T const& value) noexcept {
  return field{name, value};
}

/// Makes a field whose value is computed only if the level is enabled: `lazy("dump", [&] { return expensive(); })`.
/// If the function throws, the value is an error message and the record is kept.
template <class F>
[[nodiscard, gnu::always_inline]] inline field lazy(key name, F const& compute) noexcept {
  static_assert(std::is_invocable_v<F&>, "fapilog: lazy takes a function without parameters");
  static_assert(loggable<std::remove_cvref_t<std::invoke_result_t<F&>>>,
                "fapilog: the result of this lazy function cannot be logged");
  return field{name.view(),
               [](value_writer& writer, detail::key_view key_name, void const* object) {
                 // The closure belongs to the caller, as a temporary or a variable; a mutable lambda may change it.
                 auto const& result = (*const_cast<F*>(static_cast<F const*>(object)))();
                 writer.encode(key_name, result);
               },
               &compute};
}

namespace detail {
/// The value of a `sensitive` field in the record.
inline constexpr std::string_view sensitive_text = "***";
}  // namespace detail

/// Makes a field whose value is never copied: the record has `***`. Use it for values that are known to be secret at
/// the call.
template <class T>
[[nodiscard, gnu::always_inline]] inline auto sensitive(key name, T const& /*value*/) noexcept {
  return detail::shaped_field<detail::field_shape::text>{name, detail::sensitive_text};
}

/// Makes the same field with a key that is known only at run time.
template <class T>
[[nodiscard]] field sensitive(dynamic_key name, T const& /*value*/) noexcept {
  return field{name, detail::sensitive_text};
}

/// Makes a field of an exception. Its type, message and chain of causes go to `diagnostics.exception` of the record:
/// `catch (std::exception const& e) { log.error("charge failed", caught(e)); }`
[[nodiscard]] inline field caught(std::exception const& error) noexcept {
  return field{detail::key_view{},
               [](value_writer& writer, detail::key_view key_name, void const* object) {
                 writer.encode_exception(key_name, *static_cast<std::exception const*>(object), 0);
               },
               &error};
}

/// Makes a field of `std::current_exception()`. The type is "unknown" if the exception is not derived from
/// std::exception.
[[nodiscard]] inline field caught(std::exception_ptr const& error) noexcept {
  return field{detail::key_view{},
               [](value_writer& writer, detail::key_view key_name, void const* object) {
                 writer.encode_exception(key_name, *static_cast<std::exception_ptr const*>(object));
               },
               &error};
}

}  // namespace fapilog::inline v0_1
