// SPDX-License-Identifier: MIT
// Handling of fork(2): the participants, the locks held meanwhile, and the objects that a child recreates.
#pragma once

#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/detail/os/system.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <mutex>
#include <new>
#include <type_traits>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// `fork_generation`, also in a program without a runtime: forks are counted from the first call on.
[[nodiscard, gnu::cold]] inline std::uint32_t watched_fork_generation() noexcept {
  static bool const is_counted =
      (at_fork(nullptr, nullptr, [] { (void)fork_generation.fetch_add_relaxed(1); }), true);
  (void)is_counted;
  return fork_generation.load_relaxed();
}

/// A thread, mutex or condition variable that a forked child recreates. The child has none of its parent's threads, so
/// it must neither join them nor use what they may have locked or waited on when the process forked.
template <class T>
class fork_safe : public T {
 public:
  using T::T;
  fork_safe& operator=(T&& other) noexcept requires std::is_nothrow_move_assignable_v<T> {
    T::operator=(std::move(other));
    return *this;
  }

  /// Replaces the object by a default-constructed one without running its destructor. In a forked child only.
  [[gnu::cold]] void recreate_in_child() noexcept { ::new (static_cast<void*>(this)) fork_safe; }
};

/// Owns an object with threads and locks that must not be used in a forked child, nor once the threads of the process have
/// ended (`threads_have_ended`). There the object is never destroyed: in a child it belongs to the parent. Thread: one at a time.
template <class T>
class process_ptr {
 public:
  process_ptr() = default;
  process_ptr(process_ptr&&) noexcept = default;
  process_ptr& operator=(process_ptr&&) = delete;
  [[gnu::cold]] ~process_ptr() {
    if (is_inherited()) (void)object_.release();
  }

  /// The object, or null if there is none or it belongs to the parent process.
  [[nodiscard]] T* get() const noexcept { return is_inherited() ? nullptr : object_.get(); }
  /// The object, without the check. Only in the process that made it.
  [[nodiscard]] T& operator*() const noexcept { return *object_; }

  [[gnu::cold]] void reset(std::unique_ptr<T> next = nullptr) noexcept {
    if (is_inherited()) (void)object_.release();
    object_ = std::move(next);
    process_ = process_mark();
  }

 private:
  [[nodiscard]] bool is_inherited() const noexcept {
    return object_ != nullptr && (process_ != process_mark() || threads_have_ended());
  }

  std::unique_ptr<T> object_;
  std::int64_t process_ = 0;
};

/// Takes part in fork(2). The calls come in pairs, on the thread that forks.
class fork_participant {
 public:
  using clock = std::chrono::steady_clock;

  /// Pauses its threads and takes its locks, so that a child finds all data consistent. A thread that has not paused by
  /// `deadline` is left running.
  virtual void before_fork(clock::time_point deadline) = 0;
  /// Undoes `before_fork`.
  virtual void after_fork_in_parent() noexcept = 0;
  /// Releases the locks and recreates the objects that only the parent has.
  virtual void after_fork_in_child() = 0;

  fork_participant(fork_participant const&) = delete;
  fork_participant& operator=(fork_participant const&) = delete;

 protected:
  fork_participant() = default;
  ~fork_participant() = default;
};

/// Holds mutexes during fork(2), so that no other thread has them locked when the child begins.
class fork_locks final : public fork_participant {
 public:
  [[gnu::cold]] fork_locks(std::initializer_list<std::mutex*> all) : all_(all) {}

  [[gnu::cold]] void before_fork(clock::time_point) override {
    for (std::mutex* const m : all_) m->lock();
  }
  [[gnu::cold]] void after_fork_in_parent() noexcept override { unlock(); }
  [[gnu::cold]] void after_fork_in_child() override { unlock(); }

 private:
  [[gnu::cold]] void unlock() noexcept {
    for (std::size_t i = all_.size(); i-- > 0;) all_[i]->unlock();
  }

  vector<std::mutex*> all_;
};

/// The participants of the process, in the order in which they prepare for fork(2); afterwards they are called in reverse.
/// The first use registers the handlers. It is never destroyed. Thread: any.
class fork_participants {
 public:
  [[gnu::cold]] static fork_participants& instance() {
    static auto* const only = new fork_participants;
    return *only;
  }

  /// Throws: std::bad_alloc.
  [[gnu::cold]] void add(std::shared_ptr<fork_participant> const& participant) {
    std::lock_guard const lock{mutex_};
    all_.erase_if([](auto const& p) { return p.expired(); });
    forking_.reserve(all_.size() + 1);  // `before_fork` must not need memory
    all_.push_back(participant);
  }
  [[gnu::cold]] void remove(fork_participant const& participant) noexcept {
    std::lock_guard const lock{mutex_};
    all_.erase_if([&](auto const& p) {
      auto const alive = p.lock();
      return alive == nullptr || alive.get() == &participant;
    });
  }

 private:
  [[gnu::cold]] fork_participants() {
    (void)watched_fork_generation();  // is called first in a child
    at_fork([] { instance().before_fork(); }, [] { instance().after_fork(false); },
            [] { instance().after_fork(true); });
  }

  [[gnu::cold]] void before_fork() {
    mutex_.lock();
    for (auto const& p : all_) {
      if (auto alive = p.lock()) forking_.push_back(std::move(alive));
    }
    for (auto const& p : forking_) p->before_fork(fork_participant::clock::now() + std::chrono::seconds{1});
  }

  [[gnu::cold]] void after_fork(bool in_child) {
    for (std::size_t i = forking_.size(); i-- > 0;) {
      if (in_child) {
        forking_[i]->after_fork_in_child();
      } else {
        forking_[i]->after_fork_in_parent();
      }
    }
    forking_.clear();
    mutex_.unlock();
  }

  std::mutex mutex_;
  vector<std::weak_ptr<fork_participant>> all_;
  vector<std::shared_ptr<fork_participant>> forking_;
};

}  // namespace fapilog::inline v0_1::detail
