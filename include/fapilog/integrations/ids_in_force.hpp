// SPDX-License-Identifier: MIT
// The ids of the request whose context is in force on a thread, for calls to other services.
#pragma once

#include <fapilog/detail/trace_number.hpp>
#include <fapilog/integrations/request.hpp>
#include <fapilog/record/cell_view.hpp>
#include <fapilog/record/context.hpp>
#include <fapilog/record/record.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::integrations {

/// The fields `request_id`, `trace_id` and `span_id` of the scopes of a thread.
struct ids_in_force {
  std::string request_id;  ///< empty if there is none, or if `request::is_valid_id` is false for it
  std::string trace_id;    ///< 32 lower-case hexadecimal digits, or empty
  std::string span_id;     ///< 16 of them, or empty

  /// The ids of the running thread. Of equal keys the innermost scope counts. Throws: std::bad_alloc.
  [[nodiscard]] static ids_in_force of_this_thread() {
    using namespace fapilog::detail;
    ids_in_force result;
    shared_bytes const fields = current_scope();  // newest first
    bool has_request = false;
    bool has_trace = false;
    bool has_span = false;
    for (std::byte const* at = fields.data(); at != nullptr && at < fields.data() + fields.size();) {
      cell_view const cell{at};
      at = cell.end();
      std::string_view const key = key_of(cell);
      std::string_view const text =
          cell.type() == kind::string
              ? std::string_view{reinterpret_cast<char const*>(cell.payload), cell.size}
              : std::string_view{};
      if (key == "request_id" && !std::exchange(has_request, true)) {
        if (request::is_valid_id(text)) result.request_id = text;
      } else if (key == "trace_id" && !std::exchange(has_trace, true)) {
        if (text.size() == 32 && is_trace_number(text)) result.trace_id = text;
      } else if (key == "span_id" && !std::exchange(has_span, true)) {
        if (text.size() == 16 && is_trace_number(text)) result.span_id = text;
      }
    }
    return result;
  }

 private:
  static std::string_view key_of(fapilog::detail::cell_view const& cell) noexcept {
    using namespace fapilog::detail;
    switch (cell.tag & record_format::key_bits) {
      case record_format::key_is_inline:
        return {reinterpret_cast<char const*>(cell.key) + sizeof(std::uint16_t),
                read<std::uint16_t>(cell.key)};
      case record_format::key_is_literal: return read<char const*>(cell.key);
      default: return {};
    }
  }
};

}  // namespace fapilog::inline v0_1::integrations
