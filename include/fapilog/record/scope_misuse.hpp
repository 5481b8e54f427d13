// SPDX-License-Identifier: MIT
// Notes scopes that ended on another thread or in the wrong order, as those of a coroutine do that lived across a co_await.
#pragma once

#include <fapilog/detail/compiler.hpp>
#include <fapilog/detail/memory/atomic.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace fapilog::inline v0_1 {

/// A scope or an attachment that did not end where it began: other records may have had its fields.
struct scope_misuse {
  enum class kind : std::uint8_t { another_thread, wrong_order };
  kind what = kind::another_thread;
  std::uintptr_t began_at = 0;  ///< address of the code that made it
  std::uintptr_t ended_at = 0;  ///< address of the code that destroyed it
};

namespace detail {

/// True in files that are compiled without NDEBUG: their scopes assert. Each use passes it on as a template argument, so that files
/// with different values share no function.
#ifdef NDEBUG
inline constexpr bool asserts_scopes = false;
#else
inline constexpr bool asserts_scopes = true;
#endif

/// What is known in the process. Trivial. Thread: any.
struct scope_misuses {
  atomic_word<std::uint64_t> count{0};
  atomic_word<std::uint8_t> state{0};  ///< 1: `first` is being written, 2: written, 3: reported
  scope_misuse first{};
  atomic_word<void (*)(scope_misuse const&)> handler{nullptr};
  /// Prints one with its places; a runtime sets it, because finding the modules needs much code.
  atomic_word<void (*)(scope_misuse const&)> print{nullptr};
};
FAPILOG_DETAIL_SHARED inline constinit scope_misuses all_scope_misuses{};

[[nodiscard]] inline char const* text_of(scope_misuse const& found) noexcept {
  return found.what == scope_misuse::kind::another_thread
             ? "a scope ended on another thread: it lived across a co_await? Use coroutine_scope"
             : "a scope ended before a younger one: it lived across a co_await? Use coroutine_scope";
}
[[noreturn, gnu::noinline, gnu::cold]] inline void abort_for(scope_misuse const& found) noexcept {
  if (auto* const print = all_scope_misuses.print.load_acquire()) print(found);
  else (void)std::fprintf(stderr, "fapilog: %s\n", text_of(found));
  (void)std::fputs("fapilog: this is an assertion of a debug build; on_misused_scope() replaces it\n",
                   stderr);
  std::abort();
}
/// `is_asserted`: the scope asserts, so without a handler this ends the process.
[[gnu::noinline, gnu::cold]] inline void note_scope_misuse(scope_misuse const& found,
                                                           bool is_asserted) noexcept {
  auto& all = all_scope_misuses;
  all.count.fetch_add_relaxed(1);
  std::uint8_t unused = 0;
  if (all.state.compare_exchange(unused, 1)) {
    all.first = found;
    all.state.store_release(2);
  }
  if (auto* const handle = all.handler.load_acquire()) handle(found);
  else if (is_asserted) abort_for(found);
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
/// Sets what is called for each misuse, on the thread that ends the scope, instead of the assertion; a function that does
/// nothing turns the assertion off. Null, the default: a scope that was made in a file without NDEBUG prints both places to
/// standard error and aborts; one that was made in a file with NDEBUG is only counted and reported. Thread: any.
inline void on_misused_scope(void (*handler)(scope_misuse const&)) noexcept {
  detail::all_scope_misuses.handler.store_release(handler);
}

}  // namespace fapilog::inline v0_1
