// SPDX-License-Identifier: MIT
// Permission for a sink to change the schema of its destination; only the preset of a runtime can grant it.
#pragma once

namespace fapilog::inline v0_1 {

struct preset;
template <preset const& P>
class basic_runtime;

/// Whether a sink may create or alter tables. Denied by default. Only a `basic_runtime` can make a permission that is
/// granted, and only if its preset allows it: no code, file or environment variable can override a preset that forbids
/// it.
class schema_permission {
 public:
  /// Denied.
  constexpr schema_permission() noexcept = default;
  [[nodiscard]] constexpr bool is_granted() const noexcept { return is_granted_; }

 private:
  template <preset const&>
  friend class basic_runtime;
  explicit constexpr schema_permission(bool is_granted) noexcept : is_granted_(is_granted) {}

  bool is_granted_ = false;
};

}  // namespace fapilog::inline v0_1
