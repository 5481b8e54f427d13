// SPDX-License-Identifier: MIT
// One log call into its thread's lane: the hot path.
#pragma once

#include <fapilog/queue/channel.hpp>
#include <fapilog/queue/lane_access.hpp>
#include <fapilog/record/context.hpp>
#include <fapilog/record/field_cells.hpp>
#include <fapilog/record/record.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string_view>

namespace fapilog::inline v0_1::detail {

namespace submit_detail {

using namespace record_format;

inline constexpr std::uint8_t no_flags = 0;
inline constexpr std::size_t context_bytes = sizeof(record_head) + sizeof(context_head);

/// A call as it is written: the message as the first item where it is no literal.
struct items_of_call {
  explicit items_of_call(call const& c) noexcept
      : logger(c.logger),
        what(c.what),
        text(static_cast<char const*>(c.text)),
        where(c.where),
        items(c.items + 1),
        count(c.count) {
    if (!what.has(text_is_cell)) return;
    field_copy::assign(*c.items, field::argument(*static_cast<std::string_view const*>(c.text)));
    text = nullptr;
    items = c.items;
    ++count;
  }

  logger_core& logger;
  statement what;
  char const* text;
  detail::call_site where;
  field const* items;
  std::size_t count;
};

inline std::byte* put_log_head(std::byte* to, items_of_call const& c, std::uint64_t ticks, std::size_t size,
                               std::uint8_t extra_flags) noexcept {
  ::new (static_cast<void*>(to)) log_start{c.what.head(static_cast<std::uint32_t>(size), extra_flags),
                                           {ticks, c.text, &c.logger, c.where}};
  return to + sizeof(log_start);
}

/// Copies the next encoded value out of the scratch and returns its size.
inline std::size_t cell_at(std::byte const* from) noexcept {
  cell_head head;
  std::memcpy(&head, from, sizeof head);
  return cell_size(head);
}

/// Copies an encoded cell as far as `allowed` bytes take it: texts are cut, containers end early. Returns the bytes
/// written; 0 where not even its head fits.
[[gnu::noinline, gnu::cold]] inline std::size_t put_within(std::byte* to, std::byte const* from,
                                                           std::size_t allowed) noexcept {
  cell_head head;
  std::memcpy(&head, from, sizeof head);
  std::size_t const whole = cell_size(head);
  if (whole <= allowed) {
    std::memcpy(to, from, whole);
    return whole;
  }
  std::size_t const fixed = sizeof head + key_bytes(head);
  if (!is_sized(head.type) || fixed + alignment > allowed) return 0;
  std::size_t const room = (allowed - fixed) & ~(alignment - 1);
  std::byte const* const payload = from + fixed;
  std::size_t size = 0;
  if (head.type == kind::string || head.type == kind::bytes) {
    auto const* const text = reinterpret_cast<char const*>(payload);
    size = head.type == kind::string ? detail::clip_utf8(text, room) : room;
    detail::put_padded(to + fixed, payload, size);
  } else {
    for (std::byte const* child = payload; child < payload + head.size; child += cell_at(child)) {
      std::size_t const written = put_within(to + fixed + size, child, room - size);
      size += written;
      if (written < cell_at(child)) break;
    }
  }
  std::memcpy(to + sizeof head, from + sizeof head, fixed - sizeof head);
  head.size = static_cast<std::uint32_t>(size);
  head.flags = static_cast<std::uint8_t>(head.flags | clipped);
  std::memcpy(to, &head, sizeof head);
  return fixed + padded(size);
}

/// Writes a record that is larger than it may be: small cells whole, large texts cut to what room is left.
[[gnu::noinline, gnu::cold]] inline std::size_t put_clipped(std::byte* block, std::size_t limit,
                                                            items_of_call const& c, std::uint64_t ticks,
                                                            std::byte const* encoded) noexcept {
  constexpr std::size_t small = 1024;
  std::size_t const leading = c.what.args() + (c.what.has(text_is_cell) ? std::size_t{1} : 0);
  std::size_t room = limit - sizeof(record_format::log_start);
  std::byte const* next = encoded;
  std::size_t small_total = 0;
  for (std::size_t i = 0; i < c.count; ++i) {
    field const& f = c.items[i];
    std::size_t const size = f.type() == kind::deferred ? cell_at(next) : detail::cell_bytes(f);
    if (f.type() == kind::deferred) next += size;
    if (size <= small || i < leading) small_total += size <= small ? size : small;
  }
  std::size_t large_room = room > small_total ? room - small_total : 0;
  std::byte* to = block + sizeof(record_format::log_start);
  next = encoded;
  for (std::size_t i = 0; i < c.count; ++i) {
    field const& f = c.items[i];
    bool const is_deferred = f.type() == kind::deferred;
    std::byte const* const from = next;
    std::size_t const size = is_deferred ? cell_at(next) : detail::cell_bytes(f);
    if (is_deferred) next += size;
    bool const is_argument = i < leading;
    if (size <= small ? size <= room : size <= large_room && size <= room) {
      if (is_deferred) {
        std::memcpy(to, from, size);
        to += size;
      } else {
        to = detail::put_field(to, f);
      }
      room -= size;
      if (size > small) large_room -= size;
      continue;
    }
    std::size_t const fixed = sizeof(cell_head) + f.name().bytes();
    std::size_t const allowed = (size > small && large_room > fixed ? large_room : 0) & ~(alignment - 1);
    if (f.type() == kind::string && allowed > fixed && allowed <= room) {
      std::size_t const text = detail::clip_utf8(f.text(), allowed - fixed);
      to = detail::put_field(to, f, text, clipped);
      room -= fixed + padded(text);
      large_room -= fixed + padded(text);
    } else if (std::size_t const cut =
                   is_deferred ? put_within(to, from, allowed < room ? allowed : room) : 0;
               cut != 0) {
      to += cut;
      room -= cut;
      large_room -= cut;
    } else if (is_argument && fixed <= room) {
      to = detail::put(to, cell_head{kind::null, clipped, 0, 0});  // arguments keep their places
      room -= sizeof(cell_head);
    }
  }
  auto const total = static_cast<std::size_t>(to - block);
  put_log_head(block, c, ticks, total, is_clipped);
  return total;
}

/// Writes a whole log record.
inline void put_record(std::byte* to, items_of_call const& c, std::uint64_t ticks, std::size_t size,
                       std::byte const* encoded, bool cut) noexcept {
  to = put_log_head(to, c, ticks, size, cut ? is_clipped : no_flags);
  for (std::size_t i = 0; i < c.count; ++i) {
    if (c.items[i].type() != kind::deferred) [[likely]] {
      to = detail::put_field(to, c.items[i]);
      continue;
    }
    std::size_t const bytes = cell_at(encoded);
    std::memcpy(to, encoded, bytes);
    to += bytes;
    encoded += bytes;
  }
}

/// Size of the record in a block.
inline std::size_t heap_block_bytes(std::byte const* block) noexcept {
  record_head head;
  std::memcpy(&head, block, sizeof head);
  return head.size;
}

/// Puts a record on the heap that the lane cannot take whole. Null without memory.
[[gnu::noinline, gnu::cold]] inline std::byte* make_block(items_of_call const& c, std::size_t size,
                                                          std::uint64_t ticks, std::byte const* encoded,
                                                          bool cut) noexcept {
  std::size_t const limit = c.logger.owner.max_record_bytes();
  bool const fits = size <= limit;
  auto* const block = static_cast<std::byte*>(std::malloc(fits ? size : limit));
  if (block == nullptr) return nullptr;
  if (!fits) {
    put_clipped(block, limit, c, ticks, encoded);
    return block;
  }
  put_record(block, c, ticks, size, encoded, cut);
  return block;
}

}  // namespace submit_detail

/// The lane of this thread for one call; whatever way the call ends, the lane is left as it was found, and so is errno,
/// which the caller may be about to log.
class lane_use {
 public:
  explicit lane_use(lane_access& ch) noexcept : channel_(ch), errno_(errno), lane_(ch.this_lane()) {
    if (lane_ != nullptr) [[likely]]
      scratch_begin_ = lane_->scratch.size();
  }
  lane_use(lane_use const&) = delete;
  lane_use& operator=(lane_use const&) = delete;
  ~lane_use() {
    errno = errno_;
    if (lane_ == nullptr) [[unlikely]]
      return;
    if (writing_) lane_->writing.store_release(false);
    lane_->scratch.shrink(scratch_begin_);
    if (lane_->borrowed) [[unlikely]]
      channel_.give_back(*lane_);
  }

  /// From here to the end of the call the worker, when it closes the channel, waits for it.
  void begin_writing() noexcept {
    writing_ = true;
    lane_->writing.store_relaxed(true);
    channel_.light_fence();
  }
  [[nodiscard]] lane* get() const noexcept { return lane_; }
  [[nodiscard]] std::byte const* encoded() const noexcept { return lane_->scratch.data() + scratch_begin_; }

 private:
  lane_access& channel_;
  int errno_;
  lane* lane_;
  std::size_t scratch_begin_ = 0;
  bool writing_ = false;
};

/// Encodes the values with code of their own into the lane's scratch and returns the size of the whole record, or 0
/// without memory. Such code may log, too, and then nests in the scratch.
inline std::size_t encode_and_size(submit_detail::items_of_call const& c, lane& own, bool& cut) noexcept {
  std::size_t size = sizeof(record_format::log_start);
  for (std::size_t i = 0; i < c.count; ++i) {
    field const& f = c.items[i];
    if (f.type() != kind::deferred) [[likely]] {
      size += detail::cell_bytes(f);
      continue;
    }
    std::size_t const before = own.scratch.size();
    cut |= detail::append_guarded(own.scratch, f, before + c.logger.owner.max_record_bytes());
    if (own.scratch.size() == before) {  // nothing fitted: its place is kept
      cut = true;
      if (!detail::append_null(own.scratch, f)) return 0;
    }
    size += own.scratch.size() - before;
  }
  return size;
}

/// Where the cells of the record go that begins at `to`.
[[gnu::always_inline]] inline std::byte* put_start(std::byte* to, logger_core& logger, statement what,
                                                   void const* text, detail::call_site where,
                                                   std::size_t size, std::uint64_t ticks) noexcept {
  ::new (static_cast<void*>(to)) record_format::log_start{
      what.head(static_cast<std::uint32_t>(size)), {ticks, static_cast<char const*>(text), &logger, where}};
  return to + sizeof(record_format::log_start);
}

/// `begin` where the clock or the barrier is not the usual one, the channel is closed, or the lane seems full.
[[nodiscard, gnu::noinline]] inline std::byte* begin_record_slow(lane_access& ch, logger_core& logger,
                                                                 statement what, void const* text,
                                                                 detail::call_site where,
                                                                 std::size_t size) noexcept {
  std::uint64_t const ticks = ch.ticks();
  lane& own = *this_thread_lane.owned;
  ch.light_fence();
  // As if nothing were protected: a protected record that needs what is reserved for it goes the other way.
  std::byte* const to = ch.is_closed() ? nullptr : own.queue.reserve(size, ch.reserve());
  if (to == nullptr) {
    own.writing.store_release(false);
    return nullptr;
  }
  own.submitted.add_by_owner(1);
  return put_start(to, logger, what, text, where, size, ticks);
}

/// Begins a record on the ordinary way (`channel::begin`): the thread has its lane, its scope is known there, the message
/// is a literal, nothing is closed or full.
[[nodiscard, gnu::always_inline]] inline std::byte* begin(lane_access& ch, logger_core& logger,
                                                          statement what, void const* text,
                                                          detail::call_site where,
                                                          std::size_t size) noexcept {
  std::uint64_t const ticks = ch.usual_ticks();
  if (!ch.has_cached_lane()) [[unlikely]]
    return nullptr;
  lane& own = *this_thread_lane.owned;
  if (own.scope_sent != detail::this_thread_scope.version || own.writing.load_relaxed() ||
      size > own.queue.longest() || what.has(record_format::text_is_cell)) [[unlikely]] {
    return nullptr;
  }
  own.writing.store_relaxed(true);
  detail::compiler_fence();
  if (!ch.fast_path_ok() || !own.queue.is_known_free(size + ch.reserve())) [[unlikely]]
    return begin_record_slow(ch, logger, what, text, where, size);
  own.submitted.add_by_owner(1);
  return put_start(own.queue.next(), logger, what, text, where, size, ticks);
}

/// Wakes the worker, then ends the call.
[[gnu::noinline, gnu::cold]] inline void signal_and_end(lane_access& ch, lane& own) noexcept {
  ch.signal();
  own.writing.store_release(false);
}

/// Publishes the record that was begun.
[[gnu::always_inline]] inline void end(lane_access& ch, std::size_t size) noexcept {
  lane& own = *this_thread_lane.owned;
  own.queue.commit(size);
  detail::compiler_fence();
  if (ch.may_have_to_signal()) [[unlikely]]
    return signal_and_end(ch, own);
  own.writing.store_release(false);
}

/// Sizes the record, reserves, writes, publishes, signals. Never throws, never allocates once the thread's buffers have
/// grown, never makes a system call while the worker is awake. Thread: any.
inline void submit(lane_access& ch, call const& given) noexcept {
  using namespace submit_detail;
  items_of_call const c{given};
  std::uint64_t const ticks = ch.ticks();
  lane_use use{ch};
  lane* const own = use.get();
  if (own == nullptr) [[unlikely]]
    return ch.count_without_lane(drop_reason::no_memory);
  own->submitted.add_by_owner(1);
  if (own->writing.load_relaxed()) [[unlikely]]
    return own->count_drop(drop_reason::reentrant);

  bool cut = false;
  std::size_t const size = encode_and_size(c, *own, cut);
  if (size == 0) [[unlikely]]
    return own->count_drop(drop_reason::no_memory);

  use.begin_writing();
  if (ch.is_closed()) [[unlikely]]
    return own->count_drop(drop_reason::closed);

  std::byte const* encoded = use.encoded();
  std::byte* block = nullptr;
  std::size_t in_lane = size;
  if (size > own->queue.longest() - context_bytes) [[unlikely]] {
    block = make_block(c, size, ticks, encoded, cut);
    in_lane = sizeof(record_head) + sizeof(pointer_head);
    if (block == nullptr) return own->count_drop(drop_reason::no_memory);
  }
  std::size_t const on_heap = block == nullptr ? 0 : heap_block_bytes(block);

  // A changed scope is wrapped around the record and published with it: never one without the other.
  std::uint64_t const scope_version = detail::this_thread_scope.version;
  bool const scope_changed = own->scope_sent != scope_version;
  std::size_t const total = in_lane + (scope_changed ? context_bytes : 0);
  std::byte* to = own->reserve(total, on_heap, ch.keep_free(c.what.severity()));
  if (to == nullptr) [[unlikely]] {
    to = ch.wait_for_room(*own, total, on_heap, c.what.severity());
    if (to == nullptr) return std::free(block);
  }
  if (scope_changed) [[unlikely]] {
    to = detail::put(to, record_head{static_cast<std::uint32_t>(total), record_type::context, 0, 0, 0});
    to = detail::put(to, context_head{detail::current_scope().release()});
    own->scope_sent = scope_version;
  }
  if (block != nullptr) [[unlikely]] {
    to = detail::put(to, record_head{static_cast<std::uint32_t>(in_lane), record_type::pointer, 0, 0, 0});
    detail::put(to, pointer_head{block});
    own->heap_sent += on_heap;
  } else {
    put_record(to, c, ticks, size, encoded, cut);
  }
  own->queue.commit(total);
  ch.signal();
}

}  // namespace fapilog::inline v0_1::detail
