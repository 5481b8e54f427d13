// SPDX-License-Identifier: MIT
// How the files of kept records begin: who wrote them, and whether this build can read them.
#pragma once

#include <fapilog/version.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace fapilog::inline v0_1::detail {

/// The build and machine that wrote a file. Only the same can read it.
struct kept_format {
  char magic[8];
  std::uint32_t format;      ///< version of the layout of the files
  std::uint32_t byte_order;  ///< 0x01020304 as the machine writes it
  std::uint32_t pointer_bytes;
  std::uint32_t reserved;
  char version[24];  ///< of the library

  [[nodiscard]] static kept_format own(std::string_view magic) noexcept {
    kept_format result{};
    std::memcpy(result.magic, magic.data(), (std::min)(magic.size(), sizeof result.magic));
    result.format = 2;
    result.byte_order = 0x01020304;
    result.pointer_bytes = sizeof(void*);
    std::string_view const v = fapilog::version;
    std::memcpy(result.version, v.data(), (std::min)(v.size(), sizeof result.version - 1));
    return result;
  }
  /// Why this build cannot read a file with this head; empty if it can.
  [[nodiscard, gnu::cold]] std::string refusal(std::string_view magic_text) const {
    kept_format const mine = own(magic_text);
    if (std::memcmp(magic, mine.magic, sizeof magic) != 0) return "it was not written by fapilog";
    if (byte_order != mine.byte_order) return "it was written by a machine with another byte order";
    if (pointer_bytes != mine.pointer_bytes)
      return "it was written by a program with pointers of another size";
    if (format == mine.format) return {};
    std::string_view const other{version, ::strnlen(version, sizeof version)};
    return "its format is " + std::to_string(format) + ", of fapilog " + std::string{other} +
           "; this is format " + std::to_string(mine.format) + ", of fapilog " +
           std::string{fapilog::version};
  }
};

/// How the timestamps of a process become wall clock time.
struct kept_clock {
  std::uint64_t ticks = 0;
  std::int64_t unix_ns = 0;  ///< at these ticks; 0: not known yet
  double ns_per_tick = 1;
};

/// The file `owner` of a runtime's subdirectory. Its lock is held while the process lives.
struct owner_head {
  kept_format format;
  std::int64_t process;
  std::uint32_t clock_in_use;  ///< index: the other one is written next
  std::uint32_t reserved;
  kept_clock clocks[2];
};
static_assert(std::is_trivially_copyable_v<owner_head>);

inline constexpr std::string_view owner_magic = "fapiown\n";
inline constexpr std::size_t owner_bytes = 4096;

}  // namespace fapilog::inline v0_1::detail
