// SPDX-License-Identifier: MIT
// Makes an event of a line of JSON, so that it can be shown like one that was just logged.
#pragma once

#include <fapilog/record/event.hpp>

#include <string_view>

namespace cli {

/// Fills `e`, whose memory keeps all values. Members of the envelope become what they are in an event; members of other objects
/// become fields. False if the line is no valid JSON object.
[[nodiscard]] bool read_event(std::string_view line, fapilog::event& e);

}  // namespace cli
