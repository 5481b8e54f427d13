// SPDX-License-Identifier: MIT
// A rule that looks at where a member stands, not at its value: what the redactors by name have in common.
#pragma once

#include <fapilog/record/event.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::redactors {

/// Where a member stands. Both views last for the call only.
struct member_path {
  /// From `context`, `diagnostics` or `data` down, with dots between; lists leave no trace.
  std::string_view dotted;
  /// The same one by one; a key may have dots itself.
  std::span<std::string_view const> keys;
};

/// What a rule says of a member.
enum class coverage : std::uint8_t {
  none,
  unless_measured,  ///< covered, but numbers, times and booleans may stay: `password_length`, `has_token`
  all,
};

/// Asked once for each path that is seen. Thread: any.
class path_rule {
 public:
  path_rule() = default;
  path_rule(path_rule const&) = delete;
  path_rule& operator=(path_rule const&) = delete;
  virtual ~path_rule() = default;
  [[nodiscard]] virtual coverage covers(member_path const& path) const = 0;
};

/// True for values that can be a measure, and are no secret under a name that says they are one.
[[nodiscard]] constexpr bool is_measure(kind type) noexcept {
  switch (type) {
    case kind::boolean:
    case kind::i64:
    case kind::u64:
    case kind::f64:
    case kind::f32:
    case kind::timestamp:
    case kind::duration: return true;
    case kind::null:
    case kind::character:
    case kind::string:
    case kind::uuid:
    case kind::bytes:
    case kind::object:
    case kind::array:
    case kind::exception:
    case kind::pointer:
    case kind::deferred: break;
  }
  return false;
}

}  // namespace fapilog::inline v0_1::redactors
