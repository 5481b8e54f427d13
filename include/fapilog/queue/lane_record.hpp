// SPDX-License-Identifier: MIT
// How one record lies in a lane: what is in front of it, and whether it goes to the heap or is cut.
#pragma once

#include <fapilog/detail/memory/shared_bytes.hpp>
#include <fapilog/queue/channel.hpp>
#include <fapilog/queue/kept_lane.hpp>
#include <fapilog/queue/lane.hpp>
#include <fapilog/queue/record_clipping.hpp>
#include <fapilog/record/context.hpp>
#include <fapilog/record/record.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

namespace fapilog::inline v0_1::detail {

/// Thread: the owner of the lane, which is marked as being written. Throws: never.
class lane_record {
 public:
  /// `keeps(char const*)`: whether another process can read a key of a kept record.
  template <class Keeps>
  lane_record(lane& own, encoded_call const& record, thread_scope const& caller, Keeps const& keeps) noexcept
      : own_(own), record_(record), caller_(caller) {
    if (own.kept == nullptr) [[likely]]
      return;
    logger_core const& logger = record.content.logger;
    kept_scope_ = with_copied_keys(scope_of_call(caller), keeps);
    kept_bound_ = with_copied_keys(logger.bound, keeps);
    prefix_ = kept_prefix_bytes(logger, kept_scope_.size()) - logger.bound.size() + kept_bound_.size();
  }
  lane_record(lane_record const&) = delete;
  lane_record& operator=(lane_record const&) = delete;

  /// Decides what `bytes` returns; a record of more than `max_bytes` is cut. False without memory for a record that must go to
  /// the heap.
  [[nodiscard, gnu::always_inline]] bool prepare(std::size_t max_bytes) noexcept {
    // A new scope is published with its first record, a separate one with each: never one without the other.
    bool const is_separate = has_separate_scope(caller_);
    scope_version_ = is_separate ? lane::unknown_scope : this_thread_scope.version;
    scope_changed_ = is_separate || own_.scope_sent != scope_version_;
    std::size_t const longest = own_.queue.longest() - lane::context_bytes - prefix_;
    inner_ = record_.size;
    if (inner_ > longest) [[unlikely]] {
      if (own_.kept != nullptr) {  // a block on the heap would end with the process
        inner_ = (std::min)(longest, max_bytes);
      } else {
        block_ = record_.make_block(max_bytes);
        if (block_ == nullptr) return false;
        inner_ = sizeof(record_format::record_head) + sizeof(record_format::pointer_head);
      }
    }
    return true;
  }
  /// Bytes to reserve in the lane.
  [[nodiscard]] std::size_t bytes() const noexcept {
    return prefix_ + inner_ + (scope_changed_ ? lane::context_bytes : 0);
  }
  /// Bytes on the heap; 0 if the record is in the lane.
  [[nodiscard]] std::size_t bytes_on_heap() const noexcept {
    return block_ == nullptr ? 0 : read<record_format::record_head>(block_).size;
  }
  /// For a record that finds no room.
  void discard() noexcept { std::free(block_); }

  /// Writes the record to where `bytes` bytes are reserved, and publishes it.
  [[gnu::always_inline]] void publish(std::byte* begin) noexcept {
    using namespace record_format;
    std::byte* to = begin + prefix_;
    if (scope_changed_) [[unlikely]] {
      to += sizeof(record_head);  // below, when the size is known
      to = put(to, context_head{scope_of_call(caller_).release()});
      own_.scope_sent = scope_version_;
      if (own_.kept != nullptr) own_.kept->forget_prefix();
    }
    if (block_ != nullptr) [[unlikely]] {
      put(put(to, record_head{static_cast<std::uint32_t>(inner_), record_type::pointer, 0, 0, 0}),
          pointer_head{block_});
      own_.heap_sent += bytes_on_heap();
    } else {
      inner_ = record_.put(to, inner_);
    }
    std::size_t const total = bytes();
    if (scope_changed_) [[unlikely]]
      put(begin + prefix_,
          record_head{static_cast<std::uint32_t>(total - prefix_), record_type::context, 0, 0, 0});
    if (own_.kept != nullptr)
      put_kept_start(begin, total, record_.content.logger.name.name, kept_bound_, kept_scope_,
                     own_.thread_id);
    own_.queue.commit(total);
  }

 private:
  lane& own_;
  encoded_call const& record_;
  thread_scope const& caller_;
  shared_bytes kept_scope_;  ///< of a record that is kept
  shared_bytes kept_bound_;
  std::size_t prefix_ = 0;  ///< bytes in front of a record that is kept
  std::uint64_t scope_version_ = 0;
  bool scope_changed_ = false;
  std::size_t inner_ = 0;       ///< bytes of the log or pointer record
  std::byte* block_ = nullptr;  ///< the record on the heap
};

}  // namespace fapilog::inline v0_1::detail
