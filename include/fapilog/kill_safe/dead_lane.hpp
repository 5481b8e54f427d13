// SPDX-License-Identifier: MIT
// The records in a lane of a process that has ended, in order.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/shared_mapping.hpp>
#include <fapilog/kill_safe/kept_format.hpp>
#include <fapilog/kill_safe/kept_lane_file.hpp>
#include <fapilog/kill_safe/record_recovery.hpp>
#include <fapilog/record/kept_record.hpp>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Nothing in the file is trusted: a damaged record is left out, and behind one of a wrong size nothing can be read.
/// Thread: one. Throws: std::bad_alloc; `open` also std::runtime_error if the system does not let it read the file, whose records
/// must stay until it does.
class dead_lane {
 public:
  /// Opens a lane. Null if it is empty or unusable. Adds what is damaged to `damage`, which must live as long as the lane.
  [[nodiscard, gnu::cold]] static std::unique_ptr<dead_lane> open(std::string const& path,
                                                                  record_recovery& recovery,
                                                                  std::string& damage) {
    std::unique_ptr<dead_lane> lane{new dead_lane{path, recovery, damage}};
    std::string const why = lane->map();
    if (!why.empty()) lane->add_damage(why);
    if (!why.empty() || lane->at_ == lane->end_) return nullptr;
    lane->advance();
    return lane->next() == nullptr ? nullptr : std::move(lane);
  }
  dead_lane(dead_lane const&) = delete;
  dead_lane& operator=(dead_lane const&) = delete;

  /// The next record, or null behind the last one.
  [[nodiscard]] record_recovery::record* next() noexcept { return next_ ? &*next_ : nullptr; }
  /// The next record in the file: see kept_head.
  [[nodiscard]] std::byte* kept() const noexcept { return kept_; }

  /// Bytes of the next record in the file.
  [[nodiscard]] std::uint64_t kept_bytes() const noexcept {
    return read<record_format::record_head>(kept_).size;
  }

  /// Moves to the record behind the next one.
  [[gnu::cold]] void advance() {
    next_.reset();
    while (!next_ && at_ < end_) {
      std::span<std::byte> const rest = bytes_at(at_);
      std::size_t size = 0;
      if (rest.size() >= record_format::kept_start_bytes)
        size = read<record_format::record_head>(rest.data()).size;
      if (size < record_format::kept_start_bytes || size > rest.size()) {
        add_damage(std::to_string(end_ - at_) + " bytes behind a record without a valid size");
        at_ = end_;
        return;
      }
      std::string why;
      next_ = recovery_.read(rest.first(size), why);
      if (!next_) add_damage("a record: " + why);
      kept_ = rest.data();
      at_ += size;
    }
  }

 private:
  dead_lane(std::string path, record_recovery& recovery, std::string& damage)
      : path_(std::move(path)), recovery_(recovery), damage_(damage) {}

  /// Returns what is wrong, or nothing.
  [[nodiscard, gnu::cold]] std::string map() {
    opened_file const opened = open_file(path_, open_for::update);
    if (opened.error == EISDIR || opened.error == ELOOP) return "it is not a file";
    file_status const status = opened.handle.status();
    int error = opened.error != 0 ? opened.error : status.error;
    if (error == 0 && status.type != file_type::regular) return "it is not a file";
    std::uint64_t const size = status.size;
    if (error == 0 && size == 0) return {};  // killed while it was made
    if (error == 0 && size < lane_file_head_bytes)
      return "only " + std::to_string(size) + " bytes of it are left";
    if (error == 0) error = map_.map(opened.handle, static_cast<std::size_t>(size));
    if (error != 0) throw std::runtime_error{"'" + path_ + "': " + errno_text(error)};
    lane_file_head head{};
    std::memcpy(&head, map_.data(), sizeof head);
    constexpr lane_file_head unmade{};
    if (std::memcmp(&head, &unmade, sizeof head) == 0) return {};  // killed while it was made
    if (auto why = head.format.refusal(lane_magic); !why.empty()) return why;
    constexpr std::uint64_t max_capacity = std::uint64_t{1} << 48U;
    std::uint32_t const last = (std::max)({head.head_at, head.tail_at, head.start_at});
    if (!std::has_single_bit(head.capacity) || head.capacity > max_capacity || head.longest > head.capacity ||
        last + sizeof(std::uint64_t) > head.memory_at)
      return "its head is wrong";
    std::uint64_t const whole = head.memory_at + head.capacity + head.longest;
    if (size < head.memory_at) return "its records are missing";
    if (size < whole) add_damage("its last " + std::to_string(whole - size) + " bytes are missing");
    capacity_ = head.capacity;
    memory_bytes_ = (std::min)(size, whole) - head.memory_at;
    memory_ = map_.data() + head.memory_at;
    end_ = read<std::uint64_t>(map_.data() + head.head_at);
    at_ = read<std::uint64_t>(map_.data() + head.tail_at);
    start_ = read<std::uint32_t>(map_.data() + head.start_at);
    if (end_ < at_ || end_ - at_ > capacity_ + head.longest) return "its positions are wrong";
    return {};
  }

  /// The bytes from a position up to the end of the records, or of the memory.
  [[nodiscard]] std::span<std::byte> bytes_at(std::uint64_t position) const noexcept {
    std::uint64_t const offset = (std::min)((position - start_) & (capacity_ - 1), memory_bytes_);
    return {memory_ + offset, static_cast<std::size_t>((std::min)(end_ - position, memory_bytes_ - offset))};
  }

  void add_damage(std::string const& what) {
    constexpr std::size_t longest_report = 512;
    if (damage_.size() > longest_report) return;
    damage_.append(damage_.empty() ? "" : "; ")
        .append(path_.substr(path_.rfind('/') + 1))
        .append(": ")
        .append(what);
  }

  std::string const path_;
  record_recovery& recovery_;
  std::string& damage_;
  shared_mapping map_;
  std::byte* memory_ = nullptr;
  std::uint64_t capacity_ = 0;
  std::uint64_t memory_bytes_ = 0;  ///< less than the ring has, if the file was cut
  std::uint64_t at_ = 0;
  std::uint64_t end_ = 0;
  std::uint32_t start_ = 0;
  std::optional<record_recovery::record> next_;
  std::byte* kept_ = nullptr;
};

}  // namespace fapilog::inline v0_1::detail
