// SPDX-License-Identifier: MIT
// A level that a scope gives to its thread: shared between the scope and the contexts that carry it.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/record/level.hpp>

#include <cstddef>
#include <utility>

namespace fapilog::inline v0_1::detail {

struct scope_level;

/// A handle to a level, or to none. Copies share it. Thread: handles to the same level may be used on different threads.
class shared_scope_level {
 public:
  shared_scope_level() noexcept = default;
  /// Takes over a reference.
  explicit shared_scope_level(scope_level* made) noexcept : level_(made) {}
  inline shared_scope_level(shared_scope_level const& other) noexcept;
  shared_scope_level(shared_scope_level&& other) noexcept : level_(std::exchange(other.level_, nullptr)) {}
  shared_scope_level& operator=(shared_scope_level other) noexcept {
    std::swap(level_, other.level_);
    return *this;
  }
  inline ~shared_scope_level();

  /// Null for none.
  [[nodiscard]] scope_level const* get() const noexcept { return level_; }

 private:
  scope_level* level_ = nullptr;
};

/// Made by a channel, which lets calls from `lowest` on pass the level check of each of its loggers until the last handle is
/// gone, and then decides by thread.
struct scope_level {
  using end_function = void (*)(scope_level& ended) noexcept;

  void* owner;  ///< the channel
  level lowest;
  end_function end;          ///< must delete it
  shared_scope_level outer;  ///< remains in force
  atomic_word<std::size_t> references{1};
};

inline shared_scope_level::shared_scope_level(shared_scope_level const& other) noexcept
    : level_(other.level_) {
  if (level_ != nullptr) level_->references.fetch_add_relaxed(1);
}
inline shared_scope_level::~shared_scope_level() {
  if (level_ != nullptr && level_->references.fetch_sub(1) == 1) level_->end(*level_);
}

/// True if one of these levels is of this channel and lets `severity` pass.
[[nodiscard]] inline bool is_let_pass(scope_level const* innermost, void const* owner,
                                      level severity) noexcept {
  for (; innermost != nullptr; innermost = innermost->outer.get()) {
    if (innermost->owner == owner && severity >= innermost->lowest) return true;
  }
  return false;
}

}  // namespace fapilog::inline v0_1::detail
