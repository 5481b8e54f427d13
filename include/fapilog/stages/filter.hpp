// SPDX-License-Identifier: MIT
// The contract of a filter: keeps an event or removes it.
#pragma once

#include <fapilog/record/event.hpp>

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

namespace fapilog {

/// A filter has `bool keep(event const&)`: false removes the event, which is counted as filtered. One that throws keeps
/// the event; the error is reported. Thread: the worker's, one call at a time.
template <class T>
concept filter = requires(T& f, event const& e) {
  { f.keep(e) } -> std::convertible_to<bool>;
};

/// Any filter, or a function `bool(event const&)`, held by value.
class any_filter {
 public:
  template <class T>
    requires(!std::same_as<std::remove_cvref_t<T>, any_filter>)
  any_filter(T&& f) {  // NOLINT(google-explicit-constructor)
    using type = std::remove_cvref_t<T>;
    static_assert(filter<type> || std::is_invocable_r_v<bool, type&, event const&>,
                  "fapilog: this type is not a filter. A filter has bool keep(fapilog::event const&).");
    if constexpr (filter<type>) {
      keep_ = [f = std::forward<T>(f)](event const& e) mutable -> bool { return f.keep(e); };
    } else {
      keep_ = std::forward<T>(f);
    }
  }
  [[nodiscard]] bool keep(event const& e) { return keep_(e); }

 private:
  std::function<bool(event const&)> keep_;
};

}  // namespace fapilog
