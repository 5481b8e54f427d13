// SPDX-License-Identifier: MIT
// The type of a segment of an ELF file, without its name: a macro of <resolv.h> renames it.
#pragma once

namespace fapilog::inline v0_1::detail {

/// Returns the first member of an `ElfW(Phdr)`.
template <class Segment>
[[nodiscard]] auto segment_type(Segment const& segment) noexcept {
  auto const& [type, b, c, d, e, f, g, h] = segment;
  return type;
}

}  // namespace fapilog::inline v0_1::detail
