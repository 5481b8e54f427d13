// SPDX-License-Identifier: MIT
// A format literal, split once at its plain braces.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// The pieces of a short format literal without other replacement fields than `{}`.
class format_plan {
 public:
  static constexpr std::size_t max_arguments = 7;
  /// How many bytes after a piece can be read.
  static constexpr std::size_t readable = 16;

  [[nodiscard]] char const* literal() const noexcept { return literal_; }
  /// True if `pieces` has the message: one piece before each argument and one after the last.
  [[nodiscard]] bool is_simple() const noexcept { return is_simple_; }
  [[nodiscard]] std::size_t arguments() const noexcept { return arguments_; }
  [[nodiscard]] char const* pieces() const noexcept { return pieces_.data(); }
  [[nodiscard]] std::size_t size_of_piece(std::size_t index) const noexcept { return sizes_[index]; }

  [[gnu::cold]] void assign(std::string_view format) noexcept {
    literal_ = format.data();
    is_simple_ = false;
    arguments_ = 0;
    sizes_ = {};
    char* to = pieces_.data();
    if (format.size() > pieces_.size() - readable) return;
    for (std::size_t i = 0; i < format.size(); ++i) {
      if (format[i] != '{' && format[i] != '}') {
        *to++ = format[i];
        ++sizes_[arguments_];
        continue;
      }
      if (format.substr(i, 2) != "{}" || arguments_ == max_arguments) return;
      ++arguments_;
      ++i;
    }
    is_simple_ = true;
  }

 private:
  char const* literal_ = nullptr;
  bool is_simple_ = false;
  std::uint8_t arguments_ = 0;
  std::array<std::uint8_t, max_arguments + 1> sizes_{};
  std::array<char, 110> pieces_{};
};

/// Thread: one. Throws: never.
class format_plans {
 public:
  /// `format` must be a literal, which stays as it is.
  [[nodiscard, gnu::always_inline]] format_plan const& plan_of(std::string_view format) noexcept {
    auto const address = reinterpret_cast<std::uintptr_t>(format.data());
    format_plan& plan = plans_[(address ^ (address >> 7U)) % plans_.size()];
    if (plan.literal() != format.data()) [[unlikely]]
      plan.assign(format);
    return plan;
  }

 private:
  std::array<format_plan, 128> plans_;
};

}  // namespace fapilog::inline v0_1::detail
