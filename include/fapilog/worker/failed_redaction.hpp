// SPDX-License-Identifier: MIT
// Blanks an event that a redactor could not finish.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/record/event.hpp>

#include <algorithm>
#include <cstddef>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// Replaces every string and value that could not be redacted.
inline constexpr std::string_view redaction_failed_text = "[REDACTION FAILED]";

/// True for a key that a programmer would write: at most 40 letters, `_`, `-` and `.`. Others may contain values.
[[nodiscard]] inline bool is_plain_key(std::string_view key) noexcept {
  constexpr std::size_t longest = 40;
  return key.size() <= longest && std::all_of(key.begin(), key.end(), [](char c) {
           return is_ascii_letter(c) || c == '_' || c == '-' || c == '.';
         });
}

/// Replaces the message and every value. Level, time, logger, ids and plain keys stay; members with other keys are removed.
/// Throws: std::bad_alloc.
[[gnu::cold]] inline void blank(event& e) {
  e.message = redaction_failed_text;
  for (member_list* const list : {&e.context, &e.diagnostics, &e.data}) {
    member_list blanked{*e.memory};
    for (member const& m : *list) {
      bool const is_null = m.value.type == kind::null;
      if (is_plain_key(m.key))
        blanked.push_back({m.key, is_null ? value{} : value::of_string(redaction_failed_text)});
    }
    *list = blanked;
  }
}

}  // namespace fapilog::inline v0_1::detail
