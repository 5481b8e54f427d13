// SPDX-License-Identifier: MIT
// The head of the file in which a lane lies.
#pragma once

#include <fapilog/kill_safe/kept_format.hpp>
#include <fapilog/queue/record_keeper.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

namespace fapilog::inline v0_1::detail {

inline constexpr std::string_view lane_magic = "fapilan\n";
/// Bytes at the beginning of the file: its head, then the lane itself, then the memory of its ring.
inline constexpr std::size_t lane_file_head_bytes = record_keeper::file_head_bytes;

/// Says where in the file the state of the ring is, so that a reader needs no layout of classes. Positions are those of ring.hpp.
struct lane_file_head {
  kept_format format;
  std::uint64_t capacity;   ///< of the ring
  std::uint64_t longest;    ///< of one record
  std::uint32_t memory_at;  ///< offset of the ring's memory, which has `capacity + longest` bytes
  std::uint32_t head_at;    ///< offset of the position behind the last published byte
  std::uint32_t tail_at;    ///< offset of the position of the first byte that was not delivered
  std::uint32_t start_at;   ///< offset of the lower 32 bits of the position at the beginning of the memory
};
static_assert(sizeof(lane_file_head) <= lane_file_head_bytes && std::is_trivially_copyable_v<lane_file_head>);

}  // namespace fapilog::inline v0_1::detail
