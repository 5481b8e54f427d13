// SPDX-License-Identifier: MIT
// The fapilog envelope v1.1: an event as one JSON object.
#pragma once

#include <fapilog/record/event.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/record/time.hpp>

#include <cstring>
#include <string_view>

namespace fapilog {

/// Version of the envelope that `put_envelope` writes.
inline constexpr std::string_view envelope_version = "1.1";

/// True for the keys that stand in `log.context`, as strings; all others stand in `log.data`.
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

/// Appends the event as one line without its end. Required members are always there: `schema_version`, and in `log`
/// `timestamp` (RFC 3339, UTC, milliseconds), `level`, `message`, `logger`, `context` with `message_id` and
/// `correlation_id` (the request's id where none was given, else null), `diagnostics` with `origin`, and `data`.
inline void put_envelope(detail::text_buffer& out, event const& e) {
  out.append(R"({"schema_version":"1.1","log":{"timestamp":")");
  char* const to = out.room(40);
  out.end_at(put_timestamp(to, e.unix_ns, 3));
  out.append(R"(","level":)");
  json::put_text(out, e.level_name);
  out.append(R"(,"message":)");
  json::put_text(out, e.message);
  out.append(R"(,"logger":)");
  json::put_text(out, e.logger);

  out.append(R"(,"context":{"message_id":")");
  char* const id = out.room(36);
  out.end_at(detail::put_uuid(id, e.message_id));
  out.append(R"(","correlation_id":)");
  value const* correlation = e.context.find("correlation_id");
  if (correlation == nullptr || correlation->type == kind::null) correlation = e.context.find("request_id");
  json::put(out, correlation == nullptr ? value{} : *correlation);
  for (member const& m : e.context) {
    if (m.key == "correlation_id" || m.key == "message_id" || m.value.type == kind::null) continue;
    out.push_back(',');
    json::put_text(out, m.key);
    out.push_back(':');
    json::put(out, m.value);
  }

  out.append(R"(},"diagnostics":{"origin":"native")");
  for (member const& m : e.diagnostics) {
    if (m.key == "origin") continue;
    out.push_back(',');
    json::put_text(out, m.key);
    out.push_back(':');
    json::put(out, m.value);
  }
  out.append(R"(},"data":)");
  json::put_members(out, e.data.begin(), e.data.size());
  out.append("}}");
}

}  // namespace fapilog
