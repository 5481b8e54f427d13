// SPDX-License-Identifier: MIT
// The contract of a processor: changes the finished line.
#pragma once

#include <fapilog/record/event.hpp>

#include <concepts>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

namespace fapilog {

/// A processor has `bool process(event const&, std::string& line)`: it may change the line (without its end) in place;
/// false drops the record, which is counted as failed. Where it throws the line stays as it was and the error is
/// reported. Thread: the worker's, one call at a time.
template <class T>
concept processor = requires(T& s, event const& e, std::string& line) {
  { s.process(e, line) } -> std::convertible_to<bool>;
};

/// Any processor, or a function `bool(event const&, std::string&)`, held by value.
class any_processor {
 public:
  template <class T>
    requires(!std::same_as<std::remove_cvref_t<T>, any_processor>)
  any_processor(T&& s) {  // NOLINT(google-explicit-constructor)
    using type = std::remove_cvref_t<T>;
    static_assert(
        processor<type> || std::is_invocable_r_v<bool, type&, event const&, std::string&>,
        "fapilog: this type is not a processor. A processor has bool process(fapilog::event const&, "
        "std::string& line).");
    if constexpr (processor<type>) {
      process_ = [s = std::forward<T>(s)](event const& e, std::string& line) mutable -> bool {
        return s.process(e, line);
      };
    } else {
      process_ = std::forward<T>(s);
    }
  }
  [[nodiscard]] bool process(event const& e, std::string& line) { return process_(e, line); }

 private:
  std::function<bool(event const&, std::string&)> process_;
};

}  // namespace fapilog
