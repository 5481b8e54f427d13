// SPDX-License-Identifier: MIT
// The interface of rules that decide by the path of a member and not by its value.
#pragma once

#include <fapilog/record/event.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// The path of a member. Both views are valid during the call only.
struct member_path {
  /// From `context`, `diagnostics` or `data` down, separated by dots. Lists do not appear in it.
  std::string_view dotted;
  /// The path as single keys, which may contain dots.
  std::span<std::string_view const> keys;
};

/// What a rule decides for a member.
enum class coverage : std::uint8_t {
  none,
  unless_measured,  ///< covered, but numbers, times and booleans may stay: `password_length`, `has_token`
  unless_small,  ///< covered, but booleans, words such as `failed` and numbers below 1,000 may stay: `pass`
  unless_state,  ///< covered, but booleans and words such as `expired` may stay: `auth`, `pass`
  unless_directory,    ///< covered, but paths may stay: `pwd`
  unless_placeholder,  ///< covered, but what an earlier redaction left may stay: `[REDACTED]`, `${DB_PASSWORD}`
  all,
};

/// Called once for each path that occurs. Thread: any.
class path_rule {
 public:
  path_rule() = default;
  path_rule(path_rule const&) = delete;
  path_rule& operator=(path_rule const&) = delete;
  virtual ~path_rule() = default;
  [[nodiscard]] virtual coverage covers(member_path const& path) const = 0;
};

/// True for kinds that can be a measure: they are not secret if the name says that they are one.
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

}  // namespace fapilog::inline v0_1::detail
