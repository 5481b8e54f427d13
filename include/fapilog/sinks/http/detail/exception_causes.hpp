// SPDX-License-Identifier: MIT
// The causes of an exception as text, for destinations that have a stack but no causes.
#pragma once

#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/record/value.hpp>

#include <cstdint>

namespace fapilog::inline v0_1::detail {

/// The member `error.cause` of an exception, or null.
[[nodiscard]] inline value const* cause_of(value const& exception) noexcept {
  for (std::uint32_t i = 0; i < exception.size; ++i) {
    member const& m = exception.members[i];
    if (m.key == "error.cause" && m.value.is_object()) return &m.value;
  }
  return nullptr;
}

/// Appends `Caused by: <type>: <message>` for each cause, one a line. Throws: std::bad_alloc.
inline void put_causes(text_buffer& out, value const& exception) {
  for (value const* cause = cause_of(exception); cause != nullptr; cause = cause_of(*cause)) {
    out.append(out.size() == 0 ? "Caused by" : "\nCaused by");
    for (std::uint32_t i = 0; i < cause->size; ++i) {
      member const& m = cause->members[i];
      if (m.key == "error.cause") continue;
      out.append(": ");
      json::put_plain(out, m.value);
    }
  }
}

}  // namespace fapilog::inline v0_1::detail
