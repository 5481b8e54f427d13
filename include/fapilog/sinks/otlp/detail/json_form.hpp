// SPDX-License-Identifier: MIT
// Writes messages in the JSON form of OTLP: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding.
#pragma once

#include <fapilog/detail/float_kind.hpp>
#include <fapilog/detail/text/base64.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/sinks/otlp/detail/protobuf_form.hpp>

#include <cstdint>
#include <string_view>

namespace fapilog::inline v0_1::detail::otlp {

/// Appends fields to a buffer. The functions have the same names as those of `protobuf_form`. Thread: one.
/// Throws: std::bad_alloc.
class json_form {
 public:
  explicit json_form(text_buffer& out) noexcept : out_(&out) {}

  void text(message_field f, std::string_view value) {
    put_name(f);
    json::put_text(*out_, value);
  }
  void bytes(message_field f, std::string_view value) {
    put_name(f);
    out_->push_back('"');
    put_base64(*out_, value);
    out_->push_back('"');
  }
  /// The bytes of a trace or span id, which OTLP writes in hexadecimal digits and not in base64.
  void id(message_field f, std::string_view value) {
    put_name(f);
    out_->push_back('"');
    json::put_hex(*out_, value);
    out_->push_back('"');
  }
  void truth(message_field f, bool value) {
    put_name(f);
    out_->append(value ? "true" : "false");
  }
  /// A small number or the number of an enumerator.
  void small_number(message_field f, std::uint32_t value) {
    put_name(f);
    json::put_integer(*out_, value);
  }
  /// Integers of 64 bits are strings, because numbers of JavaScript have 53 bits.
  void integer(message_field f, std::int64_t value) { put_quoted(f, value); }
  void fixed64(message_field f, std::uint64_t value) { put_quoted(f, value); }
  void real(message_field f, double value) {
    put_name(f);
    json::put_float(*out_, value);
  }

  template <class Write>
  void message(message_field f, Write&& write) {
    put_name(f);
    document(write);
  }
  /// A repeated field: `write` calls `item` for each message in it.
  template <class Write>
  void list(message_field f, Write&& write) {
    put_name(f);
    out_->push_back('[');
    is_first_ = true;
    write();
    out_->push_back(']');
    is_first_ = false;
  }
  template <class Write>
  void item(message_field /*f*/, Write&& write) {
    separate();
    document(write);
  }
  /// The outermost message, or any other without its name.
  template <class Write>
  void document(Write&& write) {
    out_->push_back('{');
    is_first_ = true;
    write();
    out_->push_back('}');
    is_first_ = false;
  }

 private:
  void separate() {
    if (!is_first_) out_->push_back(',');
    is_first_ = false;
  }
  void put_name(message_field f) {
    separate();
    out_->push_back('"');
    out_->append(f.name);
    out_->append("\":");
  }
  template <class Integer>
  void put_quoted(message_field f, Integer value) {
    put_name(f);
    out_->push_back('"');
    json::put_integer(*out_, value);
    out_->push_back('"');
  }

  text_buffer* out_;
  bool is_first_ = true;
};

}  // namespace fapilog::inline v0_1::detail::otlp
