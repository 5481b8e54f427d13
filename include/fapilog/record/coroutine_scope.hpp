// SPDX-License-Identifier: MIT
// Fields that follow a coroutine from thread to thread: by hand for each co_await, or by its promise for all.
#pragma once

#include <fapilog/record/context.hpp>

#include <coroutine>
#include <optional>
#include <type_traits>
#include <utility>

namespace fapilog::inline v0_1 {
namespace detail {

/// A context that is in force only while its coroutine runs. Thread: the one that runs the coroutine.
class carried_context {
 public:
  explicit carried_context(context carried) noexcept : carried_(std::move(carried)) {}

  void attach() noexcept {
    attached_.reset();
    attached_.emplace(carried_);
  }
  void detach() noexcept { attached_.reset(); }
  void replace(context next) noexcept {
    carried_ = std::move(next);
    attach();
  }

 private:
  context carried_;
  std::optional<context::attachment> attached_;
};

template <class T>
decltype(auto) awaiter_of(T&& awaitable) {
  if constexpr (requires { std::forward<T>(awaitable).operator co_await(); })
    return std::forward<T>(awaitable).operator co_await();
  else if constexpr (requires { operator co_await(std::forward<T>(awaitable)); })
    return operator co_await(std::forward<T>(awaitable));
  else return std::forward<T>(awaitable);
}

/// Awaits `Awaiter` (a reference, or a value that `operator co_await` has returned) without the context.
template <class Awaiter>
struct carrying_awaiter {
  carried_context& carried;
  Awaiter inner;

  decltype(auto) await_ready() { return inner.await_ready(); }
  template <class Promise>
  auto await_suspend(std::coroutine_handle<Promise> coroutine) {
    carried.detach();
    try {
      return inner.await_suspend(coroutine);  // from here on another thread may run the coroutine
    } catch (...) {
      carried.attach();
      throw;
    }
  }
  decltype(auto) await_resume() {
    carried.attach();
    return inner.await_resume();
  }
};

template <class T>
[[nodiscard]] auto carry(carried_context& carried, T&& awaitable) {
  using awaiter = decltype(awaiter_of(std::forward<T>(awaitable)));
  return carrying_awaiter<awaiter>{carried, awaiter_of(std::forward<T>(awaitable))};
}

/// What `add_context` returns.
struct context_addition {
  context next;
};

}  // namespace detail

/// A `scope` for a coroutine: adds fields to its records, whatever thread runs it. Wrap each co_await of the block:
///
///     fapilog::coroutine_scope request{kv("request_id", id)};
///     auto const answer = co_await request(socket.read());
///
/// Keeps the fields that were in force where it was made. Thread: the one that runs the coroutine. Throws: what the awaitable
/// throws.
class [[nodiscard]] coroutine_scope {
 public:
  template <class... Fields>
    requires(sizeof...(Fields) > 0 && detail::all_fields<Fields...>)
  explicit coroutine_scope(Fields&&... fields) noexcept
      : carried_(with_fields(std::forward<Fields>(fields)...)) {
    carried_.attach();
  }
  /// For the context of a request, or another one that was captured before.
  explicit coroutine_scope(context carried) noexcept : carried_(std::move(carried)) { carried_.attach(); }
  coroutine_scope(coroutine_scope const&) = delete;
  coroutine_scope& operator=(coroutine_scope const&) = delete;

  /// `co_await scope(awaitable)` instead of `co_await awaitable`.
  template <class T>
  [[nodiscard]] auto operator()(T&& awaitable) {
    return detail::carry(carried_, std::forward<T>(awaitable));
  }
  /// Before and after a co_await that cannot be wrapped, because its promise takes only certain types.
  void detach() noexcept { carried_.detach(); }
  void attach() noexcept { carried_.attach(); }

 private:
  template <class... Fields>
  static context with_fields(Fields&&... fields) noexcept {
    scope const all{std::forward<Fields>(fields)...};
    return context::capture();
  }

  detail::carried_context carried_;
};

/// A base of a promise type: each co_await of its coroutines carries the context, which is at first that of the caller.
///
///     struct promise_type : fapilog::context_promise {
///       auto initial_suspend() noexcept { return carry(std::suspend_always{}); }
///       auto final_suspend() noexcept { end_context(); return std::suspend_always{}; }
///
/// `co_await fapilog::add_context(kv("request_id", id))` adds fields from there to the end of the coroutine.
class context_promise {
 public:
  template <class T>
  [[nodiscard]] auto await_transform(T&& awaitable) {
    return detail::carry(carried_, std::forward<T>(awaitable));
  }
  [[nodiscard]] auto await_transform(detail::context_addition&& added) noexcept {
    carried_.replace(std::move(added.next));
    return std::suspend_never{};
  }

  /// Awaits this one with the context: for `initial_suspend`.
  template <class T>
  [[nodiscard]] auto carry(T awaiter) noexcept {
    return detail::carrying_awaiter<T>{carried_, std::move(awaiter)};
  }
  /// Must be called in `final_suspend`.
  void end_context() noexcept { carried_.detach(); }

 private:
  detail::carried_context carried_{context::capture()};
};

/// In a coroutine with a `context_promise`: `co_await add_context(kv("request_id", id))`.
template <class... Fields>
  requires(sizeof...(Fields) > 0 && detail::all_fields<Fields...>)
[[nodiscard]] detail::context_addition add_context(Fields&&... fields) noexcept {
  scope const all{std::forward<Fields>(fields)...};
  return {context::capture()};
}

}  // namespace fapilog::inline v0_1
