// SPDX-License-Identifier: MIT
// A lower level for what one thread logs in a block: details of one request without those of all others.
#pragma once

#include <fapilog/logger.hpp>
#include <fapilog/queue/channel.hpp>
#include <fapilog/record/context.hpp>
#include <fapilog/record/level.hpp>

namespace fapilog::inline v0_1 {
namespace detail {

/// The level for a scope of this thread: the one in force if the logger has no runtime or if there is no memory.
[[nodiscard]] inline shared_scope_level lowered_level(logger_core const* core, level lowest) noexcept {
  shared_scope_level now = current_scope_level();
  if (core == nullptr || !is_level(lowest)) return now;
  return core->owner.make_scope_level(lowest, static_cast<shared_scope_level&&>(now));
}

}  // namespace detail

/// Logs also what is below the level of its logger, from `lowest` on, in all calls of this thread until the end of the block, with
/// any logger of the runtime of `log`:
///
///     fapilog::level_scope const detailed{log, fapilog::level::debug};
///
/// It never hides a record. A `context` that is captured in the block carries the level to other threads and coroutines. While
/// one exists anywhere, a disabled call of any thread from `lowest` on costs a little more, because it must look at its thread.
/// Calls below `FAPILOG_COMPILED_LEVEL` or the floor of a logger do not exist. Thread: belongs to the thread that made it.
/// Throws: never; without memory it has no effect.
class [[nodiscard]] level_scope {
 public:
  template <bool Asserts = detail::asserts_scopes>
  [[gnu::always_inline]] level_scope(logger const& log, level lowest) noexcept
      : guard_(detail::current_scope(), detail::lowered_level(detail::logger_access::core(log), lowest),
               Asserts) {}

 private:
  detail::scope_guard guard_;
};

}  // namespace fapilog::inline v0_1
