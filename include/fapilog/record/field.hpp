// SPDX-License-Identifier: MIT
// A field: a key and a typed value, as the arguments of a log call.
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
#include <type_traits>
#include <utility>

namespace fapilog {

/// One key and value, made by `kv`, `lazy` or `exception` as an argument of a log call. It refers to its value:
/// use it within the full expression that makes it. Everything is copied before the call returns.
class field {
 public:
  /// Writes a value that does not fit two words.
  using encoder = void (*)(value_writer&, detail::key_view, void const*);

  constexpr field() noexcept : type_(kind::null), bits_(0) {}

  /// For `{{"user_id", 42}, {"ip", ip}}`: the same as `kv(name, value)`.
  template <class T>
  [[gnu::always_inline]] field(key name, T const& value) noexcept
      : field(name.view(), name.hash(), value) {}  // NOLINT(google-explicit-constructor)
  template <class T>
  [[gnu::always_inline]] field(dynamic_key name, T const& value) noexcept
      : field(name.view(), std::uint32_t{0}, value) {}  // NOLINT(google-explicit-constructor)

  [[gnu::always_inline]] field(detail::key_view name, encoder write, void const* object,
                               std::uint32_t hash = 0) noexcept
      : text_key_(name.text),
        key_size_(name.size),
        key_flags_(name.flags),
        type_(kind::deferred),
        hash_(hash),
        object_(object),
        encode_(write) {}

  /// A format argument: a value without a key.
  template <class T>
  static field argument(T const& value) noexcept {
    return field{detail::key_view{}, std::uint32_t{0}, value};
  }

  [[nodiscard, gnu::always_inline]] detail::key_view name() const noexcept {
    return {text_key_, key_size_, key_flags_};
  }
  [[nodiscard]] kind type() const noexcept { return type_; }
  /// 0 where the key is not a literal.
  [[nodiscard, gnu::always_inline]] std::uint32_t key_hash() const noexcept { return hash_; }

  [[nodiscard]] std::uint32_t extra() const noexcept { return extra_; }
  [[nodiscard]] std::uint64_t bits() const noexcept { return bits_; }
  [[nodiscard]] char const* text() const noexcept { return text_; }
  [[nodiscard]] std::size_t size() const noexcept { return size_; }
  void encode(value_writer& writer) const { encode_(writer, name(), object_); }

 private:
  template <class T>
  [[gnu::always_inline]] field(detail::key_view name, std::uint32_t hash, T const& value) noexcept
      : text_key_(name.text),
        key_size_(name.size),
        key_flags_(name.flags),
        type_(kind::deferred),
        hash_(hash),
        bits_(0) {
    static_assert(loggable<T>,
                  "fapilog: this type cannot be logged. Give it to_log(object_writer&, T const&) in its "
                  "namespace, or a fmt formatter.");
    if constexpr (!shape::has_hook<T> && detail::scalar_value<T>) {
      detail::scalar const s = detail::make_scalar(value);
      type_ = s.type;
      if (s.type == kind::string) {
        text_ = s.text;
        size_ = s.size;
      } else {
        extra_ = s.extra;
        bits_ = s.bits;
      }
    } else if constexpr (!shape::has_hook<T> && shape::path<T>) {
      type_ = kind::string;
      text_ = value.native().data();
      size_ = value.native().size();
    } else {
      object_ = &value;
      encode_ = [](value_writer& writer, detail::key_view key_name, void const* object) {
        writer.encode(key_name, *static_cast<T const*>(object));
      };
    }
  }

  char const* text_key_ = nullptr;
  std::uint16_t key_size_ = 0;
  std::uint8_t key_flags_ = 0;
  kind type_;
  std::uint32_t hash_ = 0;
  union {
    std::uint64_t bits_;
    char const* text_;
    void const* object_;
  };
  union {
    std::size_t size_ = 0;
    std::uint32_t extra_;
    encoder encode_;
  };
};

namespace detail {

template <class T>
inline constexpr bool is_field = std::is_same_v<T, field>;

[[noreturn]] FAPILOG_DETAIL_COMPILE_ERROR(
    "fapilog: two fields of this log call have the same key") void duplicate_key_error() noexcept;

/// Two literal keys of one call that are the same: an error where the compiler optimises; elsewhere the last one wins.
template <class A, class B>
[[gnu::always_inline]] inline void refuse_same_key([[maybe_unused]] A const& a,
                                                   [[maybe_unused]] B const& b) noexcept {
#if FAPILOG_DETAIL_CHECKS_KEYS
  if constexpr (is_field<A> && is_field<B>) {
    bool const same = a.key_hash() != 0 && a.key_hash() == b.key_hash() && a.name().size == b.name().size &&
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

template <std::size_t N, std::size_t... I>
[[gnu::always_inline]] inline void refuse_duplicates(field const (&fields)[N],
                                                     std::index_sequence<I...>) noexcept {
  refuse_duplicate_keys(fields[I]...);
}
template <std::size_t N>
[[gnu::always_inline]] inline field const* without_duplicates(field const (&fields)[N]) noexcept {
  refuse_duplicates(fields, std::make_index_sequence<N>{});
  return fields;
}

}  // namespace detail

/// A field from a literal key and any loggable value: numbers, text (copied), containers, times, paths, error codes,
/// enums, optional and variant values, and types with `to_log` or a fmt formatter.
template <class T>
[[nodiscard, gnu::always_inline]] inline field kv(key name, T const& value) noexcept {
  return field{name, value};
}

/// The same with a key that is known only at run time.
template <class T>
[[nodiscard]] field kv(dynamic_key name, T const& value) noexcept {
  return field{name, value};
}

/// A field whose value is computed only when the record is enabled: `lazy("dump", [&] { return expensive(); })`.
/// What the function throws becomes the field's text; the record is kept.
template <class F>
[[nodiscard, gnu::always_inline]] inline field lazy(key name, F const& compute) noexcept {
  static_assert(std::is_invocable_v<F&>, "fapilog: lazy takes a function without parameters");
  static_assert(loggable<std::remove_cvref_t<std::invoke_result_t<F&>>>,
                "fapilog: the result of this lazy function cannot be logged");
  return field{name.view(),
               [](value_writer& writer, detail::key_view key_name, void const* object) {
                 // The caller's closure: a temporary or a variable of its own, which a mutable lambda may change.
                 auto const& result = (*const_cast<F*>(static_cast<F const*>(object)))();
                 writer.encode(key_name, result);
               },
               &compute, name.hash()};
}

/// The exception as type, message and chain of causes in the envelope's `diagnostics.exception`.
[[nodiscard]] inline field exception(std::exception const& error) noexcept {
  return field{detail::key_view{},
               [](value_writer& writer, detail::key_view key_name, void const* object) {
                 writer.encode_exception(key_name, *static_cast<std::exception const*>(object), 0);
               },
               &error};
}

/// The same for `std::current_exception()`; what is not derived from std::exception is called "unknown".
[[nodiscard]] inline field exception(std::exception_ptr const& error) noexcept {
  return field{detail::key_view{},
               [](value_writer& writer, detail::key_view key_name, void const* object) {
                 auto const& pointer = *static_cast<std::exception_ptr const*>(object);
                 if (!pointer) return writer.encode_scalar(key_name, detail::scalar{});
                 try {
                   std::rethrow_exception(pointer);
                 } catch (std::exception const& thrown) {
                   return writer.encode_exception(key_name, thrown, 0);
                 } catch (...) {
                   return writer.encode_unknown_exception(key_name);
                 }
               },
               &error};
}

}  // namespace fapilog
