// SPDX-License-Identifier: MIT
// The contract of a redactor: removes from an event what must not leave the process.
#pragma once

#include <fapilog/record/event.hpp>

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

namespace fapilog {

/// A redactor has `void redact(event&)`. What it could not finish must not pass: where it throws, the record is dropped
/// and counted as failed, and the error is reported. Thread: the worker's, one call at a time.
template <class T>
concept redactor = requires(T& s, event& e) {
  s.redact(e);
};

/// Any redactor, or a function `void(event&)`, held by value.
class any_redactor {
 public:
  template <class T>
    requires(!std::same_as<std::remove_cvref_t<T>, any_redactor>)
  any_redactor(T&& s) {  // NOLINT(google-explicit-constructor)
    using type = std::remove_cvref_t<T>;
    static_assert(redactor<type> || std::is_invocable_v<type&, event&>,
                  "fapilog: this type is not a redactor. A redactor has void redact(fapilog::event&).");
    if constexpr (redactor<type>) {
      redact_ = [s = std::forward<T>(s)](event& e) mutable { s.redact(e); };
    } else {
      redact_ = std::forward<T>(s);
    }
  }
  void redact(event& e) { redact_(e); }

 private:
  std::function<void(event&)> redact_;
};

}  // namespace fapilog
