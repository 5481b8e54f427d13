// SPDX-License-Identifier: MIT
// A message that is written with `<<`, as the macros of glog do, with fields among its parts.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/limited_calls.hpp>
#include <fapilog/logger.hpp>
#include <fapilog/process_end.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <utility>

namespace fapilog::inline v0_1::compat {

/// Up to which number VLOG logs: 0 by default. Thread: any.
inline std::atomic<int> verbosity{0};

namespace detail {

/// One statement: `log_stream{log, level::info, where} << "text " << 5 << kv("user", 7)`, which `log_end` logs while the
/// temporary values still exist. At most 16 fields. Formats in the call, and allocates. Internal to the macros.
class log_stream {
 public:
  log_stream(logger const& log, level severity, fapilog::detail::call_site where)
      : log_(log), severity_(severity), where_(where) {}
  /// Adds `: No such file or directory [2]` for this errno behind the message.
  log_stream(std::optional<int> error, logger const& log, level severity, fapilog::detail::call_site where)
      : log_(log), severity_(severity), where_(where), error_(error) {}
  log_stream(log_stream const&) = delete;
  log_stream& operator=(log_stream const&) = delete;

  template <class T>
  log_stream& operator<<(T const& part) {
    if constexpr (fapilog::detail::is_field<T>) {
      if (count_ < max_fields) fapilog::detail::field_copy::assign(items_[++count_], part);
    } else {
      text_ << part;
    }
    return *this;
  }
  /// For std::endl, std::hex and so on.
  log_stream& operator<<(std::ostream& (*manipulator)(std::ostream&)) {
    manipulator(text_);
    return *this;
  }
  log_stream& operator<<(std::ios_base& (*manipulator)(std::ios_base&)) {
    manipulator(text_);
    return *this;
  }
  log_stream& self() noexcept { return *this; }

  void write() {
    auto* const core = fapilog::detail::logger_access::core(log_);
    if (core == nullptr || !log_.is_enabled(severity_)) return;
    if (error_) text_ << ": " << std::generic_category().message(*error_) << " [" << *error_ << ']';
    std::string_view message = text_.view();
    if (message.ends_with('\n')) message.remove_suffix(1);  // of std::endl, as in glog
    constexpr std::uint8_t flags =
        fapilog::detail::record_format::text_is_cell | fapilog::detail::record_format::text_is_rendered;
    core->owner.submit({*core, fapilog::detail::statement{severity_, flags}, &message, where_, items_, count_,
                        fapilog::detail::this_thread_scope});
  }

 private:
  static constexpr std::size_t max_fields = 16;

  logger const& log_;
  level severity_;
  fapilog::detail::call_site where_;
  std::optional<int> error_;
  std::ostringstream text_;
  field items_[1 + max_fields];  // the first is for the message
  std::size_t count_ = 0;
};

/// Logs a stream. `&` binds weaker than `<<` and stronger than `?:`.
struct log_end {
  void operator&(log_stream& all) const { all.write(); }
};
/// Logs a stream, waits for its delivery and aborts the process.
struct log_end_and_abort {
  [[noreturn]] void operator&(log_stream& all) const noexcept {
    all.write();
    (void)flush_all();
    std::abort();
  }
};

/// Decides on one call of LOG_EVERY_N, LOG_FIRST_N or LOG_EVERY_T; the number of calls since the last one becomes a field.
[[nodiscard]] inline bool admits(fapilog::detail::call_limit limit,
                                 fapilog::detail::call_site where) noexcept {
  std::uint64_t suppressed = 0;
  return limit.admits(where, suppressed);
}

/// The text of a failed comparison such as CHECK_EQ, or an empty string. Values that have no `<<` are left out.
template <class A, class B, class Compare>
[[nodiscard]] std::string failed_check(A const& a, B const& b, Compare const& holds, char const* text) {
  if (holds(a, b)) return {};
  std::ostringstream out;
  out << "Check failed: " << text;
  if constexpr (requires { out << a << b; }) out << " (" << a << " vs. " << b << ")";
  out << ' ';
  return out.str();
}

/// The text of a failed CHECK_STREQ and so on, or an empty string. Null is equal to null only.
[[nodiscard]] inline std::string failed_string_check(char const* a, char const* b, char const* text,
                                                     bool must_be_equal, bool ignores_case = false) {
  auto const shown = [](char const* value) { return value == nullptr ? std::string_view{"null"} : value; };
  bool const are_equal = a == nullptr || b == nullptr ? a == b
                         : ignores_case               ? fapilog::detail::equals_ignoring_case(a, b)
                                                      : std::string_view{a} == b;
  if (are_equal == must_be_equal) return {};
  return "Check failed: " + std::string{text} + " (" + std::string{shown(a)} + " vs. " +
         std::string{shown(b)} + ") ";
}

/// Returns the pointer of CHECK_NOTNULL, after a call of `fail` if it is null.
template <class T, class Fail>
T&& checked_not_null(T&& pointer, Fail const& fail) {
  if (pointer == nullptr) fail();
  return std::forward<T>(pointer);
}

}  // namespace detail
}  // namespace fapilog::inline v0_1::compat
