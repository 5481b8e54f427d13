// SPDX-License-Identifier: MIT
// Writes entries as an ExportLogsServiceRequest of OTLP 1.x: https://github.com/open-telemetry/opentelemetry-proto.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/record/value.hpp>
#include <fapilog/sinks/otlp/detail/log_groups.hpp>
#include <fapilog/sinks/otlp/detail/protobuf_form.hpp>
#include <fapilog/sinks/otlp/detail/severity.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

namespace fapilog::inline v0_1::detail::otlp {

/// The fields that the messages below use, as in opentelemetry/proto/{logs,common,resource}/v1.
namespace fields {
inline constexpr message_field resource_logs{1, "resourceLogs"}, resource{1, "resource"},
    scope_logs{2, "scopeLogs"}, scope{1, "scope"}, log_records{2, "logRecords"}, name{1, "name"},
    resource_attributes{1, "attributes"};
inline constexpr message_field time{1, "timeUnixNano"}, severity_number{2, "severityNumber"},
    severity_text{3, "severityText"}, body{5, "body"}, attributes{6, "attributes"}, trace_id{9, "traceId"},
    span_id{10, "spanId"}, observed_time{11, "observedTimeUnixNano"};
inline constexpr message_field key{1, "key"}, value{2, "value"}, values{1, "values"};
inline constexpr message_field string_value{1, "stringValue"}, bool_value{2, "boolValue"},
    int_value{3, "intValue"}, double_value{4, "doubleValue"}, array_value{5, "arrayValue"},
    kvlist_value{6, "kvlistValue"}, bytes_value{7, "bytesValue"};
}  // namespace fields

/// Writes values and records in one of the forms (`protobuf_form`, `json_form`). Thread: one. Throws: std::bad_alloc.
template <class Form>
class log_request_writer {
 public:
  /// Appends the request to `out`. `common` is added to each resource, unless a record has its own value for a key.
  static void put(text_buffer& out, log_groups const& groups, resource_attributes const& common) {
    log_request_writer writer{out};
    writer.form_.document([&] {
      writer.form_.list(fields::resource_logs, [&] {
        for (log_group const& group : groups.all()) {
          writer.form_.item(fields::resource_logs, [&] { writer.put_group(groups, group, common); });
        }
      });
    });
  }

 private:
  explicit log_request_writer(text_buffer& out) noexcept : form_(out) {}

  void put_group(log_groups const& groups, log_group const& group, resource_attributes const& common) {
    form_.message(fields::resource, [&] {
      form_.list(fields::resource_attributes, [&] {
        common.for_each(group.from, [&](std::string_view key, value const& v) {
          put_attribute(fields::resource_attributes, key, v);
        });
      });
    });
    form_.list(fields::scope_logs, [&] {
      for (log_scope const& one : groups.scopes_of(group)) {
        form_.item(fields::scope_logs, [&] {
          form_.message(fields::scope, [&] { form_.text(fields::name, one.name); });
          form_.list(fields::log_records, [&] {
            groups.for_each(one,
                            [&](event const& e) { form_.item(fields::log_records, [&] { put_record(e); }); });
          });
        });
      }
    });
  }

  void put_record(event const& e) {
    auto const time = static_cast<std::uint64_t>(e.unix_ns < 0 ? 0 : e.unix_ns);
    form_.fixed64(fields::time, time);
    form_.fixed64(fields::observed_time, time);
    form_.small_number(fields::severity_number, severity_number(e.severity));
    form_.text(fields::severity_text, e.level_name);
    form_.message(fields::body, [&] { form_.text(fields::string_value, e.message); });
    std::array<char, 16> trace{};
    std::array<char, 8> span{};
    bool const has_trace = put_id(fields::trace_id, e.context.find("trace_id"), trace);
    // A span belongs to a trace; without it, its id is an attribute like any other.
    bool const has_span = has_trace && put_id(fields::span_id, e.context.find("span_id"), span);
    form_.list(fields::attributes, [&] { put_attributes(e, has_trace, has_span); });
  }

  /// Writes the id if the value has the digits of one that is valid, which is not zero.
  template <std::size_t Size>
  bool put_id(message_field f, value const* v, std::array<char, Size>& bytes) {
    std::string_view const digits = v != nullptr ? v->as_string() : std::string_view{};
    if (digits.size() != 2 * Size) return false;
    int any = 0;
    for (std::size_t i = 0; i < Size; ++i) {
      int const high = hex_value(digits[2 * i]);
      int const low = hex_value(digits[2 * i + 1]);
      if (high < 0 || low < 0) return false;
      bytes[i] = static_cast<char>(high * 16 + low);
      any |= high | low;
    }
    if (any == 0) return false;
    form_.id(f, {bytes.data(), Size});
    return true;
  }

  void put_attributes(event const& e, bool has_trace, bool has_span) {
    for (member const& m : e.data) put_attribute(fields::attributes, m.key, m.value);
    // An attribute must not occur twice; the application's own has precedence.
    auto const add = [&](std::string_view key, value const& v) {
      if (e.data.find(key) == nullptr) put_attribute(fields::attributes, key, v);
    };
    std::array<char, 36> id{};
    put_uuid(id.data(), e.message_id);
    add("log.record.uid", value::of_string({id.data(), id.size()}));
    for (member const& m : e.context) {
      if (m.value.type == kind::null || m.key == "message_id") continue;
      if ((has_trace && m.key == "trace_id") || (has_span && m.key == "span_id")) continue;
      add(m.key, m.value);
    }
    for (member const& m : e.diagnostics) {
      if (m.key == "exception" && m.value.is_object()) {
        for (std::uint32_t i = 0; i < m.value.size; ++i) add_exception_member(m.value.members[i], add);
      } else if (m.key != "origin" && !is_resource_member(m.key)) {
        add(attribute_name(m.key), m.value);
      }
    }
  }

  /// `error.type` becomes `exception.type`, and so on.
  template <class Add>
  static void add_exception_member(member const& m, Add const& add) {
    if (m.key == "error.type") return add("exception.type", m.value);
    if (m.key == "error.message") return add("exception.message", m.value);
    if (m.key == "error.cause") return add("exception.cause", m.value);
    add(m.key, m.value);
  }

  /// The name in OpenTelemetry's semantic conventions (1.37) of what enrichers add to `diagnostics`.
  static std::string_view attribute_name(std::string_view key) noexcept {
    if (key == "file") return "code.file.path";
    if (key == "line") return "code.line.number";
    if (key == "function") return "code.function.name";
    if (key == "thread_id") return "thread.id";
    if (key == "thread_name") return "thread.name";
    return key;
  }

  void put_attribute(message_field list, std::string_view key, value const& v) {
    form_.item(list, [&] {
      form_.text(fields::key, key);
      form_.message(fields::value, [&] { put_value(v); });
    });
  }

  void put_value(value const& v) { v.visit(value_visitor{*this, v}); }

  /// Writes the content of an AnyValue.
  struct value_visitor {
    log_request_writer& writer;
    value const& whole;

    void operator()(std::nullptr_t) const {}
    void operator()(bool truth) const { writer.form_.truth(fields::bool_value, truth); }
    void operator()(std::int64_t number) const { writer.form_.integer(fields::int_value, number); }
    void operator()(std::uint64_t number) const {
      if (number > static_cast<std::uint64_t>((std::numeric_limits<std::int64_t>::max)())) return as_text();
      writer.form_.integer(fields::int_value, static_cast<std::int64_t>(number));
    }
    void operator()(double number) const { writer.form_.real(fields::double_value, number); }
    void operator()(float number) const { (*this)(static_cast<double>(number)); }
    void operator()(std::string_view text) const { writer.form_.text(fields::string_value, text); }
    void operator()(value::duration duration) const {
      writer.form_.real(fields::double_value, static_cast<double>(duration.ns) / 1e9);
    }
    void operator()(value::bytes raw) const { writer.form_.bytes(fields::bytes_value, raw.bytes); }
    void operator()(char32_t) const { as_text(); }
    void operator()(value::timestamp) const { as_text(); }
    void operator()(uuid const&) const { as_text(); }
    void operator()(value::pointer) const { as_text(); }
    void operator()(value::object object) const {
      writer.form_.message(fields::kvlist_value, [&] {
        writer.form_.list(fields::values, [&] {
          for (member const& m : object) writer.put_attribute(fields::values, m.key, m.value);
        });
      });
    }
    void operator()(value::array array) const {
      writer.form_.message(fields::array_value, [&] {
        writer.form_.list(fields::values, [&] {
          for (value const& element : array)
            writer.form_.item(fields::values, [&] { writer.put_value(element); });
        });
      });
    }

    /// For what OTLP has no type for: the characters that JSON has for it.
    void as_text() const {
      writer.scratch_.clear();
      json::put_plain(writer.scratch_, whole);
      writer.form_.text(fields::string_value, writer.scratch_.view());
    }
  };

  Form form_;
  text_buffer scratch_;
};

}  // namespace fapilog::inline v0_1::detail::otlp
