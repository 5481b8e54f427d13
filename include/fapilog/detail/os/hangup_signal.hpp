// SPDX-License-Identifier: MIT
// Notifies listeners of SIGHUP.
#pragma once

#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/os/wake_pipe.hpp>

#include <array>
#include <atomic>
#include <mutex>
#include <stdexcept>

namespace fapilog::inline v0_1::detail {

/// A listener with a pipe that wakes it. It receives hangups only if it requested them.
struct hangup_listener {
  detail::wake_pipe pipe;
  std::atomic<bool> receives_hangups{false};
  std::atomic<bool> has_hangup{false};
  bool is_taken = false;  ///< under the mutex of `hangup_signal`
};

/// Installs a signal handler while there are listeners; it also calls the handler that was installed before. Listeners
/// are reused and never freed, because a signal handler may use them at any time.
/// Thread: any.
class hangup_signal {
 public:
  static hangup_signal& instance() {
    static auto* const one = new hangup_signal;  // outlives static destructors
    return *one;
  }

  /// Throws: std::runtime_error if there are too many listeners, std::bad_alloc, std::system_error without file descriptors.
  [[nodiscard]] hangup_listener& take(bool receives_hangups) {
    std::lock_guard const lock{mutex_};
    for (auto& slot : listeners) {
      hangup_listener* one = slot.load(std::memory_order_relaxed);
      if (one != nullptr && one->is_taken) continue;
      if (one == nullptr) slot.store(one = new hangup_listener, std::memory_order_release);
      one->is_taken = true;
      one->has_hangup = false;
      one->receives_hangups = receives_hangups;
      if (receives_hangups && listening_++ == 0) install();
      return *one;
    }
    throw std::runtime_error{"fapilog: too many settings_watch objects; at most " +
                             std::to_string(listeners.size()) + " can exist at the same time"};
  }
  void give_back(hangup_listener& one) noexcept {
    std::lock_guard const lock{mutex_};
    if (one.receives_hangups.exchange(false) && --listening_ == 0) uninstall();
    one.is_taken = false;
  }

 private:
  inline static constinit std::array<std::atomic<hangup_listener*>, 16> listeners{};
#if FAPILOG_DETAIL_WINDOWS
  static void install() noexcept {}  // Windows has no SIGHUP
  static void uninstall() noexcept {}
#else
  inline static struct sigaction before {};

  static void handle(int number, siginfo_t* info, void* context) {
    for (auto const& slot : listeners) {
      hangup_listener* const one = slot.load(std::memory_order_acquire);
      if (one == nullptr || !one->receives_hangups) continue;
      one->has_hangup = true;
      one->pipe.wake();
    }
    if ((before.sa_flags & SA_SIGINFO) != 0) {
      if (before.sa_sigaction != nullptr) before.sa_sigaction(number, info, context);
    } else if (before.sa_handler != SIG_DFL && before.sa_handler != SIG_IGN) {
      before.sa_handler(number);
    }
  }

  static void install() noexcept {
    struct sigaction ours {};
    ours.sa_sigaction = &handle;
    ours.sa_flags = SA_SIGINFO | SA_RESTART;
    sigemptyset(&ours.sa_mask);
    ::sigaction(SIGHUP, &ours, &before);
  }
  /// If another handler was installed after ours, both stay, because it may call ours.
  static void uninstall() noexcept {
    struct sigaction now {};
    ::sigaction(SIGHUP, nullptr, &now);
    if ((now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == &handle)
      ::sigaction(SIGHUP, &before, nullptr);
  }
#endif

  std::mutex mutex_;
  int listening_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
