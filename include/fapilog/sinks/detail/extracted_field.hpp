// SPDX-License-Identifier: MIT
// A column of a table and the path of its value in an event, written as `[column=]path[:type]`.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

struct extracted_field {
  std::string column;
  std::string path;                 ///< in the envelope; empty if none was written
  std::optional<std::string> type;  ///< as written; nothing if there is no colon
};

namespace extracted_field_detail {

/// Returns the path in the envelope of a field. Names of fapilog for Python, such as `trace_id`, become paths.
[[nodiscard, gnu::cold]] inline std::string path_of(std::string const& written) {
  using std::string_view_literals::operator""sv;
  for (auto const name : {"message_id"sv, "correlation_id"sv, "request_id"sv, "user_id"sv, "tenant_id"sv,
                          "trace_id"sv, "span_id"sv}) {
    if (written == name) return "context." + written;
  }
  for (auto const name : {"origin"sv, "service"sv, "env"sv, "version"sv, "host"sv, "pid"sv}) {
    if (written == name) return "diagnostics." + written;
  }
  return written;
}

[[nodiscard, gnu::cold]] inline std::string column_of(std::string path) {
  for (std::string_view const root : {"context.", "data.", "diagnostics."}) {
    if (path.starts_with(root)) {
      path.erase(0, root.size());
      break;
    }
  }
  std::replace(path.begin(), path.end(), '.', '_');
  return path;
}

}  // namespace extracted_field_detail

/// Without a column, it is the last part of the path: `data.user.id` becomes `user_id`. Throws: std::bad_alloc.
[[nodiscard, gnu::cold]] inline extracted_field split_extracted_field(std::string const& written) {
  extracted_field field{.column = {}, .path = written, .type = {}};
  if (auto const colon = field.path.rfind(':'); colon != std::string::npos) {
    field.type = field.path.substr(colon + 1);
    field.path.erase(colon);
  }
  if (auto const equals = field.path.find('='); equals != std::string::npos) {
    field.column = field.path.substr(0, equals);
    field.path.erase(0, equals + 1);
  }
  if (field.column.empty()) field.column = extracted_field_detail::column_of(field.path);
  field.path = extracted_field_detail::path_of(field.path);
  return field;
}

}  // namespace fapilog::inline v0_1::detail
