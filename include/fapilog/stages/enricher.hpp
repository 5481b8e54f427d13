// SPDX-License-Identifier: MIT
// The contract of an enricher: adds to an event what is not known at the call.
#pragma once

#include <fapilog/record/event.hpp>

#include <concepts>
#include <functional>
#include <type_traits>
#include <utility>

namespace fapilog {

/// An enricher has `void enrich(event&)`. It sees what the enrichers before it added. One that throws is skipped for
/// that event; the error is reported. Thread: the worker's, one call at a time.
template <class T>
concept enricher = requires(T& s, event& e) {
  s.enrich(e);
};

/// Any enricher, or a function `void(event&)`, held by value.
class any_enricher {
 public:
  template <class T>
    requires(!std::same_as<std::remove_cvref_t<T>, any_enricher>)
  any_enricher(T&& s) {  // NOLINT(google-explicit-constructor)
    using type = std::remove_cvref_t<T>;
    static_assert(enricher<type> || std::is_invocable_v<type&, event&>,
                  "fapilog: this type is not an enricher. An enricher has void enrich(fapilog::event&).");
    if constexpr (enricher<type>) {
      enrich_ = [s = std::forward<T>(s)](event& e) mutable { s.enrich(e); };
    } else {
      enrich_ = std::forward<T>(s);
    }
  }
  void enrich(event& e) { enrich_(e); }

 private:
  std::function<void(event&)> enrich_;
};

}  // namespace fapilog
