// SPDX-License-Identifier: MIT
// The files in which the literals of a program or shared library outlive the process.
#pragma once

#include <fapilog/detail/hash/crc32c.hpp>
#include <fapilog/detail/os/platform.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace fapilog::inline v0_1::detail {

// A snapshot is one entry and the bytes of its ranges. The list of modules of a process is a sequence of entries.
// An entry has a mark, its head, its ranges, the name of the snapshot, the build id and the path of the module. Numbers have
// the byte order of the machine.

/// Begins each entry. Only bytes, so that another machine can read it.
struct kept_mark {
  std::array<char, 8> magic{'f', 'a', 'p', 'i', 'm', 'o', 'd', '\n'};
  std::uint8_t version = current_version;
  std::uint8_t byte_order = std::endian::native == std::endian::little ? 1 : 2;
  std::uint8_t pointer_bytes = sizeof(void*);
  std::uint8_t call_site_bytes = sizeof(call_site);
  std::array<std::uint8_t, 4> checksum{};  ///< of the bytes before; the lowest byte first

  static constexpr std::uint8_t current_version = 1;

  [[nodiscard]] std::string_view magic_text() const noexcept { return {magic.data(), magic.size()}; }
  [[nodiscard]] std::array<std::uint8_t, 4> right_checksum() const noexcept {
    std::uint32_t const sum = crc32c({reinterpret_cast<char const*>(this), sizeof *this - sizeof checksum});
    return {static_cast<std::uint8_t>(sum), static_cast<std::uint8_t>(sum >> 8U),
            static_cast<std::uint8_t>(sum >> 16U), static_cast<std::uint8_t>(sum >> 24U)};
  }
};
static_assert(sizeof(kept_mark) == 16 && std::is_trivially_copyable_v<kept_mark>);

/// Follows the mark.
struct kept_entry_head {
  std::uint32_t size;              ///< of the entry, with the mark and without the bytes of the ranges
  std::uint32_t checksum;          ///< of the entry behind this member
  std::uint64_t base;              ///< what the loader added to the addresses in the file of the module
  std::uint32_t fingerprint;       ///< checksum of the ranges that are the same in each process
  std::uint32_t content_checksum;  ///< of the bytes of all ranges
  std::uint32_t ranges;
  std::uint32_t name_size;
  std::uint32_t build_id_size;
  std::uint32_t path_size;
};
static_assert(sizeof(kept_entry_head) == 40 && std::is_trivially_copyable_v<kept_entry_head>);

/// A part of the memory of a module that is kept.
struct kept_range {
  std::uint64_t offset;  ///< from the base
  std::uint64_t size;
  std::uint64_t
      is_writable;  ///< 1: only the objects of call sites are kept, with addresses of the writer of the snapshot
};
static_assert(sizeof(kept_range) == 24 && std::is_trivially_copyable_v<kept_range>);

/// A module as an entry describes it.
struct kept_module {
  std::uint64_t base = 0;
  std::uint32_t fingerprint = 0;
  std::uint32_t content_checksum = 0;
  std::vector<kept_range> ranges;
  std::string name;  ///< of the snapshot
  std::string build_id;
  std::string path;

  [[nodiscard]] std::uint64_t content_size() const noexcept {
    std::uint64_t size = 0;
    for (kept_range const& range : ranges) size += range.size;
    return size;
  }
  /// True if both are the same build of a module.
  [[nodiscard]] bool is_same_build(kept_module const& other) const noexcept {
    if (fingerprint != other.fingerprint || name != other.name || ranges.size() != other.ranges.size())
      return false;
    return ranges.empty() ||
           std::memcmp(ranges.data(), other.ranges.data(), ranges.size() * sizeof(kept_range)) == 0;
  }
};

/// Throws: std::bad_alloc.
[[nodiscard]] inline std::string encode_module(kept_module const& module) {
  kept_mark mark;
  mark.checksum = mark.right_checksum();
  kept_entry_head head{};
  head.base = module.base;
  head.fingerprint = module.fingerprint;
  head.content_checksum = module.content_checksum;
  head.ranges = static_cast<std::uint32_t>(module.ranges.size());
  head.name_size = static_cast<std::uint32_t>(module.name.size());
  head.build_id_size = static_cast<std::uint32_t>(module.build_id.size());
  head.path_size = static_cast<std::uint32_t>(module.path.size());
  std::string entry(sizeof mark + sizeof head, '\0');
  entry.append(reinterpret_cast<char const*>(module.ranges.data()),
               module.ranges.size() * sizeof(kept_range));
  entry.append(module.name).append(module.build_id).append(module.path);
  head.size = static_cast<std::uint32_t>(entry.size());
  std::memcpy(entry.data(), &mark, sizeof mark);
  std::memcpy(entry.data() + sizeof mark, &head, sizeof head);
  constexpr std::size_t checked_from = sizeof mark + offsetof(kept_entry_head, base);
  head.checksum = crc32c(std::string_view{entry}.substr(checked_from));
  std::memcpy(entry.data() + sizeof mark, &head, sizeof head);
  return entry;
}

/// Thrown for entries of another version of the library or of another machine.
struct foreign_module : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Decodes the entry at the beginning of `text` and moves behind it; nothing, without any effect, if it is damaged.
/// Throws: foreign_module, std::bad_alloc.
[[nodiscard]] inline std::optional<kept_module> decode_module(std::string_view& text) {
  if (text.size() < sizeof(kept_mark)) return std::nullopt;
  kept_mark mark;
  std::memcpy(&mark, text.data(), sizeof mark);
  kept_mark const own;
  if (mark.magic_text() != own.magic_text() || mark.checksum != mark.right_checksum()) return std::nullopt;
  if (mark.version != own.version) {
    throw foreign_module{"written in version " + std::to_string(mark.version) + " of the format, not " +
                         std::to_string(own.version)};
  }
  if (mark.byte_order != own.byte_order) throw foreign_module{"written by a machine of another byte order"};
  if (mark.pointer_bytes != own.pointer_bytes)
    throw foreign_module{"written by a program with pointers of another size"};
  if (mark.call_site_bytes != own.call_site_bytes)
    throw foreign_module{"written by a program of a compiler whose call sites have another layout"};

  if (text.size() < sizeof mark + sizeof(kept_entry_head)) return std::nullopt;
  kept_entry_head head;
  std::memcpy(&head, text.data() + sizeof mark, sizeof head);
  constexpr std::uint64_t fixed = sizeof mark + sizeof head;
  std::uint64_t const needed = fixed + std::uint64_t{head.ranges} * sizeof(kept_range) + head.name_size +
                               std::uint64_t{head.build_id_size} + head.path_size;
  if (head.size != needed || text.size() < head.size) return std::nullopt;
  std::string_view entry = text.substr(0, head.size);
  if (crc32c(entry.substr(sizeof mark + offsetof(kept_entry_head, base))) != head.checksum)
    return std::nullopt;

  kept_module module;
  module.base = head.base;
  module.fingerprint = head.fingerprint;
  module.content_checksum = head.content_checksum;
  entry.remove_prefix(static_cast<std::size_t>(fixed));
  module.ranges.resize(head.ranges);
  if (head.ranges != 0) std::memcpy(module.ranges.data(), entry.data(), head.ranges * sizeof(kept_range));
  entry.remove_prefix(head.ranges * sizeof(kept_range));
  for (auto const& [part, size] :
       {std::pair{&module.name, head.name_size}, std::pair{&module.build_id, head.build_id_size},
        std::pair{&module.path, head.path_size}}) {
    *part = entry.substr(0, size);
    entry.remove_prefix(size);
  }
  constexpr std::uint64_t max_size = std::uint64_t{1} << 40U;
  for (kept_range const& range : module.ranges) {
    if (range.size > max_size || range.offset + range.size < range.offset) return std::nullopt;
  }
  if (module.content_size() > max_size) return std::nullopt;
  text.remove_prefix(head.size);
  return module;
}

/// Moves behind what is damaged, to the next mark or to the end.
inline void skip_damage(std::string_view& text) noexcept {
  kept_mark const own;
  std::size_t const next = text.find(own.magic_text(), 1);
  text.remove_prefix(next == std::string_view::npos ? text.size() : next);
}

}  // namespace fapilog::inline v0_1::detail
