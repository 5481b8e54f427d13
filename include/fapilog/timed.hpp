// SPDX-License-Identifier: MIT
// A block that is logged at its end with its duration and outcome: `auto const span = timed(log, "load", kv("file", name));`.
#pragma once

#include <fapilog/detail/trace_number.hpp>
#include <fapilog/logger.hpp>

#include <chrono>
#include <cstddef>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1 {

namespace detail {
/// The name of a timed block: a literal, and the call site.
class span_name {
 public:
  template <std::size_t N>
  consteval span_name(char const (&literal)[N],  // NOLINT(google-explicit-constructor)
                      detail::call_site where = detail::call_site::current())
      : message_(literal, where) {}
  [[nodiscard]] message<> const& text() const noexcept { return message_; }

 private:
  message<> message_;
};

/// What `timed` returns. Until its end, the records of this thread have a new `span_id`; at its end one record has the
/// message, the fields, `duration` and `outcome`: "ok", "failed", or "exception" if the block is left by one. Thread: the one
/// that made it; not across a co_await. Throws: never.
class [[nodiscard]] timed_span {
 public:
  /// Internal: called by `timed`.
  timed_span(logger log, level severity, span_name name) noexcept
      : log_(std::move(log)), severity_(severity), name_(name) {
    try {
      std::string const id = detail::random_trace_number(16);
      scope_.emplace(id);
    } catch (...) {
      // Without memory or random numbers the block has no id of its own.
    }
  }
  timed_span(timed_span const&) = delete;
  timed_span& operator=(timed_span const&) = delete;
  ~timed_span() { finish(); }

  /// The block has failed: its record is an ERROR with the outcome "failed".
  void fail() noexcept { outcome_ = "failed"; }
  /// The same, with the exception in `diagnostics.exception`.
  void fail(std::exception_ptr error) noexcept {
    outcome_ = "failed";
    error_ = std::move(error);
  }
  /// The time since the beginning.
  [[nodiscard]] std::chrono::nanoseconds elapsed() const noexcept {
    return std::chrono::steady_clock::now() - began_;
  }
  /// Logs the record now. Further calls have no effect.
  void finish() noexcept {
    if (std::exchange(is_finished_, true)) return;
    auto const duration = elapsed();
    bool const is_unwinding = std::uncaught_exceptions() > exceptions_;
    std::string_view const outcome = is_unwinding ? "exception" : outcome_;
    level const severity = outcome == "ok" ? severity_ : level::error;
    if (error_ != nullptr) write(severity, kv("duration", duration), kv("outcome", outcome), caught(error_));
    else write(severity, kv("duration", duration), kv("outcome", outcome));
    scope_.reset();
  }

 private:
  struct span_scope {
    explicit span_scope(std::string const& id) noexcept : fields(kv("span_id", id)) {}
    scope fields;
  };

  template <class... F>
  void write(level severity, F const&... fields) const noexcept {
    if (!log_.is_enabled(severity)) return;
    auto const& text = name_.text();
    detail::log_at_level<decltype(detail::pass(fields))...>(
        *detail::logger_access::core(log_), detail::statement{severity, text.flags()}, text.text(),
        text.where(), detail::pass(fields)...);
  }

  logger log_;
  level severity_;
  span_name name_;
  std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
  int exceptions_ = std::uncaught_exceptions();
  std::string_view outcome_ = "ok";
  std::exception_ptr error_;
  bool is_finished_ = false;
  std::optional<span_scope> scope_;
};
}  // namespace detail

/// Times a block, up to the end of the life of the result. The fields are copied, and are on the record of the block only.
template <class... Fields>
  requires detail::all_fields<Fields...> detail::timed_span timed(logger const& log, level severity,
                                                                  detail::span_name name, Fields&&... fields)
noexcept {
  if constexpr (sizeof...(Fields) == 0) return detail::timed_span{log, severity, name};
  else return detail::timed_span{log.with(std::forward<Fields>(fields)...), severity, name};
}
/// The same with level INFO. A failed block is an ERROR.
template <class... Fields>
  requires detail::all_fields<Fields...> detail::timed_span timed(logger const& log, detail::span_name name,
                                                                  Fields&&... fields)
noexcept { return timed(log, level::info, name, std::forward<Fields>(fields)...); }

}  // namespace fapilog::inline v0_1
