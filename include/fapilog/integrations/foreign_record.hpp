// SPDX-License-Identifier: MIT
// Logs a record that another logging library made: what all bridges share.
#pragma once

#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/logger.hpp>
#include <fapilog/queue/backpressure.hpp>
#include <fapilog/record/call_origin.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace fapilog::inline v0_1::integrations {

/// A string field of another library, such as an entry of a mapped diagnostic context.
struct foreign_field {
  std::string_view key;
  std::string_view value;
};

/// A finished record of another library.
struct foreign_record {
  level severity = level::info;
  std::string_view message = {};  ///< formatted
  call_origin origin = {};
  std::span<foreign_field const> fields = {};  ///< the first 32 are logged, with `typed_fields`
  std::span<field const> typed_fields = {};    ///< what they refer to must exist during the call
};

}  // namespace fapilog::inline v0_1::integrations

namespace fapilog::inline v0_1::detail {

inline constinit atomic_word<std::uint64_t> refused_foreign_records{0};
inline constinit thread_local bool logs_foreign_record = false;

}  // namespace fapilog::inline v0_1::detail

namespace fapilog::inline v0_1::integrations {

/// True on a thread that delivers the records of this logger's runtime, and within `log_foreign`: a bridge that logs there
/// would feed itself.
template <level Floor>
[[nodiscard]] bool is_recursive_here(basic_logger<Floor> const& log) noexcept {
  auto const* const core = detail::logger_access::core(log);
  return detail::logs_foreign_record || (core != nullptr && detail::channel_served_here == &core->owner);
}

}  // namespace fapilog::inline v0_1::integrations

namespace fapilog::inline v0_1::detail {

/// Logs a record whose level is enabled, without a guard against recursion.
template <level Floor>
void submit_foreign(basic_logger<Floor> const& log, integrations::foreign_record const& record) noexcept {
  constexpr std::size_t max_fields = 32;
  field items[2 + max_fields];  // the first is for the message
  field_copy::assign(items[1], from(record.origin));
  std::size_t count = 1;
  for (field const& one : record.typed_fields) {
    if (count > max_fields) break;
    field_copy::assign(items[++count], one);
  }
  for (integrations::foreign_field const& one : record.fields) {
    if (count > max_fields) break;
    field_copy::assign(items[++count], kv(dynamic_key(one.key), one.value));
  }
  logger_core& core = *logger_access::core(log);
  constexpr std::uint8_t flags = record_format::text_is_cell | record_format::text_is_rendered;
  core.owner.submit({core, statement{record.severity, flags}, &record.message, call_site::current(), items,
                     count, this_thread_scope});
}

}  // namespace fapilog::inline v0_1::detail

namespace fapilog::inline v0_1::integrations {

/// Logs a record of another library, with its time, call site and thread. Redactors and filters apply as to any other record.
/// Returns false without effect if the level is disabled, or if the call comes from the delivery of this runtime's own
/// records (a sink that logs by the other library); such calls are counted in `refused_foreign_records`. The strings are
/// copied. Thread: any. Throws: never.
template <level Floor>
bool log_foreign(basic_logger<Floor> const& log, foreign_record const& record) noexcept {
  if (!log.is_enabled(record.severity) || !detail::is_level(record.severity)) return false;
  if (is_recursive_here(log)) [[unlikely]] {
    detail::refused_foreign_records.fetch_add_relaxed(1);
    return false;
  }
  detail::logs_foreign_record = true;
  detail::submit_foreign(log, record);
  detail::logs_foreign_record = false;
  return true;
}

/// The number of records that no bridge of this process logged, because they came from the delivery of records.
[[nodiscard]] inline std::uint64_t refused_foreign_records() noexcept {
  return detail::refused_foreign_records.load_relaxed();
}

}  // namespace fapilog::inline v0_1::integrations
