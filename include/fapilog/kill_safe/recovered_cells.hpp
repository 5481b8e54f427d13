// SPDX-License-Identifier: MIT
// Copies the cells of a record that a process left behind, checks every byte and replaces literal keys by their characters.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/kill_safe/literal_reader.hpp>
#include <fapilog/record/cell_view.hpp>
#include <fapilog/record/record.hpp>
#include <fapilog/record/value_writer.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// `0x` and the hexadecimal digits of an address. Throws: std::bad_alloc.
[[nodiscard]] inline std::string address_text(std::uint64_t address) {
  char digits[16];
  (void)put_hex(put_hex(digits, static_cast<std::uint32_t>(address >> 32U), 8),
                static_cast<std::uint32_t>(address), 8);
  std::string_view const all{digits, sizeof digits};
  return "0x" + std::string{all.substr((std::min)(all.find_first_not_of('0'), sizeof digits - 1))};
}

/// Thread: one. Throws: std::bad_alloc.
class recovered_cells {
 public:
  using bytes = std::span<std::byte const>;

  /// Which keys a cell may have.
  enum class keyed : std::uint8_t {
    never,        ///< arguments and elements
    by_address,   ///< bound fields, scopes and members: literals by address
    by_distance,  ///< fields of a call: also literals by their distance from the message
  };

  recovered_cells(literal_reader const& literals, std::uint64_t message) noexcept
      : literals_(literals), message_(message) {}

  /// Copies all cells. False if a byte is not as it must be; then `problem()` says what.
  [[nodiscard]] bool copy(bytes from, keyed how) {
    while (!from.empty()) {
      if (!copy_cell(from, how, 0, kind::null)) return false;
    }
    return true;
  }
  /// Copies the first `count` cells, which have no keys, and removes them from `from`.
  [[nodiscard]] bool copy_arguments(bytes& from, std::size_t count) {
    for (; count != 0; --count) {
      if (from.empty()) return fail("an argument is missing");
      if (!copy_cell(from, keyed::never, 0, kind::null)) return false;
    }
    return true;
  }
  /// Appends a string without a key.
  void put_string(std::string_view text, std::uint8_t flags = 0) {
    std::byte* const to = extend(1 + record_format::length_bytes(text.size()) + text.size());
    put_text(put(to, record_format::tag_of(kind::string, flags)), text.data(), text.size());
  }

  [[nodiscard]] std::vector<std::byte> const& copied() const noexcept { return out_; }
  [[nodiscard]] char const* problem() const noexcept { return problem_; }
  [[nodiscard]] std::uint64_t unknown_keys() const noexcept { return unknown_keys_; }
  /// The largest integer so far, without its sign.
  [[nodiscard]] std::uint64_t largest_integer() const noexcept { return largest_integer_; }

 private:
  [[nodiscard]] bool fail(char const* problem) noexcept {
    problem_ = problem;
    return false;
  }
  std::byte* extend(std::size_t size) {
    out_.resize(out_.size() + size);
    return out_.data() + out_.size() - size;
  }
  /// Removes the first `size` bytes of `from` and returns them; fewer if fewer are left.
  [[nodiscard]] static bytes take(bytes& from, std::size_t size) noexcept {
    bytes const first = from.first((std::min)(size, from.size()));
    from = from.subspan(first.size());
    return first;
  }

  [[nodiscard]] bool copy_cell(bytes& from, keyed how, unsigned depth, kind parent) {
    bytes const cell = from;
    auto const tag = static_cast<std::uint8_t>(take(from, 1).front());
    auto const type = static_cast<kind>(tag & record_format::kind_bits);
    tag_sizes const sizes = sizes_of_tags[tag];

    bytes key = take(from, sizes.key);
    if (key.size() != sizes.key) return fail("a key is cut off");
    auto const key_form = static_cast<std::uint8_t>(tag & record_format::key_bits);
    if (key_form != 0 && how == keyed::never) return fail("an argument or an element has a key");
    std::string_view name;
    std::string made_up;
    switch (key_form) {
      case record_format::key_is_inline: {
        auto const size = detail::read<std::uint16_t>(key.data());
        key = take(from, size);
        if (key.size() != size) return fail("a key is cut off");
        name = {reinterpret_cast<char const*>(key.data()), key.size()};
        break;
      }
      case record_format::key_is_near: {
        if (how != keyed::by_distance) return fail("a key has a distance where it must have an address");
        auto const word = detail::read<std::uint32_t>(cell.data());
        name = literal_key(
            message_ + static_cast<std::uint64_t>(std::int64_t{record_format::distance_of(word)}), made_up);
        break;
      }
      case record_format::key_is_literal:
        name = literal_key(detail::read<std::uintptr_t>(key.data()), made_up);
        break;
      default: break;
    }
    bool const is_member = parent == kind::object || parent == kind::exception;
    if (is_member && key_form == 0) return fail("a member has no key");

    std::size_t size = sizes.payload;
    if (record_format::is_sized(type)) {
      bytes length = take(from, sizeof(std::uint16_t));
      if (length.size() != sizeof(std::uint16_t)) return fail("a length is cut off");
      size = detail::read<std::uint16_t>(length.data());
      if (size == record_format::long_length) {
        length = take(from, sizeof(std::uint32_t));
        if (length.size() != sizeof(std::uint32_t)) return fail("a length is cut off");
        size = detail::read<std::uint32_t>(length.data());
      }
    }
    bytes payload = take(from, size);
    if (payload.size() != size) return fail("a value is cut off");

    auto const flags = static_cast<std::uint8_t>(tag & (record_format::clipped | record_format::failed));
    put_key(type, key_form != 0, name, flags);
    using record_format::payload_form;
    switch (record_format::form_of(type)) {
      case payload_form::members: return copy_container(payload, keyed::by_address, depth, type);
      case payload_form::elements: return copy_container(payload, keyed::never, depth, type);
      case payload_form::text:
        put_length_and_text(payload, parent == kind::exception && name == "error.type");
        return true;
      case payload_form::word:
        if (!is_possible_word(type, payload)) return fail("a time has an unknown unit");
        note_integer(type, payload);
        break;
      case payload_form::unknown: return fail("a value has an unknown kind");
      case payload_form::none: std::memset(extend(size), 0, size); return true;
      case payload_form::truth:
      case payload_form::code_point:
      case payload_form::uuid: break;
    }
    std::memcpy(extend(size), payload.data(), size);
    return true;
  }

  void put_key(kind type, bool has_key, std::string_view name, std::uint8_t flags) {
    std::byte* to = extend(1 + (has_key ? sizeof(std::uint16_t) + name.size() : 0));
    to = put(to, record_format::tag_of(type, flags | (has_key ? record_format::key_is_inline : 0U)));
    if (!has_key) return;
    to = put(to, static_cast<std::uint16_t>(name.size()));
    if (!name.empty()) std::memcpy(to, name.data(), name.size());
  }

  [[nodiscard]] bool copy_container(bytes content, keyed how, unsigned depth, kind type) {
    if (depth >= max_depth) return fail("a value is nested too deeply");
    put(put(extend(record_format::long_length_bytes), record_format::long_length), std::uint32_t{0});
    std::size_t const begin = out_.size();
    while (!content.empty()) {
      if (!copy_cell(content, how, depth + 1, type)) return false;
    }
    std::size_t const size = out_.size() - begin;
    if (size > max_bytes) return fail("a value is too large");
    put(out_.data() + begin - sizeof(std::uint32_t), static_cast<std::uint32_t>(size));
    return true;
  }

  /// A mangled name may stand for one that is exponentially long. Such a name is marked, so that the reader does not demangle it.
  void put_length_and_text(bytes payload, bool is_type_name) {
    std::string_view text{reinterpret_cast<char const*>(payload.data()), payload.size()};
    constexpr std::ptrdiff_t max_references = 32;
    std::string marked;
    if (is_type_name && std::count(text.begin(), text.end(), '_') > max_references)
      text = marked.append(text).append(" (mangled)");
    put_text(extend(record_format::length_bytes(text.size()) + text.size()), text.data(), text.size());
  }

  [[nodiscard]] static bool is_possible_word(kind type, bytes payload) noexcept {
    if (type != kind::timestamp && type != kind::duration) return true;
    auto const extra = static_cast<std::uint8_t>(payload.front());
    if (type == kind::duration) return extra <= static_cast<std::uint8_t>(record_format::unit::d);
    constexpr unsigned coarse = record_format::in_microseconds | record_format::in_seconds;
    unsigned const digits = extra & ~coarse;
    return (extra & coarse) != coarse && digits <= 9 && digits % 3 == 0;
  }
  void note_integer(kind type, bytes payload) noexcept {
    if (type != kind::i64 && type != kind::u64) return;
    std::uint64_t number = 0;
    if (payload.size() == sizeof number) {
      number = detail::read<std::uint64_t>(payload.data());
    } else {
      number = detail::read<std::uint32_t>(payload.data());
      if (type == kind::i64)
        number = static_cast<std::uint64_t>(std::int64_t{static_cast<std::int32_t>(number)});
    }
    if (type == kind::i64 && static_cast<std::int64_t>(number) < 0) number = 0 - number;
    largest_integer_ = (std::max)(largest_integer_, number);
  }

  /// The key literal at an address of the process that has ended.
  [[nodiscard]] std::string_view literal_key(std::uint64_t address, std::string& made_up) {
    auto const text = literals_.text_at(address);
    constexpr std::size_t max_size = 255;
    constexpr auto is_allowed = [](char c) { return c >= ' ' && c <= '~' && c != '"' && c != '\\'; };
    if (text && !text->empty() && text->size() <= max_size &&
        std::all_of(text->begin(), text->end(), is_allowed))
      return *text;
    ++unknown_keys_;
    return made_up = "key_" + address_text(address).substr(2);
  }

  static constexpr std::size_t max_bytes = std::size_t{1} << 31U;

  literal_reader const& literals_;
  std::uint64_t message_;
  std::vector<std::byte> out_;
  char const* problem_ = "";
  std::uint64_t unknown_keys_ = 0;
  std::uint64_t largest_integer_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
