// SPDX-License-Identifier: MIT
// Handlers of the signals that end a process: they notify a listener, then pass the signal to its previous handler.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#if FAPILOG_DETAIL_WINDOWS
#include <fapilog/detail/os/windows_crash.hpp>
#else
#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/os/crash_site.hpp>
#include <fapilog/detail/os/posix_clock.hpp>
#include <fapilog/detail/os/stack_walk.hpp>
#include <fapilog/detail/os/system.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <typeinfo>

#include <cxxabi.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

namespace fapilog::inline v0_1::detail {

/// A signal with the handler that it had before ours.
struct handled_signal {
  int number;
  char const* name;
  bool is_installed;
  struct sigaction before;
};

/// Thread: `install` and `uninstall` one at a time. Async-signal-safe like stack_walk.
class crash_signals {
 public:
  /// Called on the thread that got the signal, inside the handler; must be async-signal-safe. It returns from a crash once
  /// the process may end; false means that this process has nobody to handle it. At SIGTERM and SIGINT it returns at once, and
  /// true means that it will call `end_process`. Called once more, with `is_another`, when another thread crashes meanwhile.
  using listener = bool (*)(crash_site const&, bool is_another) noexcept;

  /// Handles the fatal signals; with `termination` SIGTERM and SIGINT, too. A signal that is ignored stays ignored.
  [[gnu::cold]] static void install(listener notify, bool termination) noexcept {
    bool const is_first = current_listener.exchange(notify) == nullptr;
    for (handled_signal& one : handled) {
      if (is_termination(one.number) && !termination) continue;
      struct sigaction ours {};
      ours.sa_sigaction = &handle;
      ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
      ours.sa_mask = mask();
      struct sigaction now {};
      if (::sigaction(one.number, nullptr, &now) != 0 || is_handled_by_us(now) || is_ignored(now)) continue;
      // The application has replaced ours. That stays, unless it has removed its own meanwhile.
      if (one.is_installed && (!is_first || is_function(now))) continue;
      if (one.number == SIGTRAP && is_function(now))
        continue;  // many programs handle it in their normal work
      one.before = now;
      one.is_installed = ::sigaction(one.number, &ours, nullptr) == 0;
    }
    if (!has_terminate_handler) {
      terminate_before = std::set_terminate(&terminate);
      has_terminate_handler = true;
    }
  }

  /// A handler that was installed after ours stays: it may call ours, which then only passes the signal on.
  [[gnu::cold]] static void uninstall() noexcept {
    current_listener.store_release(nullptr);
    for (handled_signal& one : handled) {
      struct sigaction now {};
      if (!one.is_installed || ::sigaction(one.number, nullptr, &now) != 0 || !is_handled_by_us(now))
        continue;
      ::sigaction(one.number, &one.before, nullptr);
      one.is_installed = false;
    }
    if (has_terminate_handler && std::get_terminate() == &terminate) {
      std::set_terminate(terminate_before);
      has_terminate_handler = false;
    }
  }

  /// True if the application has no handler of its own for a signal for which the listener returned true.
  [[nodiscard]] static bool ends_process(int number) noexcept {
    struct sigaction const* const before = before_of(number);
    return before != nullptr && (!is_function(*before) || is_of_another_copy(*before));
  }
  /// Ends the process by such a signal, if it `ends_process`. Another copy of this library does so after its own delivery.
  static void end_process(int number) noexcept {
    if (!ends_process(number)) return;
    restore(number);
    ::kill(::getpid(), number);
    if (!is_function(*before_of(number))) end_first_process(number);
  }

  [[nodiscard]] static uncaught_exception const& exception() noexcept { return thrown; }

  /// The name of a signal that is handled here, such as SIGSEGV; else "signal".
  [[nodiscard, gnu::cold]] static char const* name_of(int number) noexcept {
    for (handled_signal const& one : handled) {
      if (one.number == number) return one.name;
    }
    return "signal";
  }
  /// The reason of a fault as sigaction(2) names it; null for another code.
  [[nodiscard, gnu::cold]] static char const* reason_of(crash_site const& site) noexcept {
    struct reason {
      int signal;
      int code;
      char const* name;
    };
    static constexpr reason known[]{
        {SIGSEGV, SEGV_MAPERR, "SEGV_MAPERR"}, {SIGSEGV, SEGV_ACCERR, "SEGV_ACCERR"},
        {SIGBUS, BUS_ADRALN, "BUS_ADRALN"},    {SIGBUS, BUS_ADRERR, "BUS_ADRERR"},
        {SIGBUS, BUS_OBJERR, "BUS_OBJERR"},    {SIGFPE, FPE_INTDIV, "FPE_INTDIV"},
        {SIGFPE, FPE_INTOVF, "FPE_INTOVF"},    {SIGFPE, FPE_FLTDIV, "FPE_FLTDIV"},
        {SIGFPE, FPE_FLTOVF, "FPE_FLTOVF"},    {SIGFPE, FPE_FLTUND, "FPE_FLTUND"},
        {SIGFPE, FPE_FLTINV, "FPE_FLTINV"},    {SIGILL, ILL_ILLOPC, "ILL_ILLOPC"},
        {SIGILL, ILL_ILLOPN, "ILL_ILLOPN"},    {SIGILL, ILL_PRVOPC, "ILL_PRVOPC"}};
#if defined(SI_KERNEL)
    // x86: an address that cannot exist; it is not known.
    if (site.signal == SIGSEGV && site.code == SI_KERNEL) return "SI_KERNEL";
#endif
    for (reason const& one : known) {
      if (one.signal == site.signal && one.code == site.code) return one.name;
    }
    return nullptr;
  }
  [[nodiscard]] static bool is_termination(int number) noexcept {
    return number == SIGTERM || number == SIGINT;
  }
  /// True if the process called abort(), as std::terminate does.
  [[nodiscard]] static bool is_abort(crash_site const& site) noexcept { return site.signal == SIGABRT; }

 private:
  [[nodiscard]] static bool is_handled_by_us(struct sigaction const& now) noexcept {
    return (now.sa_flags & SA_SIGINFO) != 0 && now.sa_sigaction == &handle;
  }

  /// Blocks every signal, because a fault inside the handler must end the process at once; except a few that no program
  /// has left out of a mask by chance. By them, two copies of this library in hidden parts of a program recognise each other.
  [[nodiscard]] static sigset_t mask() noexcept {
    sigset_t all;
    sigfillset(&all);
#if defined(SIGRTMIN)
    for (int const offset : {1, 4, 9, 10, 15, 21}) sigdelset(&all, SIGRTMAX - offset);
#endif
    return all;
  }
  [[nodiscard]] static bool is_of_another_copy(struct sigaction const& action) noexcept {
#if defined(SIGRTMIN)
    if ((action.sa_flags & SA_SIGINFO) == 0 || is_handled_by_us(action)) return false;
    sigset_t const ours = mask();
    for (int number = SIGRTMIN; number <= SIGRTMAX; ++number) {
      if (sigismember(&action.sa_mask, number) != sigismember(&ours, number)) return false;
    }
    return true;
#else
    (void)action;
    return false;
#endif
  }

  static void handle(int number, siginfo_t* info, void* context) {
    stack_walk::leave_after_fault();
    int const error = errno;
    if (is_termination(number)) {
      handle_termination(number, info, context);
    } else {
      handle_crash(number, info, context);
    }
    errno = error;
  }

  static void handle_crash(int number, siginfo_t const* info, void* context) noexcept {
    std::uint64_t const self = thread_id();
    std::uint64_t none = 0;
    if (handling_thread.compare_exchange(none, self)) {
      if (listener const notify = current_listener.load_acquire();
          notify != nullptr && !is_over.load_acquire()) {
        collect(number, info, last_site);
        last_site.has_handler = false;
        last_site.is_described = number == SIGABRT && terminating_thread.load_acquire() == self;
        if (!last_site.is_described) stack_walk::collect(last_site, context);
        // Without an effect in a child of vfork(2), which shares its parent's memory.
        if (notify(last_site, false)) is_over.store_release(true);
      }
      handling_thread.store_release(0);
    } else if (none != self) {
      crash_site another;
      collect(number, info, another);
      if (listener const notify = current_listener.load_acquire(); notify != nullptr)
        (void)notify(another, true);
      while (handling_thread.load_acquire() != 0) ::poll(nullptr, 0, 1);  // the first one ends the process
    }
    restore(number);
    // A fault repeats when this handler returns, so that a core file shows it. Other signals are sent again.
    if (info->si_code <= 0 || number == SIGSYS || number == SIGTRAP) ::raise(number);
  }

  /// The thread that was interrupted may hold a lock of the C library, so it must not wait here. The application's handler
  /// is called at once, but that of another copy of this library gets the signal from the listener; without one, the listener ends
  /// the process, or a later such signal does. Signals in quick succession are one request: timeout(1), and a shell with its
  /// children, send it twice.
  static void handle_termination(int number, siginfo_t* info, void* context) {
    constexpr std::int64_t same_request_ns = 1'000'000'000;
    struct sigaction const* const before = before_of(number);
    listener const notify = current_listener.load_acquire();
    bool const has_function =
        before != nullptr && is_function(*before) && (notify == nullptr || !is_of_another_copy(*before));
    std::int64_t const now = steady_clock_ns();
    std::int64_t since = 0;
    bool const is_first = terminating_since.compare_exchange(since, now);
    if (!is_first && !has_function && notify != nullptr && now - since < same_request_ns) return;
    crash_site site;
    collect(number, info, site);
    bool const is_handled = is_first && notify != nullptr && notify(site, false);
    if (has_function || (is_first && !is_handled)) terminating_since.store_release(0);
    if (has_function) {
      if ((before->sa_flags & SA_SIGINFO) != 0) {
        before->sa_sigaction(number, info, context);
      } else {
        before->sa_handler(number);
      }
    } else if (!is_handled) {
      restore(number);
      ::raise(number);
      if (notify != nullptr && !is_function(*before)) end_first_process(number);
    }
  }
  /// The first process of a container ignores a signal that it has no handler for.
  static void end_first_process(int number) noexcept {
    constexpr int status_of_signals = 128;
    if (::getpid() == 1) ::_exit(status_of_signals + number);
  }

  static void collect(int number, siginfo_t const* info, crash_site& site) noexcept {
    site.signal = number;
    site.thread = thread_id();
    site.code = info->si_code;
    site.address = site.is_fault() ? reinterpret_cast<std::uintptr_t>(info->si_addr) : 0;
    site.sender = site.is_fault() ? 0 : info->si_pid;
  }

  [[nodiscard]] static struct sigaction const* before_of(int number) noexcept {
    for (handled_signal const& one : handled) {
      if (one.number == number) return &one.before;
    }
    return nullptr;
  }
  [[nodiscard]] static bool is_function(struct sigaction const& action) noexcept {
    return (action.sa_flags & SA_SIGINFO) != 0 ? action.sa_sigaction != nullptr
                                               : action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN;
  }
  [[nodiscard]] static bool is_ignored(struct sigaction const& action) noexcept {
    return (action.sa_flags & SA_SIGINFO) == 0 && action.sa_handler == SIG_IGN;
  }
  /// Restores the previous handler of the signal.
  static void restore(int number) noexcept {
    if (struct sigaction const* const before = before_of(number)) ::sigaction(number, before, nullptr);
  }

  [[noreturn]] static void terminate() {
    thrown.is_terminating = true;
    if (std::type_info const* const type = ::abi::__cxa_current_exception_type(); type != nullptr) {
      thrown.type = type->name();
      try {
        throw;
      } catch (std::exception const& error) {
        std::strncpy(thrown.text, error.what(), sizeof thrown.text - 1);
      } catch (...) {
        thrown.text[0] = '\0';
      }
    }
    deliver_before_handler();
    terminate_before();
    std::abort();
  }
  /// The application's terminate handler may end the process without a signal. What it logs is delivered at the SIGABRT.
  static void deliver_before_handler() noexcept {
    std::uint64_t const self = thread_id();
    std::uint64_t none = 0;
    listener const notify = current_listener.load_acquire();
    if (notify == nullptr || is_over.load_acquire() || !handling_thread.compare_exchange(none, self)) return;
    last_site.signal = SIGABRT;
    last_site.thread = self;
    last_site.code = 0;
    last_site.address = 0;
    last_site.sender = ::getpid();
    last_site.has_handler = true;
    last_site.is_described = false;
    stack_walk::collect(last_site, nullptr);
    if (notify(last_site, false)) terminating_thread.store_release(self);
    handling_thread.store_release(0);
  }

  inline static constinit handled_signal handled[]{
      {SIGSEGV, "SIGSEGV", false, {}}, {SIGBUS, "SIGBUS", false, {}},   {SIGILL, "SIGILL", false, {}},
      {SIGFPE, "SIGFPE", false, {}},   {SIGABRT, "SIGABRT", false, {}}, {SIGSYS, "SIGSYS", false, {}},
      {SIGTRAP, "SIGTRAP", false, {}}, {SIGTERM, "SIGTERM", false, {}}, {SIGINT, "SIGINT", false, {}}};
  inline static constinit atomic_word<listener> current_listener{nullptr};
  inline static constinit atomic_word<std::uint64_t> handling_thread{0};  ///< the thread inside the handler
  inline static constinit atomic_word<bool> is_over{false};               ///< the listener knows of a crash
  inline static constinit atomic_word<std::uint64_t> terminating_thread{0};  ///< has described std::terminate
  inline static constinit atomic_word<std::int64_t> terminating_since{
      0};  ///< time of the first SIGTERM or SIGINT
  inline static constinit crash_site last_site{};
  inline static constinit uncaught_exception thrown{};
  inline static constinit std::terminate_handler terminate_before = nullptr;
  inline static constinit bool has_terminate_handler = false;
};

}  // namespace fapilog::inline v0_1::detail

#endif
