// SPDX-License-Identifier: MIT
// What loggers and the worker share: all lanes of a runtime, the signal, and what to do when a lane is full.
#pragma once

#include <fapilog/detail/atomic.hpp>
#include <fapilog/detail/byte_buffer.hpp>
#include <fapilog/detail/platform.hpp>
#include <fapilog/detail/shared_bytes.hpp>
#include <fapilog/engine/enqueue_signal.hpp>
#include <fapilog/engine/lane.hpp>
#include <fapilog/record/field.hpp>
#include <fapilog/record/level.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fapilog::engine {

struct logger_core;

/// One log call, as the logger hands it over. Format arguments come first in `items`.
struct call {
  logger_core& logger;
  level severity;
  std::uint16_t flags;  ///< flags of record_format; with `text_is_cell` the first item is the message
  char const* text;
  std::uint32_t text_size;
  std::uint16_t args;
  detail::call_site where;
  field const* items;
  std::size_t count;
};

/// The light half: what a log call needs. Its operations are virtual, so that their bodies (submit.hpp,
/// lane_channel.hpp) are compiled once and not in every file that logs. Counted by reference: runtime, loggers and
/// threads keep it alive.
class channel {
 public:
  channel(channel const&) = delete;
  channel& operator=(channel const&) = delete;

  /// Writes one log call into this thread's lane: the hot path.
  virtual void submit(call const& c) noexcept = 0;
  /// A core with more bound fields, with one reference for the caller.
  [[nodiscard]] virtual logger_core* bind(logger_core& logger, field const* fields,
                                          std::size_t count) noexcept = 0;

  /// This thread's lane, or null when none can be had.
  [[nodiscard]] lane* this_lane() noexcept;

  [[nodiscard]] std::uint64_t ticks() const noexcept {
    return uses_tsc_ ? detail::read_tsc() : static_cast<std::uint64_t>(detail::wall_clock_ns());
  }
  [[nodiscard]] bool is_closed() const noexcept { return closed_.load_relaxed(); }
  [[nodiscard]] bool uses_tsc() const noexcept { return uses_tsc_; }
  /// Bytes that a record of this level leaves to more important ones.
  [[nodiscard]] std::size_t keep_free(level value) const noexcept {
    return protected_levels_.contains(value) ? 0 : reserve_;
  }
  [[nodiscard]] std::size_t max_record_bytes() const noexcept { return max_record_bytes_; }
  void light_fence() const noexcept { signal_.barrier().light(); }
  void signal() noexcept { signal_.signal(); }

  void add_reference() noexcept { references_.fetch_add_relaxed(1); }
  void drop_reference() noexcept {
    if (references_.fetch_sub(1) == 1) delete this;
  }

  /// Finds or makes this thread's lane. Cold.
  virtual lane* acquire_lane() noexcept = 0;
  /// Room in a full lane as the policy has it, or null: then the reason was counted. Cold.
  virtual std::byte* wait_for_room(lane& owner, std::size_t size, std::size_t block,
                                   level value) noexcept = 0;
  /// Takes a borrowed lane back after the call. Cold.
  virtual void give_back(lane& borrowed) noexcept = 0;
  /// Counts a call that has no lane, or came after the end. Cold.
  virtual void count_without_lane(drop_reason reason) noexcept = 0;
  /// Hands a core that nobody uses any more to the worker, who deletes it when its records have passed. Cold.
  virtual void retire(logger_core& core) noexcept = 0;
  /// The text of an encoded value as a message shows it. Cold.
  virtual std::string text_of(std::byte const* cell) = 0;
  virtual void set_level(std::string_view pattern, level value) = 0;

 protected:
  struct settings {
    enqueue_signal& signal;
    bool uses_tsc;
    std::size_t reserve;
    level_set protected_levels;
    std::size_t max_record_bytes;
  };
  channel(settings const& s, std::uint64_t id) noexcept
      : signal_(s.signal),
        id_(id),
        uses_tsc_(s.uses_tsc),
        protected_levels_(s.protected_levels),
        reserve_(s.reserve),
        max_record_bytes_(s.max_record_bytes) {}
  virtual ~channel() = default;

  [[nodiscard]] std::uint64_t id() const noexcept { return id_; }
  void close() noexcept { closed_.store_seq_cst(true); }

 private:
  enqueue_signal& signal_;
  std::uint64_t const id_;
  bool const uses_tsc_;
  detail::atomic_word<bool> closed_{false};
  level_set const protected_levels_;
  std::size_t const reserve_;
  std::size_t const max_record_bytes_;
  alignas(detail::cache_line) detail::atomic_word<std::size_t> references_{1};
};

/// The lane that this thread used last. Ids are never used twice, so a stale entry is never mistaken for another's.
struct lane_cache {
  std::uint64_t channel_id = 0;
  lane* owned = nullptr;
};
inline constinit thread_local lane_cache this_thread_lane{};

inline lane* channel::this_lane() noexcept {
  if (this_thread_lane.channel_id == id_) [[likely]]
    return this_thread_lane.owned;
  return acquire_lane();
}

/// A name's level, shared by the loggers of that name.
struct named_level {
  detail::atomic_word<std::uint8_t> threshold{0};
  std::string name;
};

/// What a logger's copies share: immutable but for the count.
struct logger_core {
  logger_core(channel& where, named_level& named, detail::shared_bytes fields) noexcept
      : owner(where), name(named), bound(static_cast<detail::shared_bytes&&>(fields)) {
    owner.add_reference();
  }
  ~logger_core() { owner.drop_reference(); }
  logger_core(logger_core const&) = delete;
  logger_core& operator=(logger_core const&) = delete;

  void add_reference() noexcept { references.fetch_add_relaxed(1); }
  void drop_reference() noexcept {
    if (references.fetch_sub(1) == 1) owner.retire(*this);
  }

  channel& owner;
  named_level& name;
  detail::shared_bytes const bound;
  detail::atomic_word<std::size_t> references{1};
  logger_core* next_retired = nullptr;
};

}  // namespace fapilog::engine
