// SPDX-License-Identifier: MIT
// Remembers the lengths of literals, which records refer to by address only.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// Most records have the same few messages and keys. Literals stay in memory (module_pin.hpp), so an address identifies a string.
/// Thread: one. Throws: never.
class literal_table {
 public:
  [[nodiscard, gnu::always_inline]] std::string_view view(char const* literal) noexcept {
    auto const address = reinterpret_cast<std::uintptr_t>(literal);
    std::string_view& known = known_[(address ^ (address >> 9U)) % known_.size()];
    if (known.data() != literal) [[unlikely]]
      known = literal;
    return known;
  }

 private:
  std::array<std::string_view, 512> known_{};
};

}  // namespace fapilog::inline v0_1::detail
