// SPDX-License-Identifier: MIT
// Configuration of the HTTP sink.
#pragma once

#include <fapilog/setting.hpp>
#include <fapilog/sinks/http/connection_config.hpp>
#include <fapilog/sinks/http/detail/record_template.hpp>
#include <fapilog/sinks/http/detail/url_syntax.hpp>

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1 {

namespace sinks {

/// The body of a request of `sinks::http`.
enum class http_body : std::uint8_t {
  json_array,   ///< `[{...},{...}]`
  json_lines,   ///< one record a line, with the content type `application/x-ndjson`
  by_template,  ///< as `body_template` and `record_template` say
};

struct http_config {
  /// `https://host[:port]/path`. A user and password in it are sent as basic authentication.
  std::string url = {};
  http_body body = http_body::json_array;
  /// The body, with `{{records}}` once.
  std::string body_template = "[{{records}}]";
  /// Each record in it. `{{record}}` is the record as JSON; `{{message}}`, `{{level}}`, `{{logger}}` and `{{message_id}}` are
  /// parts of it, escaped for use inside quotes.
  std::string record_template = "{{record}}";
  /// Between two records.
  std::string separator = ",";
  /// Empty: `application/x-ndjson` for `json_lines`, else `application/json`.
  std::string content_type = {};
  /// Maximum records and bytes of one request, before compression.
  std::uint32_t batch_size = 500;
  std::uint64_t batch_bytes = std::uint64_t{1} << 20;
  http_connection_config connection = {};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    // clang-format off
    visit(setting{.name = "url", .text = "`https://host[:port]/path` of the receiver.", .form = setting_form::secret}, self.url);
    visit(setting{.name = "body", .text = "Form of the body of a request."}, self.body);
    visit(setting{.name = "body_template", .text = "For `by_template`: the body, with `{{records}}` once."}, self.body_template);
    visit(setting{.name = "record_template", .text = "For `by_template`: a record; `{{record}}` is its JSON, `{{message}}`, `{{level}}`, `{{logger}}` and `{{message_id}}` are parts of it, escaped."}, self.record_template);
    visit(setting{.name = "separator", .text = "For `by_template`: between two records."}, self.separator);
    visit(setting{.name = "content_type", .text = "Content type; empty: as the form says."}, self.content_type);
    visit(setting{.name = "batch_size", .text = "Maximum records of one request.", .min = 1, .max = 100'000}, self.batch_size);
    visit(setting{.name = "batch_bytes", .text = "Maximum bytes of one request, before compression.", .min = 1'024, .max = 268'435'456, .form = setting_form::bytes}, self.batch_bytes);
    visit(setting{.name = "connection", .text = "How requests reach the server."}, self.connection);
    // clang-format on
  }

  [[gnu::cold]] static void(check)(http_config const& c, setting_problems& problems) {
    if (auto const problem = detail::url_problem(c.url); !problem.empty()) problems.add("url", problem);
    if (!detail::is_header_value(c.content_type))
      problems.add("content_type", "must not contain a control character");
    if (c.body != http_body::by_template) return;
    std::string_view const records = "{{records}}";
    std::size_t const at = c.body_template.find(records);
    if (at == std::string::npos || c.body_template.find(records, at + 1) != std::string::npos)
      problems.add("body_template", "must contain {{records}} once");
    if (auto const problem = detail::record_template::problem(c.record_template); !problem.empty())
      problems.add("record_template", problem);
  }
};

}  // namespace sinks

template <>
struct enum_names<sinks::http_body> {
  static constexpr std::array names{
      std::pair{sinks::http_body::json_array, std::string_view{"json_array"}},
      std::pair{sinks::http_body::json_lines, std::string_view{"json_lines"}},
      std::pair{sinks::http_body::by_template, std::string_view{"by_template"}}};
};

}  // namespace fapilog::inline v0_1
