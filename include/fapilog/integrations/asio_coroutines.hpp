// SPDX-License-Identifier: MIT
// Fields that follow a coroutine of Asio, whose promise takes only awaitables of Asio.
#pragma once

#include <fapilog/record/coroutine_scope.hpp>

#include <type_traits>
#include <utility>

namespace fapilog::inline v0_1::integrations {

/// Awaits an operation without the fields of `request`, and puts them in force again where the coroutine goes on, on whatever
/// thread, and also if the operation throws. For `boost::asio::awaitable` and `asio::awaitable`:
///
///     fapilog::coroutine_scope request{served->context()};
///     auto const bytes = co_await carry(request, socket.async_read_some(buffer, boost::asio::use_awaitable));
///
/// If it awaits a coroutine of yours that logs, that one needs a `coroutine_scope` of its own. `request` must outlive the operation.
/// Throws: what the operation throws, std::bad_alloc.
template <template <class, class> class Awaitable, class T, class Executor>
[[nodiscard]] Awaitable<T, Executor> carry(coroutine_scope& request, Awaitable<T, Executor> operation) {
  request.detach();
  try {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(operation);
      request.attach();
    } else {
      T result = co_await std::move(operation);
      request.attach();
      co_return result;
    }
  } catch (...) {
    request.attach();
    throw;
  }
}

}  // namespace fapilog::inline v0_1::integrations
