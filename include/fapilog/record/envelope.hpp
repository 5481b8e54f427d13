// SPDX-License-Identifier: MIT
// The fapilog envelope v1.1: an event as one JSON object.
#pragma once

#include <fapilog/detail/text/copy_plain.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/record/time.hpp>

#include <cstring>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// Version of the envelope that `envelope_writer` writes.
inline constexpr std::string_view envelope_version = "1.1";

/// True for keys of `log.context`, whose values are strings. All other keys belong to `log.data`.
[[nodiscard]] constexpr bool is_context_key(std::string_view key) noexcept {
  switch (key.size()) {
    case 7: return key == "user_id" || key == "span_id";
    case 8: return key == "trace_id";
    case 9: return key == "tenant_id";
    case 10: return key == "request_id";
    case 14: return key == "correlation_id";
    default: return false;
  }
}

/// Writes events one after the other. Thread: one. Throws: std::bad_alloc.
class envelope_writer {
 public:
  /// Appends the event as one line without a line end. Required members are always present: `schema_version`, and in `log`
  /// `timestamp` (RFC 3339, UTC, milliseconds), `level`, `message`, `logger`, `context` with `message_id` and
  /// `correlation_id` (the request id if there is none, else null), `diagnostics` with `origin`, and `data`.
  void put(detail::text_buffer& out, event const& e) {
    char* to = out.room(128);
    to = put_constant(to, R"({"schema_version":"1.1","log":{"timestamp":")");
    to = time_.put(to, e.unix_ns);
    out.end_at(to);
    detail::json::put_text_between(out, R"(","level":")", e.level_name, R"(","message":")");
    detail::json::put_text_between(out, "", e.message, R"(","logger":")");
    detail::json::put_text_between(out, "", e.logger, R"(","context":{"message_id":")");
    to = detail::put_uuid(out.room(64), e.message_id);
    out.end_at(put_constant(to, R"(","correlation_id":)"));
    put_context(out, e.context);

    append(out, R"(},"diagnostics":{"origin":"native")");
    e.diagnostics.for_each(
        [&out](member const& m) {
          if (m.key != "origin") detail::json::put_next_member(out, m);
        },
        [&out](std::string_view json) { out.append(json); });
    append(out, R"(},"data":)");
    detail::json::put_members(out, e.data.begin(), e.data.size());
    append(out, "}}");
  }

 private:
  template <std::size_t N>
  static char* put_constant(char* to, char const (&text)[N]) noexcept {
    std::memcpy(to, text, N - 1);
    return to + N - 1;
  }
  template <std::size_t N>
  static void append(detail::text_buffer& out, char const (&text)[N]) {
    out.end_at(put_constant(out.room(N - 1), text));
  }

  static void put_context(detail::text_buffer& out, member_list const& context) {
    if (context.empty()) return append(out, "null");
    value const* correlation = context.find("correlation_id");
    if (correlation == nullptr || correlation->type == kind::null) correlation = context.find("request_id");
    detail::json::put(out, correlation == nullptr ? value{} : *correlation);
    for (member const& m : context) {
      if (m.value.type == kind::null || m.key == "correlation_id" || m.key == "message_id") continue;
      detail::json::put_next_member(out, m);
    }
  }

  detail::timestamp_writer time_;
};

}  // namespace fapilog::inline v0_1::detail
