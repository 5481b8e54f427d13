// SPDX-License-Identifier: MIT
// Calls what may throw, also for files that are compiled without exceptions.
#pragma once

#include <fapilog/detail/compiler.hpp>

#include <exception>
#include <new>

namespace fapilog::inline v0_1::detail {

// A file without exceptions has only the declarations: it uses the functions of the files with exceptions that it is linked with
// (guarded_functions.hpp), so that each function has one meaning in the whole program.
#if FAPILOG_DETAIL_EXCEPTIONS
/// Calls `body`, and `failed` if that throws: with the message of a std::exception, or null. Returns false then.
[[nodiscard]] inline bool call_guarded(void (*body)(void*), void (*failed)(void*, char const* what),
                                       void* data) noexcept {
  try {
    body(data);
    return true;
  } catch (std::exception const& error) {
    failed(data, error.what());
  } catch (...) {
    failed(data, nullptr);
  }
  return false;
}
[[noreturn, gnu::cold]] inline void throw_bad_alloc() { throw std::bad_alloc{}; }
#else
[[nodiscard]] bool call_guarded(void (*body)(void*), void (*failed)(void*, char const* what),
                                void* data) noexcept;
[[noreturn, gnu::cold]] void throw_bad_alloc();
#endif

/// Calls `body()`, and `failed(what)` if that throws: with the message of a std::exception, or null. Returns false then. `failed`
/// must not throw.
template <class Body, class Failed>
bool guarded(Body&& body, Failed&& failed) noexcept {
  struct both {
    Body& body;
    Failed& failed;
  } all{body, failed};
  return call_guarded([](void* data) { static_cast<both*>(data)->body(); },
                      [](void* data, char const* what) noexcept { static_cast<both*>(data)->failed(what); },
                      &all);
}

/// Calls `body()`. Returns false if that throws.
template <class Body>
bool guarded(Body&& body) noexcept {
  return guarded(body, [](char const*) noexcept {});
}

}  // namespace fapilog::inline v0_1::detail
