// SPDX-License-Identifier: MIT
// Gives an event the time, logger, call site and thread of another library's record.
#pragma once

#include <fapilog/record/event.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// Copies a string into the batch's memory, terminated by zero. Throws: std::bad_alloc.
inline char const* copy_terminated(std::string_view text, event& e) {
  std::string const terminated{text};
  return e.copy({terminated.c_str(), terminated.size() + 1}).data();
}

/// `origin`: the object that `from(call_origin)` encoded. Throws: std::bad_alloc.
[[gnu::cold]] inline void apply_origin(value const& origin, event& e) {
  for (std::uint32_t i = 0; i < origin.size; ++i) {
    auto const& [key, v] = origin.members[i];
    std::string_view const text = v.type == kind::string ? v.as_string() : std::string_view{};
    if (key == "unix_ns" && v.i64 != 0) e.unix_ns = v.i64;
    else if (key == "thread_id" && v.u64 != 0) e.thread_id = v.u64;
    else if (key == "logger" && !text.empty()) e.logger = text;
    else if (key == "level_name" && !text.empty()) e.level_name = text;
    else if (key == "file") e.file = copy_terminated(text, e);
    else if (key == "function") e.function = copy_terminated(text, e);
    else if (key == "line") e.line = static_cast<std::uint32_t>(v.u64);
  }
}

}  // namespace fapilog::inline v0_1::detail
