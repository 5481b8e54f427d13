// SPDX-License-Identifier: MIT
// The part of a channel that decides by level which calls are logged: levels of loggers, and of scopes of single threads.
#pragma once

#include <fapilog/queue/channel.hpp>
#include <fapilog/queue/enqueue_event.hpp>
#include <fapilog/queue/level_registry.hpp>
#include <fapilog/record/context.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/record/scope_level.hpp>

#include <cstdint>
#include <new>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// A base without members, so that those of `Channel` follow those of `channel`. `Channel` has `levels_`, `recorders_`, `event_`, and
/// `begin_by_scope`, which begins records from the first level of a scope on. Thread: any.
template <class Channel>
class leveled_channel : public channel {
 public:
  void release(named_level& named) noexcept final { self().levels_.release(named); }
  void set_level(std::string_view pattern, level value) final { self().levels_.set(pattern, value); }
  [[nodiscard]] bool admits(logger_core const& logger, level severity,
                            thread_scope const& caller) const noexcept final {
    return logger.name.lowest.is_reached_by(static_cast<std::uint8_t>(severity)) ||
           severity >= static_cast<Channel const&>(*this).recorders_.min_level() ||
           scope_lets_pass(caller, &logger.owner, severity);
  }
  [[gnu::cold]] shared_scope_level make_scope_level(level lowest, shared_scope_level outer) noexcept final {
    channel* const owner = this;
    auto* const made = new (std::nothrow) scope_level{owner, lowest, &end_scope_level, outer};
    if (made == nullptr) return outer;
    add_reference();
    if (!decides_by_scope()) {
      begin_by(&Channel::begin_by_scope);
      heavy_barrier(
          self().event_.barrier());  // before any call can pass the level check because of the scope
    }
    self().levels_.begin_scope(lowest);
    return shared_scope_level{made};
  }

  [[nodiscard]] level_registry& levels() noexcept { return self().levels_; }
  [[nodiscard]] level_registry const& levels() const noexcept {
    return static_cast<Channel const&>(*this).levels_;
  }

 protected:
  using channel::channel;

  /// True from the first level of a scope on, and never false again: a call may have passed the level check before it ended.
  [[nodiscard]] bool decides_by_scope() const noexcept { return begins_by(&Channel::begin_by_scope); }

 private:
  [[nodiscard]] Channel& self() noexcept { return static_cast<Channel&>(*this); }

  [[gnu::cold]] static void end_scope_level(scope_level& ended) noexcept {
    auto& of = static_cast<Channel&>(*static_cast<channel*>(ended.owner));
    of.levels_.end_scope(ended.lowest);
    delete &ended;
    of.drop_reference();
  }
};

}  // namespace fapilog::inline v0_1::detail
