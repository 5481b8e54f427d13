// SPDX-License-Identifier: MIT
// Joins strings in one call, which compiles to far less code than a chain of `+`.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// Appends the parts to `to`, in order. Throws: std::bad_alloc.
[[gnu::noinline]] inline void append(std::string& to, std::initializer_list<std::string_view> parts) {
  std::size_t size = to.size();
  for (std::string_view const part : parts) size += part.size();
  if (size > to.capacity()) to.reserve(size > 2 * to.capacity() ? size : 2 * to.capacity());
  for (std::string_view const part : parts) to.append(part);
}

/// The parts as one string. Throws: std::bad_alloc.
[[nodiscard, gnu::noinline]] inline std::string concat(std::initializer_list<std::string_view> parts) {
  std::string result;
  append(result, parts);
  return result;
}

}  // namespace fapilog::inline v0_1::detail
