// SPDX-License-Identifier: MIT
// Adds the call site: file, line, function, thread_id.
#pragma once

#include <fapilog/stages/enricher.hpp>

#include <cstdint>
#include <string_view>

namespace fapilog::inline v0_1::enrichers {

/// Adds `file`, `line`, `function` and `thread_id` to `diagnostics`. Thread: the worker's.
class source_location {
 public:
  [[nodiscard]] static constexpr std::string_view name() noexcept { return "source_location"; }
  void enrich(event& e) const {
    e.diagnostics.set("file", value::of_string(std::string_view{e.file}));
    e.diagnostics.set("line", value::of_number(e.line));
    e.diagnostics.set("function", value::of_string(std::string_view{e.function}));
    e.diagnostics.set("thread_id", value::of_number(static_cast<std::int64_t>(e.thread_id)));
  }
};

}  // namespace fapilog::inline v0_1::enrichers
