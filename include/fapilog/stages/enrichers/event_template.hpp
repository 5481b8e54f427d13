// SPDX-License-Identifier: MIT
// Adds the message literal of a call and its id.
#pragma once

#include <fapilog/record/event_id.hpp>
#include <fapilog/stages/enricher.hpp>

#include <string_view>

namespace fapilog::inline v0_1::enrichers {

/// Adds `event_id` and `template` to `diagnostics`: the message as written in the code, with its `{}`, and the `event_id` of it. Records
/// whose message is known only at run time (`runtime_text`), and those of the library, get neither. Thread: the worker's. Throws:
/// std::bad_alloc.
class event_template {
 public:
  [[nodiscard]] static constexpr std::string_view name() noexcept { return "event_template"; }
  void enrich(event& e) const {
    if (e.message_template.empty()) return;
    e.diagnostics.set("event_id", value::of_string(e.copy(event_id{e.message_template}.text())));
    e.diagnostics.set("template", value::of_string(e.message_template));
  }
};

}  // namespace fapilog::inline v0_1::enrichers
