// SPDX-License-Identifier: MIT
// What a lane has in addition if its records must outlive the process.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/platform.hpp>
#include <fapilog/queue/channel.hpp>
#include <fapilog/queue/copied_keys.hpp>
#include <fapilog/queue/record_keeper.hpp>
#include <fapilog/record/context.hpp>
#include <fapilog/record/kept_record.hpp>
#include <fapilog/record/record.hpp>
#include <fapilog/record/scalar.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>

namespace fapilog::inline v0_1::detail {

/// Longest name of a logger that a kept record has; the rest is cut.
inline constexpr std::size_t max_kept_name = 1024;

/// Maximum number of bytes that a kept record has before its log or context record: with the fields of a logger, and of the scopes
/// of two modules.
inline constexpr std::size_t max_kept_prefix =
    detail::record_format::kept_start_bytes + max_kept_name + 3 * max_bound_bytes;
/// Bytes that a kept record has before its log or context record.
[[nodiscard]] inline std::size_t kept_prefix_bytes(logger_core const& logger,
                                                   std::size_t scope_size) noexcept {
  return detail::record_format::kept_start_bytes + (std::min)(logger.name.name.size(), max_kept_name) +
         logger.bound.size() + scope_size;
}

/// Writes the beginning of a kept record of `total` bytes and returns where its log or context record goes.
inline std::byte* put_kept_start(std::byte* to, std::size_t total, std::string const& name,
                                 detail::shared_bytes const& bound, detail::shared_bytes const& scope,
                                 std::uint64_t thread_id) noexcept {
  using namespace detail::record_format;
  std::size_t const name_size = (std::min)(name.size(), max_kept_name);
  kept_head head{};
  head.bound_size = static_cast<std::uint32_t>(bound.size());
  head.scope_size = static_cast<std::uint32_t>(scope.size());
  head.thread_id = thread_id;
  to = put(put(to, kept_record_head(total, name_size)), head);
  put_bytes(to, name.data(), name_size);
  to += name_size;
  if (!bound.empty()) {
    put_bytes(to, bound.data(), bound.size());
    to += bound.size();
  }
  if (!scope.empty()) {
    put_bytes(to, scope.data(), scope.size());
    to += scope.size();
  }
  return to;
}

/// What the calls of such a lane put in front of their records, and how far the worker has come. Thread: the owner's, unless
/// stated.
struct kept_lane {
  /// True if the literals in the module of this message are known to be kept.
  [[nodiscard]] bool knows(void const* literal) const noexcept {
    return reinterpret_cast<std::uintptr_t>(literal) - literals_begin < literals_size;
  }

  /// True if another process will be able to read this literal.
  [[nodiscard]] bool keeps(void const* literal, record_keeper& keeper) noexcept {
    if (knows(literal)) [[likely]]
      return true;
    record_keeper::range const kept = keeper.keep_literals(literal);
    if (kept.size == 0) return false;
    // A signal handler may log meanwhile: it sees no range, or this one.
    literals_size = 0;
    detail::compiler_fence();
    literals_begin = kept.begin;
    detail::compiler_fence();
    literals_size = kept.size;
    return true;
  }

  /// The same for a key, whose module may be another one; `keeps` continues to remember that of messages.
  [[nodiscard]] bool keeps_key(char const* literal, record_keeper& keeper) const noexcept {
    return knows(literal) || keeper.keep_literals(literal).size != 0;
  }

  /// Makes `prefix` that of calls of this logger in this scope, which the worker has. False if it is too long to be worth it,
  /// or if a key in it is not kept. The lane must be marked as being written.
  [[nodiscard, gnu::cold, gnu::noinline]] bool prepare(logger_core const& by, thread_scope const& in,
                                                       std::uint64_t thread_id,
                                                       record_keeper& keeper) noexcept {
    shared_bytes const none;
    shared_bytes const& fields = in.top == nullptr ? none : in.top->fields;
    prefix_bytes = kept_prefix_bytes(by, fields.size());
    logger = 0;
    auto const keeps = [&](char const* key) { return keeps_key(key, keeper); };
    for (shared_bytes const* const cells : {&by.bound, &fields}) {
      if (!cells->empty() && has_lost_key(cells->data(), cells->data() + cells->size(), keeps)) return false;
    }
    if (prefix_bytes > max_prepared) return false;
    put_kept_start(prefix, 0, by.name.name, by.bound, fields, thread_id);
    logger = by.number;
    return true;
  }
  /// True if `prefix` is that of calls of this logger in the scope that the worker has.
  [[nodiscard]] bool is_prepared(logger_core const& by) const noexcept { return logger == by.number; }
  /// The worker has another scope.
  void forget_prefix() noexcept { logger = 0; }
  /// Writes the first `size` bytes of `prefix`, which is all of it, in front of a record, and returns its end. Both together take
  /// `total` bytes, the record more than `step`: the copy may write that many bytes too many.
  [[gnu::always_inline]] std::byte* put_prepared(std::byte* to, std::size_t size,
                                                 std::size_t total) const noexcept {
    std::memcpy(to, prefix, step);
    std::memcpy(to + step, prefix + step, step);
    std::byte* const end = to + size;
    std::byte const* from = prefix + 2 * step;
    for (std::byte* rest = to + 2 * step; rest < end; rest += step, from += step)
      [[unlikely]] std::memcpy(rest, from, step);
    put(to, static_cast<std::uint32_t>(total));
    return end;
  }

  // What a call reads.
  std::uintptr_t literals_begin = 0;
  std::size_t literals_size = 0;
  std::uint64_t logger = 0;      ///< number of the logger of `prefix`; 0: none
  std::size_t prefix_bytes = 0;  ///< of `prefix`
  static constexpr std::size_t step = 32;
  static constexpr std::size_t max_prepared = 16 * step;
  alignas(step) std::byte prefix[max_prepared];

  /// Position up to which the worker has read, and up to which records are in batches. The bytes are released later, when
  /// every sink is done with their batch. The first is written by the worker and read by any thread, the second is used by
  /// the worker.
  alignas(cache_line) detail::atomic_word<std::uint64_t> read_until;
  std::uint64_t taken_until = 0;
  std::uint64_t handed_over_until = 0;  ///< of the last batch
  /// In a forked child: the file is the parent's, so the lane is private memory now, and no new call may use it.
  bool is_left = false;
};

/// Which literals of one call another process will be able to read.
struct kept_literals {
  /// `kept`: null if the record ends with the process; then nothing matters. `text`: the message literal, or null.
  kept_literals(kept_lane* of, char const* text, record_keeper* with) noexcept
      : kept(of), keeper(with), has_text(of == nullptr || text == nullptr || of->keeps(text, *with)) {}
  /// False for all keys if the message is not kept: they are in the same module, as a rule.
  [[nodiscard]] bool operator()(char const* key) const noexcept {
    return has_text && kept->keeps_key(key, *keeper);
  }

  kept_lane* kept;
  record_keeper* keeper;
  bool has_text;
};

static_assert(detail::record_format::near_start_bytes >= kept_lane::step &&
              detail::record_format::kept_start_bytes >= kept_lane::step);

}  // namespace fapilog::inline v0_1::detail
