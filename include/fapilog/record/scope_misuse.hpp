// SPDX-License-Identifier: MIT
// Notes scopes that ended on another thread or in the wrong order, as those of a coroutine do that lived across a co_await.
#pragma once

#include <fapilog/detail/compiler.hpp>
#include <fapilog/detail/memory/atomic.hpp>

#include <cstdint>

namespace fapilog::inline v0_1 {

/// A scope or an attachment that did not end where it began: other records may have had its fields.
struct scope_misuse {
  enum class kind : std::uint8_t { another_thread, wrong_order };
  kind what = kind::another_thread;
  std::uintptr_t began_at = 0;  ///< address of the code that made it
  std::uintptr_t ended_at = 0;  ///< address of the code that destroyed it
};

namespace detail {

/// What is known in the process. Trivial. Thread: any.
struct scope_misuses {
  atomic_word<std::uint64_t> count{0};
  atomic_word<std::uint8_t> state{0};  ///< 1: `first` is being written, 2: written, 3: reported
  scope_misuse first{};
  atomic_word<void (*)(scope_misuse const&)> handler{nullptr};
};
FAPILOG_DETAIL_SHARED inline constinit scope_misuses all_scope_misuses{};

[[gnu::noinline, gnu::cold]] inline void note_scope_misuse(scope_misuse const& found) noexcept {
  auto& all = all_scope_misuses;
  all.count.fetch_add_relaxed(1);
  std::uint8_t unused = 0;
  if (all.state.compare_exchange(unused, 1)) {
    all.first = found;
    all.state.store_release(2);
  }
  if (auto* const handle = all.handler.load_acquire()) handle(found);
}
/// True for one caller in the process, once there is one; sets `found` to the first.
[[nodiscard]] inline bool take_scope_misuse(scope_misuse& found) noexcept {
  auto& all = all_scope_misuses;
  std::uint8_t written = 2;
  if (all.state.load_relaxed() != 2 || !all.state.compare_exchange(written, 3)) [[likely]]
    return false;
  found = all.first;
  return true;
}

}  // namespace detail

/// The number of scopes and attachments of this process that ended on another thread or in the wrong order. The first is
/// reported by the diagnostics of a runtime.
[[nodiscard]] inline std::uint64_t misused_scopes() noexcept {
  return detail::all_scope_misuses.count.load_relaxed();
}
/// Sets what is called for each misuse, on the thread that ends the scope: for debug builds and tests, which may abort. Null:
/// nothing. Thread: any.
inline void on_misused_scope(void (*handler)(scope_misuse const&)) noexcept {
  detail::all_scope_misuses.handler.store_release(handler);
}

}  // namespace fapilog::inline v0_1
