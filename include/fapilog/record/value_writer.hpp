// SPDX-License-Identifier: MIT
// Encodes any loggable value as cells; the `to_log` of a user type writes through it.
#pragma once

#include <fapilog/detail/compiler.hpp>
#include <fapilog/detail/memory/byte_buffer.hpp>
#include <fapilog/record/key.hpp>
#include <fapilog/record/record.hpp>
#include <fapilog/record/scalar.hpp>
#include <fapilog/record/shape.hpp>

#include <cstdint>
#include <cstring>
#include <exception>
#include <string_view>
#include <typeinfo>

namespace fapilog::inline v0_1 {

namespace detail {
/// A container that is nested deeper is replaced by the string `<nested deeper than 64>`.
inline constexpr unsigned max_depth = 64;
}  // namespace detail

/// Writes one value. `to_log(value_writer&, T const&)` must write exactly one value; further values are ignored. Thread:
/// the calling one. Throws: std::bad_alloc and whatever the values throw; the logger logs an error message instead.
class value_writer {
 public:
  /// Appends to `out` until it holds `limit` bytes. What does not fit is cut, and `clipped()` returns true.
  value_writer(detail::byte_buffer& out, std::size_t limit) noexcept : out_(out), limit_(limit) {}

  /// Writes one value of any loggable type.
  template <class T>
  void value(T const& v) {
    if (taken()) encode(pending_, v);
  }

  /// Writes an object. `members` is called with an `object_writer&`.
  template <class F>
  void object(F&& members);

  /// Writes an array. `elements` is called with an `array_writer&`.
  template <class F>
  void array(F&& elements);

  [[nodiscard]] bool clipped() const noexcept { return clipped_; }

  /// Writes a cell with this key. Internal, like the functions below.
  template <class T>
  void encode(detail::key_view name, T const& v);

  void encode_scalar(detail::key_view name, detail::scalar const& value);
  void encode_text(detail::key_view name, kind type, char const* text, std::size_t size,
                   std::uint8_t flags = 0);
  void encode_exception(detail::key_view name, std::exception const& error, unsigned causes);
  void encode_exception(detail::key_view name, std::exception_ptr const& error);
  void encode_unknown_exception(detail::key_view name);

  /// The position of the members of an open container. `ok` is false if it is too deep or does not fit.
  struct opened {
    std::size_t at = 0;
    bool ok = false;
  };
  opened open(detail::key_view name, kind type);
  void close(opened const& container);

 private:
  friend class object_writer;
  friend class array_writer;

  /// True if the value may be written. A second value of a hook would corrupt the record, so only the first is written.
  bool taken() noexcept {
    if (!single_) return true;
    if (written_) return false;
    written_ = true;
    return true;
  }
  /// Appends a tag, a key, and `payload` bytes to which it returns a pointer; null if they do not fit.
  std::byte* put_head(detail::key_view name, kind type, std::size_t payload, unsigned flags = 0);
  template <class T>
  void encode_by_hook(detail::key_view name, T const& v);
  template <class T>
  void encode_wide(detail::key_view name, T const& text);
  template <class T>
  void encode_range(detail::key_view name, T const& values);
  template <class T>
  void encode_formatted(detail::key_view name, T const& v);

  detail::byte_buffer& out_;
  std::size_t limit_;
  unsigned depth_ = 0;
  bool clipped_ = false;
  bool full_ = false;  ///< no room is left, so nothing further is written
  bool single_ = false;
  bool written_ = false;
  detail::key_view pending_{};
};

/// Writes the members of one object.
class object_writer {
 public:
  explicit object_writer(value_writer& writer) noexcept : writer_(writer) {}

  /// Adds a member. A key written twice keeps the last value.
  template <class T>
  object_writer& kv(key name, T const& value) {
    static_assert(loggable<T>,
                  "fapilog: this type cannot be logged. Give it to_log(object_writer&, T const&) in its "
                  "namespace, or a fmt formatter.");
    writer_.encode(name.view(), value);
    return *this;
  }
  template <class T>
  object_writer& kv(dynamic_key name, T const& value) {
    static_assert(loggable<T>,
                  "fapilog: this type cannot be logged. Give it to_log(object_writer&, T const&) in its "
                  "namespace, or a fmt formatter.");
    writer_.encode(name.view(), value);
    return *this;
  }

 private:
  value_writer& writer_;
};

/// Writes the elements of one array.
class array_writer {
 public:
  explicit array_writer(value_writer& writer) noexcept : writer_(writer) {}

  template <class T>
  array_writer& value(T const& element) {
    writer_.encode(detail::key_view{}, element);
    return *this;
  }

 private:
  value_writer& writer_;
};

template <class F>
void value_writer::object(F&& members) {
  if (!taken()) return;
  auto const container = open(pending_, kind::object);
  if (!container.ok) return;
  bool const outer = std::exchange(single_, false);
  auto const outer_name = std::exchange(pending_, detail::key_view{});
  object_writer writer{*this};
  members(writer);
  pending_ = outer_name;
  single_ = outer;
  close(container);
}

template <class F>
void value_writer::array(F&& elements) {
  if (!taken()) return;
  auto const container = open(pending_, kind::array);
  if (!container.ok) return;
  bool const outer = std::exchange(single_, false);
  auto const outer_name = std::exchange(pending_, detail::key_view{});
  array_writer writer{*this};
  elements(writer);
  pending_ = outer_name;
  single_ = outer;
  close(container);
}

template <class T>
void value_writer::encode(detail::key_view name, T const& v) {
  if constexpr (detail::shape::has_hook<T>) {
    encode_by_hook(name, v);
  } else if constexpr (detail::scalar_value<T>) {
    encode_scalar(name, detail::make_scalar(v));
  } else if constexpr (std::derived_from<T, std::exception>) {
    encode_exception(name, v, 0);
  } else if constexpr (detail::shape::named_enum<T>) {
    encode(name, to_string(v));
  } else if constexpr (detail::shape::wide_text_class<T> || detail::shape::wide_text_pointer<T>) {
    encode_wide(name, v);
  } else if constexpr (detail::shape::path<T>) {
    encode(name, v.native());
  } else if constexpr (detail::shape::error_code<T>) {
    auto const container = open(name, kind::object);
    if (!container.ok) return;
    encode(detail::key_view::literal("code"), v.value());
    encode(detail::key_view::literal("category"), v.category().name());
    encode(detail::key_view::literal("message"), v.message());
    close(container);
  } else if constexpr (detail::shape::optional<T>) {
    if (v.has_value()) {
      encode(name, *v);
    } else {
      encode_scalar(name, detail::scalar{});
    }
  } else if constexpr (detail::shape::variant<T>) {
    if (v.valueless_by_exception()) {
      encode_scalar(name, detail::scalar{});
    } else {
      visit(
          [&]<class Held>(Held const& held) {
            if constexpr (!loggable<Held> && std::is_empty_v<Held>) {
              encode_scalar(name, detail::scalar{});  // std::monostate
            } else {
              encode(name, held);
            }
          },
          v);
    }
  } else if constexpr (detail::shape::byte_range<T>) {
    encode_text(name, kind::bytes, reinterpret_cast<char const*>(static_cast<std::byte const*>(v.data())),
                v.size());
  } else if constexpr (detail::shape::range<T>) {
    encode_range(name, v);
  } else if constexpr (detail::shape::tuple<T>) {
    auto const container = open(name, kind::array);
    if (!container.ok) return;
    [&]<std::size_t... Index>(std::index_sequence<Index...>) {
      using std::get;
      (encode(detail::key_view{}, get<Index>(v)), ...);
    }
    (std::make_index_sequence<std::tuple_size<T>::value>{});
    close(container);
  } else if constexpr (detail::shape::formattable<T>) {
    encode_formatted(name, v);
  } else {
    static_assert(loggable<T>,
                  "fapilog: this type cannot be logged. Give it to_log(object_writer&, T const&) in its "
                  "namespace, or a fmt formatter.");
  }
}

template <class T>
void value_writer::encode_by_hook(detail::key_view name, T const& v) {
  if constexpr (detail::shape::logs_as_value<T>) {
    std::size_t const before = out_.size();
    bool const outer_single = std::exchange(single_, true);
    bool const outer_written = std::exchange(written_, false);
    auto const outer_name = std::exchange(pending_, name);
    to_log(*this, v);
    single_ = outer_single;
    written_ = outer_written;
    pending_ = outer_name;
    if (out_.size() == before && !clipped_) encode_scalar(name, detail::scalar{});
  } else {
    auto const container = open(name, kind::object);
    if (!container.ok) return;
    object_writer writer{*this};
    to_log(writer, v);
    close(container);
  }
}

template <class T>
void value_writer::encode_wide(detail::key_view name, T const& text) {
  detail::byte_buffer utf8;
  if constexpr (detail::shape::wide_text_class<T>) {
    detail::append_utf8(utf8, text.data(), text.size());
  } else if constexpr (std::is_array_v<T>) {
    detail::append_utf8(utf8, text, detail::wide_length(text, std::extent_v<T>));
  } else {
    if (text == nullptr) return encode_scalar(name, detail::scalar{});
    detail::append_utf8(utf8, text, detail::wide_length(text, static_cast<std::size_t>(-1)));
  }
  encode_text(name, kind::string, reinterpret_cast<char const*>(utf8.data()), utf8.size());
}

template <class T>
void value_writer::encode_range(detail::key_view name, T const& values) {
  if constexpr (detail::shape::map<T>) {
    if constexpr (detail::map_key<typename T::key_type>) {
      auto const container = open(name, kind::object);
      if (!container.ok) return;
      for (auto const& [k, mapped] : values) {
        detail::map_key_text const text{k};
        encode(text.view(), mapped);
      }
      return close(container);
    }
  }
  auto const container = open(name, kind::array);
  if (!container.ok) return;
  for (auto&& element : values) {
    encode(detail::key_view{}, element);
    if (full_) break;
  }
  close(container);
}

template <class T>
void value_writer::encode_formatted(detail::key_view name, T const& v) {
  char short_form[256];
  std::size_t const size = fmt::format_to_n(short_form, sizeof short_form, "{}", v).size;
  if (size <= sizeof short_form) return encode_text(name, kind::string, short_form, size);
  detail::byte_buffer large;
  auto* const begin = reinterpret_cast<char*>(large.extend(size));
  std::size_t const again = fmt::format_to_n(begin, size, "{}", v).size;
  encode_text(name, kind::string, begin, again < size ? again : size);
}

inline std::byte* value_writer::put_head(detail::key_view name, kind type, std::size_t payload,
                                         unsigned flags) {
  std::size_t const total = 1 + name.bytes() + payload;
  if (total > limit_ || out_.size() > limit_ - total) {
    clipped_ = full_ = true;
    return nullptr;
  }
  return detail::put_tag(out_.extend(total), type, name, flags);
}

inline void value_writer::encode_scalar(detail::key_view name, detail::scalar const& value) {
  if (value.type == kind::string) return encode_text(name, kind::string, value.text, value.size);
  std::byte* const to = put_head(name, value.type, detail::record_format::payload_size(value.type));
  if (to != nullptr) detail::put_payload(to, value.type, value.extra, value.bits);
}

inline void value_writer::encode_text(detail::key_view name, kind type, char const* text, std::size_t size,
                                      std::uint8_t flags) {
  std::size_t const fixed = 1 + name.bytes() + detail::record_format::length_bytes(size);
  std::size_t const room = limit_ > out_.size() + fixed ? limit_ - out_.size() - fixed : 0;
  if (size > room) {
    size = type == kind::string ? detail::clip_utf8(text, room) : room;
    flags = static_cast<std::uint8_t>(flags | detail::record_format::clipped);
    clipped_ = full_ = true;
  }
  std::byte* const to = put_head(name, type, detail::record_format::length_bytes(size) + size, flags);
  if (to != nullptr) detail::put_text(to, text, size);
}

inline value_writer::opened value_writer::open(detail::key_view name, kind type) {
  if (depth_ >= detail::max_depth) {
    constexpr std::string_view text = "<nested deeper than 64>";
    encode_text(name, kind::string, text.data(), text.size(), detail::record_format::clipped);
    clipped_ = true;
    return {};
  }
  std::byte* const to = put_head(name, type, detail::record_format::long_length_bytes);
  if (to == nullptr) return {};
  detail::put(detail::put(to, detail::record_format::long_length), std::uint32_t{0});
  ++depth_;
  return {out_.size(), true};
}

inline void value_writer::close(opened const& container) {
  --depth_;
  auto const size = static_cast<std::uint32_t>(out_.size() - container.at);
  detail::put(out_.data() + container.at - sizeof size, size);
}

inline void value_writer::encode_unknown_exception(detail::key_view name) {
  auto const container = open(name, kind::exception);
  if (!container.ok) return;
  encode(detail::key_view::literal("error.type"), "unknown");
  encode(detail::key_view::literal("error.message"), "not derived from std::exception");
  close(container);
}

#if FAPILOG_DETAIL_EXCEPTIONS  // see guarded_call.hpp
inline void value_writer::encode_exception(detail::key_view name, std::exception const& error,
                                           [[maybe_unused]] unsigned causes) {
  auto const container = open(name, kind::exception);
  if (!container.ok) return;
#if defined(__cpp_rtti)
  encode(detail::key_view::literal("error.type"), typeid(error).name());
#else
  encode(detail::key_view::literal("error.type"), "std::exception");
#endif
  encode(detail::key_view::literal("error.message"), error.what());
#if defined(__cpp_rtti)  // which finding a cause needs
  constexpr unsigned max_causes = 16;
  if (causes < max_causes) {
    try {
      std::rethrow_if_nested(error);
    } catch (std::exception const& cause) {
      encode_exception(detail::key_view::literal("error.cause"), cause, causes + 1);
    } catch (...) {
      encode_unknown_exception(detail::key_view::literal("error.cause"));
    }
  }
#endif
  close(container);
}

inline void value_writer::encode_exception(detail::key_view name, std::exception_ptr const& error) {
  if (!error) return encode_scalar(name, detail::scalar{});
  try {
    std::rethrow_exception(error);
  } catch (std::exception const& thrown) {
    encode_exception(name, thrown, 0);
  } catch (...) {
    encode_unknown_exception(name);
  }
}
#endif

}  // namespace fapilog::inline v0_1
