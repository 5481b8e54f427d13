// SPDX-License-Identifier: MIT
// The interface through which loggers reach their runtime, and the state that copies of a logger share.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/memory/shared_bytes.hpp>
#include <fapilog/detail/os/platform.hpp>
#include <fapilog/queue/lane_front.hpp>
#include <fapilog/record/field.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/record/record.hpp>
#include <fapilog/record/scope_level.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

struct logger_core;
struct named_level;
struct thread_scope;

/// The head of a record without its size: level, flags and number of arguments in one word, so that a call site loads
/// one constant and writes the head at once.
class statement {
 public:
  constexpr statement(level severity, std::uint8_t flags) noexcept
      : bits_(static_cast<std::uint32_t>(detail::record_format::record_type::log) |
              (static_cast<std::uint32_t>(severity) << 8U) | (std::uint32_t{flags} << 16U)) {}

  [[nodiscard]] constexpr statement with_args(std::uint8_t count) const noexcept {
    statement more = *this;
    more.bits_ |= std::uint32_t{count} << 24U;
    return more;
  }
  [[nodiscard]] constexpr level severity() const noexcept { return static_cast<level>(bits_ >> 8U & 0xFF); }
  [[nodiscard]] constexpr std::uint8_t flags() const noexcept {
    return static_cast<std::uint8_t>(bits_ >> 16U);
  }
  [[nodiscard]] constexpr bool has(std::uint8_t flag) const noexcept { return (flags() & flag) != 0; }
  [[nodiscard]] constexpr statement with_flag(std::uint8_t flag) const noexcept {
    statement more = *this;
    more.bits_ |= std::uint32_t{flag} << 16U;
    return more;
  }
  [[nodiscard]] constexpr std::uint8_t args() const noexcept {
    return static_cast<std::uint8_t>(bits_ >> 24U);
  }

  /// The head of a record of `size` bytes, with more flags.
  [[nodiscard]] constexpr detail::record_format::record_head head(
      std::uint32_t size, std::uint8_t more_flags = 0) const noexcept {
    if constexpr (std::endian::native == std::endian::little) {
      std::uint64_t const upper = bits_ | std::uint32_t{more_flags} << 16U;
      return std::bit_cast<detail::record_format::record_head>(size | upper << 32U);
    } else {
      return {size, detail::record_format::record_type::log, static_cast<std::uint8_t>(severity()),
              static_cast<std::uint8_t>(flags() | more_flags), args()};
    }
  }

 private:
  friend class sized_statement;
  constexpr explicit statement(std::uint32_t bits) noexcept : bits_(bits) {}

  std::uint32_t bits_;
};

/// A statement and the size of one record of it, in one register.
class sized_statement {
 public:
  constexpr sized_statement(statement what, std::uint32_t size) noexcept
      : bits_(size | std::uint64_t{what.bits_} << 32U) {}

  [[nodiscard]] constexpr statement what() const noexcept {
    return statement{static_cast<std::uint32_t>(bits_ >> 32U)};
  }
  [[nodiscard]] constexpr std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(bits_); }
  [[nodiscard]] constexpr detail::record_format::record_head head() const noexcept {
    return what().head(size());
  }

 private:
  std::uint64_t bits_;
};

/// One log call with its items, for `channel::submit`.
struct call {
  logger_core& logger;
  statement what;
  void const* text;  ///< a literal, or a std::string_view with the flag `text_is_cell`
  detail::call_site where;
  field* items;  ///< one unused element, then `count` items: format arguments, then fields
  std::size_t count;
  thread_scope const& caller;  ///< `this_thread_scope` of the module that logs
};

/// A record that `channel::begin_record` began: where its cells go, and the lane. Both null if the fast path does not apply; only
/// the cells if the call must not be logged.
struct begun_record {
  std::byte* cells;
  lane_front* lane;
};

/// The interface through which loggers write. Its functions are virtual so that their bodies (lane_channel.hpp) are
/// compiled once and not in every file that logs; the fast path calls one, through a pointer beside the other data that it
/// needs. Reference-counted: runtime, loggers and threads keep it alive. Thread: any.
class alignas(detail::cache_line) channel {
 public:
  channel(channel const&) = delete;
  channel& operator=(channel const&) = delete;

  /// The signature of a function that formats an encoded value as in a message.
  using cell_formatter = std::string (*)(std::byte const* cell);

  /// The fast path: begins a record of `what.size()` bytes in this thread's lane, writes its start and returns where its
  /// cells go; `commit_record` publishes it. `caller` is `this_thread_scope` of the module that logs. Returns null without
  /// any effect if the fast path does not apply: the first call of a thread or scope, a scope of a module with a
  /// `this_thread_scope` of its own, a full lane, a closed channel. The caller then uses `submit`. `text` is a literal.
  [[nodiscard, gnu::always_inline]] begun_record begin_record(logger_core& logger, sized_statement what,
                                                              void const* text,
                                                              detail::marked_call_site where,
                                                              thread_scope const& caller) noexcept {
    return begin_record_.load_relaxed()(*this, logger, what, text, where, caller);
  }
  /// True if a call may write into its thread's lane without `begin_record`: the channel is open, all its records go to lanes that
  /// end with the process, the processor's counter is its clock, and the barrier is asymmetric. Must be checked after the lane
  /// was marked as being written.
  [[nodiscard, gnu::always_inline]] bool writes_directly() const noexcept {
    return writes_directly_.load_relaxed();
  }
  /// Bytes of each lane that such a call leaves free.
  [[nodiscard, gnu::always_inline]] std::uint32_t protected_bytes() const noexcept {
    return protected_bytes_;
  }

  /// Publishes the record that `begin_record` began in `lane`.
  [[gnu::always_inline]] void commit_record(lane_front& lane) noexcept {
    lane.queue.commit_begun();
    end_record(lane);
  }
  /// Ends a call that has published its record in `lane`.
  [[gnu::always_inline]] void end_record(lane_front& lane) noexcept {
    detail::compiler_fence();
    if (may_have_to_signal_->load_relaxed()) [[unlikely]]
      return signal_and_end(lane);
    lane.writing.store_release(0);
  }
  /// The general path: writes one log call into this thread's lane, or counts why it was dropped.
  virtual void submit(call const& c) noexcept = 0;
  /// Returns a core with additional bound fields. The caller owns one reference to it.
  [[nodiscard]] virtual logger_core* bind(logger_core& logger, field const* fields,
                                          std::size_t count) noexcept = 0;
  /// Hands over a core that nobody uses any more. The worker deletes it once it has read the records that name it.
  virtual void retire(logger_core& core) noexcept = 0;
  /// Releases one reference to a name; the last one frees it.
  virtual void release(named_level& named) noexcept = 0;
  /// Sets the level of a name, a prefix (`db.*`) or all loggers (`*`). Throws: std::bad_alloc.
  virtual void set_level(std::string_view pattern, level value) = 0;
  /// Returns a level for a scope, which makes calls from `lowest` on pass the level check of all loggers; `admits` then decides.
  /// `lowest` must be a level. Without memory it returns `outer`.
  [[nodiscard]] virtual shared_scope_level make_scope_level(level lowest,
                                                            shared_scope_level outer) noexcept = 0;
  /// True if a call that has passed the level check is to be logged or to be kept by the flight recorder: if its logger, the
  /// recorder or a scope of the thread lets it pass. `caller` as for `begin_record`.
  [[nodiscard]] virtual bool admits(logger_core const& logger, level severity,
                                    thread_scope const& caller) const noexcept = 0;
  /// Writes the recent records of this thread's flight recorder.
  virtual void dump_recent() noexcept = 0;

  /// Formats an encoded value as in a message. Throws: std::bad_alloc.
  [[nodiscard]] std::string format_cell(std::byte const* cell) const {
    return format_cell_ == nullptr ? std::string{} : format_cell_(cell);
  }
  [[nodiscard]] std::size_t max_record_bytes() const noexcept { return max_record_bytes_; }
  /// True once the channel drops all calls.
  [[nodiscard, gnu::always_inline]] bool is_closed() const noexcept { return closed_.load_relaxed(); }

  void add_reference() noexcept { references_.fetch_add_relaxed(1); }
  void drop_reference() noexcept {
    if (references_.fetch_sub(1) == 1) delete this;
  }

 protected:
  using begin_function = begun_record (*)(channel&, logger_core&, sized_statement, void const* text,
                                          detail::marked_call_site, thread_scope const& caller) noexcept;

  channel(begin_function begin, std::size_t max_record_bytes, cell_formatter format,
          std::uint32_t protected_bytes, bool writes_directly) noexcept
      : begin_record_(begin),
        max_record_bytes_(max_record_bytes),
        format_cell_(format),
        writes_directly_(writes_directly),
        protected_bytes_(protected_bytes) {}
  virtual ~channel() = default;

  /// `word`: false while a call that has published a record need not signal. Must be called before the first call.
  void watch_signal(detail::atomic_word<bool> const& word) noexcept { may_have_to_signal_ = &word; }

  void close() noexcept {
    closed_.store_seq_cst(true);
    writes_directly_.store_seq_cst(false);
  }

  /// Replaces the function that begins records, and from then on all calls use it. Thread: any.
  void begin_by(begin_function next) noexcept {
    begin_record_.store_seq_cst(next);
    writes_directly_.store_seq_cst(false);
  }
  [[nodiscard]] bool begins_by(begin_function other) const noexcept {
    return begin_record_.load_relaxed() == other;
  }

 private:
  /// Wakes the worker if it sleeps, then ends a call that has published its record.
  virtual void signal_and_end(lane_front& lane) noexcept = 0;

  // A fast call reads one cache line of the channel: these members and the first ones of `lane_channel`.
  atomic_word<begin_function> begin_record_;
  detail::atomic_word<bool> const* may_have_to_signal_ = nullptr;
  std::size_t const max_record_bytes_;
  cell_formatter const format_cell_;
  detail::atomic_word<std::uint32_t> references_{1};
  detail::atomic_word<bool> closed_{false};
  detail::atomic_word<bool> writes_directly_;
  std::uint32_t const protected_bytes_;
};

/// The level of a logger name, shared by all loggers of that name.
struct named_level {
  detail::atomic_word<std::uint8_t> threshold{0};  ///< calls below it have no effect
  detail::atomic_word<std::uint8_t> lowest{0};     ///< records below it go to the flight recorder only
  detail::atomic_word<std::uint32_t> references{
      0};                         ///< cores with this name; the registry changes it to and from 0
  std::uint32_t specificity = 0;  ///< of the rule that applies
  std::string name;
};

/// The state that the copies of a logger share. Immutable except for its reference count.
struct logger_core {
  /// Takes over one reference to `named`.
  logger_core(channel& where, named_level& named, detail::shared_bytes fields) noexcept
      : owner(where), name(named), bound(static_cast<detail::shared_bytes&&>(fields)) {
    owner.add_reference();
  }
  ~logger_core() {
    owner.release(name);
    owner.drop_reference();
  }
  logger_core(logger_core const&) = delete;
  logger_core& operator=(logger_core const&) = delete;

  void add_reference() noexcept { references.fetch_add_relaxed(1); }
  void drop_reference() noexcept {
    if (references.fetch_sub(1) == 1) owner.retire(*this);
  }

  /// Numbers of loggers; an address may be used again.
  static inline constinit detail::atomic_word<std::uint64_t> numbers{1};

  channel& owner;
  named_level& name;
  detail::shared_bytes const bound;
  std::uint64_t const number = numbers.fetch_add_relaxed(1);
  detail::atomic_word<std::size_t> references{1};
  logger_core* next_retired = nullptr;
};

}  // namespace fapilog::inline v0_1::detail
