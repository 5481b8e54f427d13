// SPDX-License-Identifier: MIT
// What the Windows Event Log gets of a record: its type, its id and its text.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/detail/text/utf8.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/record/time.hpp>
#include <fapilog/record/uuid.hpp>
#include <fapilog/record/value.hpp>
#include <fapilog/sinks/detail/flat_fields.hpp>
#include <fapilog/sinks/detail/value_numbers.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail::event_log {

/// ReportEventW refuses strings with more UTF-16 units (its documentation).
inline constexpr std::size_t max_units = 31'839;

/// EVENTLOG_ERROR_TYPE, EVENTLOG_WARNING_TYPE or EVENTLOG_INFORMATION_TYPE. AUDIT is information and SECURITY a warning, as for
/// syslog; the types of audits are those of the log Security, which programs cannot write to.
[[nodiscard]] constexpr std::uint16_t type_of(level severity) noexcept {
  if (severity < level::warning) return 4;
  if (severity < level::error) return 2;
  if (severity < level::audit) return 1;
  return severity < level::security ? 4 : 2;
}

/// The field `event_id` of a record, or the id of the configuration.
[[nodiscard]] inline std::uint32_t id_of(event const& e, std::uint32_t otherwise) {
  value const* const field = e.data.find("event_id");
  if (field == nullptr) return otherwise;
  std::optional<std::int64_t> const id = whole_number_of(*field);
  return id && *id >= 0 && *id <= 0xFFFF ? static_cast<std::uint32_t>(*id) : otherwise;
}

/// Writes the text of events one after the other. Thread: one. Throws: std::bad_alloc.
class text_writer {
 public:
  /// Returns the message, an empty line, and a line for each field; in UTF-8, at most `max_units` long in UTF-16, without NUL and
  /// without `%` before a digit, which the Event Viewer would replace. What is longer is cut and ends in `[truncated]`. The view
  /// is valid until the next call.
  [[nodiscard]] std::string_view put(event const& e) {
    constexpr std::size_t kept_bytes = std::size_t{1} << 17;
    raw_.clear_to(kept_bytes);
    raw_.append(e.message);
    raw_.append("\r\n");
    put_line("level", e.level_name);
    put_line("logger", e.logger);
    begin_line("time");
    raw_.end_at(put_timestamp(raw_.room(40), e.unix_ns, 6));
    begin_line("message_id");
    raw_.end_at(put_uuid(raw_.room(36), e.message_id));
    auto const put_field = [this](std::string_view path, value const& v) {
      begin_line(path);
      put_flat_text(raw_, v);
    };
    for_each_flat_field(e.context, path_, put_field);
    for_each_flat_field(e.diagnostics, path_, put_field);
    for_each_flat_field(e.data, path_, put_field);
    return put_allowed();
  }

 private:
  void begin_line(std::string_view name) {
    raw_.append("\r\n");
    raw_.append(name);
    raw_.append(": ");
  }
  void put_line(std::string_view name, std::string_view text) {
    begin_line(name);
    raw_.append(text);
  }

  /// Copies to `out_` what the log accepts.
  [[nodiscard]] std::string_view put_allowed() {
    constexpr std::string_view cut = " [truncated]";
    constexpr std::string_view replacement = "\xEF\xBF\xBD";
    out_.clear_to(std::size_t{1} << 17);
    std::string_view const all = raw_.view();
    std::size_t units = 0;
    std::size_t end_of_cut = 0;  // where `cut` still fits
    for (std::size_t at = 0; at < all.size();) {
      code_point const next = decode_utf8(all.substr(at));
      bool const is_insertion =
          next.value == '%' && at + 1 < all.size() && (all[at + 1] == '%' || is_ascii_digit(all[at + 1]));
      std::size_t const size = (next.value > 0xFFFF ? 2U : 1U) + (is_insertion ? 1U : 0U);
      if (units + size > max_units) {
        out_.shrink(end_of_cut);
        out_.append(cut);
        break;
      }
      units += size;
      out_.append(next.ok && next.value != 0 ? all.substr(at, next.size) : replacement);
      if (is_insertion) out_.push_back(' ');
      if (units + cut.size() <= max_units) end_of_cut = out_.size();
      at += next.size;
    }
    return out_.view();
  }

  text_buffer raw_;
  text_buffer out_;
  std::string path_;
};

}  // namespace fapilog::inline v0_1::detail::event_log
