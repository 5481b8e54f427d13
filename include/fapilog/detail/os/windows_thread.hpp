// SPDX-License-Identifier: MIT
// Ends of threads and wake-ups of threads on Windows.
#pragma once

#include <fapilog/detail/os/windows_text.hpp>

#include <new>
#include <system_error>

namespace fapilog::inline v0_1::detail {

/// True: GCC emulates thread-local variables, and frees them before the system knows that the thread ends.
inline constexpr bool thread_variables_end_early = true;

/// Calls a function when a thread ends. Not for the thread that calls exit(), and not after this object is destroyed.
/// Thread: any. Throws: never.
class thread_end {
 public:
  using function = void (*)(void*);

  [[gnu::cold]] explicit thread_end(function called) noexcept
      : called_(called), slot_(windows::FlsAlloc(&end)) {}
  thread_end(thread_end const&) = delete;
  thread_end& operator=(thread_end const&) = delete;
  [[gnu::cold]] ~thread_end() {
    called_ = nullptr;  // the system calls `end` now for every thread
    if (slot_ != none) (void)windows::FlsFree(slot_);
    slot_ = none;
  }

  /// Registers the running thread, or changes its value, which the function gets. With null, the function is not called.
  /// Returns false if that is impossible: no memory, no slot, or the process is exiting.
  [[nodiscard, gnu::cold]] bool add_this_thread(void* value) noexcept {
    if (slot_ == none) return false;
    auto* own = static_cast<entry*>(windows::FlsGetValue(slot_));
    if (own == nullptr) {
      own = new (std::nothrow) entry{this, nullptr};
      if (own == nullptr) return false;
      if (windows::FlsSetValue(slot_, own) == 0) {
        delete own;
        return false;
      }
    }
    own->value = value;
    return true;
  }
  [[nodiscard, gnu::cold]] bool add_this_thread() noexcept { return add_this_thread(this); }
  /// The value of the running thread; null without one.
  [[nodiscard, gnu::cold]] void* value() const noexcept {
    auto const* const own = slot_ == none ? nullptr : static_cast<entry const*>(windows::FlsGetValue(slot_));
    return own == nullptr ? nullptr : own->value;
  }

 private:
  static constexpr unsigned long none = 0xFFFFFFFFUL;

  struct entry {
    thread_end const* of;
    void* value;
  };

  static void __stdcall end(void* all) {
    auto const* const own = static_cast<entry const*>(all);
    if (own == nullptr) return;
    if (own->value != nullptr && own->of->called_ != nullptr) own->of->called_(own->value);
    delete own;
  }

  function called_;
  unsigned long slot_;
};

/// Windows does not cancel threads.
class cancellation_guard {
 public:
  cancellation_guard() noexcept {}  // NOLINT: not trivial, so that no compiler calls it unused
  cancellation_guard(cancellation_guard const&) = delete;
  cancellation_guard& operator=(cancellation_guard const&) = delete;
  void begin() noexcept {}
};
class cancellation_blocked : public cancellation_guard {};

/// An event that wakes a thread. Thread: `wake` any; `wait` one at a time.
class wake_pipe {
 public:
  /// Throws: std::system_error if the system has no events left.
  wake_pipe() : event_(windows::CreateEventW(nullptr, 0, 0, nullptr)) {
    if (event_ == nullptr)
      throw std::system_error(windows::last_error(), std::generic_category(),
                              "fapilog: cannot create an event");
  }
  wake_pipe(wake_pipe const&) = delete;
  wake_pipe& operator=(wake_pipe const&) = delete;
  ~wake_pipe() { (void)windows::CloseHandle(event_); }

  void wake() const noexcept { (void)windows::SetEvent(event_); }
  /// Waits until `wake` is called, for at most this time (negative: no limit). Then forgets all calls of `wake` so far.
  void wait(int milliseconds) const noexcept {
    (void)windows::WaitForSingleObject(
        event_, milliseconds < 0 ? windows::infinite : static_cast<unsigned long>(milliseconds));
  }

 private:
  void* event_;
};

}  // namespace fapilog::inline v0_1::detail
