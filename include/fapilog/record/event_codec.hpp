// SPDX-License-Identifier: MIT
// Encodes finished events as bytes for a spool, and decodes them.
#pragma once

#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/event.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace fapilog::inline v0_1::detail {

/// Changes with the format. The decoder refuses other versions.
inline constexpr std::uint8_t event_codec_version = 1;

/// Appends events to a buffer, in the machine's byte order. Thread: one. Throws: std::bad_alloc.
class event_encoder {
 public:
  explicit event_encoder(text_buffer& out) noexcept : out_(out) {}

  void put(entry const& finished) {
    event const& e = finished.event;
    number(event_codec_version);
    number(static_cast<std::uint8_t>(e.severity));
    number(e.unix_ns);
    number(e.line);
    number(e.thread_id);
    out_.append({reinterpret_cast<char const*>(e.message_id.bytes.data()), e.message_id.bytes.size()});
    for (std::string_view const text : {e.level_name, e.logger, e.message, std::string_view{e.file},
                                        std::string_view{e.function}, finished.json}) {
      put_text(text);
    }
    for (member_list const* const list : {&e.context, &e.diagnostics, &e.data})
      members(list->begin(), list->size());
  }

 private:
  template <class T>
  void number(T value) {
    static_assert(std::is_trivially_copyable_v<T>);
    std::memcpy(out_.room(sizeof value), &value, sizeof value);
    out_.shrink(out_.size() + sizeof value);
  }
  void put_text(std::string_view text) {
    number(static_cast<std::uint32_t>(text.size()));
    out_.append(text);
  }
  void members(member const* first, std::size_t count) {
    number(static_cast<std::uint32_t>(count));
    for (std::size_t i = 0; i < count; ++i) {
      put_text(first[i].key);
      put_value(first[i].value);
    }
  }
  void put_value(value const& v) {
    number(static_cast<std::uint8_t>(v.type));
    using detail::record_format::payload_form;
    switch (detail::record_format::form_of(v.type)) {
      case payload_form::none:
      case payload_form::unknown: break;
      case payload_form::truth: number(static_cast<std::uint8_t>(v.boolean ? 1 : 0)); break;
      case payload_form::code_point: number(v.code_point); break;
      case payload_form::word:
        number(v.size);
        number(v.u64);
        break;
      case payload_form::uuid: out_.append({v.text, 16}); break;
      case payload_form::text: put_text({v.text, v.size}); break;
      case payload_form::members: members(v.members, v.size); break;
      case payload_form::elements:
        number(v.size);
        for (std::uint32_t i = 0; i < v.size; ++i) put_value(v.elements[i]);
        break;
    }
  }

  text_buffer& out_;
};

/// Decodes what `event_encoder` wrote, and refuses any other bytes. The events refer to the bytes, which must live as long
/// as they. Thread: one. Throws: std::bad_alloc.
class event_decoder {
 public:
  /// Bytes of an entry without any text or member.
  static constexpr std::size_t smallest_entry = 74;

  event_decoder(std::string_view bytes, arena& memory) noexcept : rest_(bytes), memory_(memory) {}

  [[nodiscard]] bool at_end() const noexcept { return rest_.empty(); }

  /// Decodes the next entry into the decoder's memory. False if the bytes are not an entry.
  [[nodiscard]] bool next(entry& to) {
    event& e = to.event;
    std::uint8_t version = 0;
    std::uint8_t severity = 0;
    std::string_view id;
    if (!number(version) || version != event_codec_version || !number(severity) || severity >= level_count ||
        !number(e.unix_ns) || !number(e.line) || !number(e.thread_id) || !take(16, id)) {
      return false;
    }
    e.severity = static_cast<level>(severity);
    std::memcpy(e.message_id.bytes.data(), id.data(), id.size());
    std::string_view file;
    std::string_view function;
    if (!text(e.level_name) || !text(e.logger) || !text(e.message) || !text(file) || !text(function) ||
        !text(to.json)) {
      return false;
    }
    e.file = terminated_copy(file);
    e.function = terminated_copy(function);
    for (member_list* const list : {&e.context, &e.diagnostics, &e.data}) {
      std::uint32_t count = 0;
      if (!read_count(count, smallest_member)) return false;
      for (std::uint32_t i = 0; i < count; ++i) {
        member m;
        if (!text(m.key) || !read_value(m.value, 0)) return false;
        list->push_back(m);
      }
    }
    return true;
  }

 private:
  static constexpr unsigned deepest = 256;
  static constexpr std::size_t smallest_value = 1;   ///< bytes of its type
  static constexpr std::size_t smallest_member = 5;  ///< bytes of a value and the size of its key

  template <class T>
  bool number(T& to) noexcept {
    if (rest_.size() < sizeof to) return false;
    std::memcpy(&to, rest_.data(), sizeof to);
    rest_.remove_prefix(sizeof to);
    return true;
  }
  bool take(std::size_t size, std::string_view& to) noexcept {
    if (rest_.size() < size) return false;
    to = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }
  bool text(std::string_view& to) noexcept {
    std::uint32_t size = 0;
    return number(size) && take(size, to);
  }
  /// Returns a copy with a terminating zero, which `file` and `function` need.
  char const* terminated_copy(std::string_view from) {
    auto* const to = reinterpret_cast<char*>(memory_.take(from.size() + 1));
    if (!from.empty()) std::memcpy(to, from.data(), from.size());
    to[from.size()] = '\0';
    return to;
  }

  bool read_value(value& v, unsigned depth) {
    std::uint8_t type = 0;
    if (depth > deepest || !number(type)) return false;
    v = {};
    v.type = static_cast<kind>(type);
    using detail::record_format::payload_form;
    switch (payload_form const form = detail::record_format::form_of(v.type)) {
      case payload_form::none: return true;
      case payload_form::truth: {
        std::uint8_t truth = 0;
        if (!number(truth)) return false;
        v.boolean = truth != 0;
        return true;
      }
      case payload_form::code_point: return number(v.code_point);
      case payload_form::word: return number(v.size) && number(v.u64);
      case payload_form::uuid:
      case payload_form::text: {
        std::string_view bytes;
        if (form == payload_form::uuid ? !take(16, bytes) : !text(bytes)) return false;
        v.text = bytes.data();
        v.size = static_cast<std::uint32_t>(bytes.size());
        return true;
      }
      case payload_form::members:
        if (!read_count(v.size, smallest_member)) return false;
        v.members = memory_.take_array<member>(v.size);
        for (std::uint32_t i = 0; i < v.size; ++i) {
          v.members[i] = {};
          if (!text(v.members[i].key) || !read_value(v.members[i].value, depth + 1)) return false;
        }
        return true;
      case payload_form::elements:
        if (!read_count(v.size, smallest_value)) return false;
        v.elements = memory_.take_array<value>(v.size);
        for (std::uint32_t i = 0; i < v.size; ++i) {
          if (!read_value(v.elements[i], depth + 1)) return false;
        }
        return true;
      case payload_form::unknown: break;
    }
    return false;
  }
  /// Reads a count that the remaining bytes can hold.
  bool read_count(std::uint32_t& count, std::size_t smallest) noexcept {
    return number(count) && count <= rest_.size() / smallest;
  }

  std::string_view rest_;
  arena& memory_;
};

}  // namespace fapilog::inline v0_1::detail
