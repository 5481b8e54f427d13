// SPDX-License-Identifier: MIT
// Blanks an event that a redactor could not finish.
#pragma once

#include <fapilog/detail/memory/arena.hpp>
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

/// True for the members of `diagnostics` that the library itself sets to a number.
[[nodiscard, gnu::cold]] inline bool is_own_number(std::string_view key) noexcept {
  return key == "pid" || key == "line" || key == "thread_id";
}

/// The value of a member of `diagnostics` that stays valid for the schema of the envelope: `exception` is an object, and
/// the numbers that the library itself sets stay.
[[nodiscard, gnu::cold]] inline value blank_diagnostic(member const& m, arena& memory) {
  bool const is_number = m.value.type == kind::i64 || m.value.type == kind::u64;
  if (is_own_number(m.key) && is_number) return m.value;
  value const failed = value::of_string(redaction_failed_text);
  if (m.key != "exception") return failed;
  value exception;
  exception.type = kind::exception;
  exception.size = 2;
  exception.members = memory.take_array<member>(2);
  exception.members[0] = {"error.type", failed};
  exception.members[1] = {"error.message", failed};
  return exception;
}

/// Replaces the message, the logger's name and every value. Level, time, the record's id and plain keys stay; members with
/// other keys are removed, and numbers of `diagnostics` that have another type now. The line satisfies the schema of the
/// envelope. Throws: std::bad_alloc.
[[gnu::cold]] inline void blank(event& e) {
  e.message = redaction_failed_text;
  e.logger = redaction_failed_text;
  for (member_list* const list : {&e.context, &e.diagnostics, &e.data}) {
    bool const is_diagnostics = list == &e.diagnostics;
    for (member& m : list->edit()) {
      if (m.value.type == kind::null) continue;
      m.value = is_diagnostics ? blank_diagnostic(m, *e.memory) : value::of_string(redaction_failed_text);
    }
    auto const must_go = [is_diagnostics](member const& m) {
      return !is_plain_key(m.key) || (is_diagnostics && is_own_number(m.key) && m.value.type == kind::string);
    };
    for (auto at = std::find_if(list->begin(), list->end(), must_go); at != list->end();
         at = std::find_if(list->begin(), list->end(), must_go)) {
      list->erase(at->key);
    }
  }
}

}  // namespace fapilog::inline v0_1::detail
