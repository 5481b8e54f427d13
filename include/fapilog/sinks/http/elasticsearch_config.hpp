// SPDX-License-Identifier: MIT
// Configuration of the Elasticsearch sink.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/sinks/http/connection_config.hpp>
#include <fapilog/sinks/http/detail/ecs_document.hpp>
#include <fapilog/sinks/http/detail/url_syntax.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

namespace detail {

/// Placeholder for the day of the record in the name of an index.
inline constexpr std::string_view index_date = "{date}";

/// True for a name of an index or a data stream, in which `{date}` may occur once.
[[nodiscard]] inline bool is_index_name(std::string_view name) noexcept {
  constexpr std::size_t max_size = 255;
  std::size_t const date = name.find(index_date);
  std::string_view const before = name.substr(0, date);
  std::string_view const after =
      date == std::string_view::npos ? std::string_view{} : name.substr(date + index_date.size());
  auto const is_valid = [](std::string_view part) {
    return std::all_of(part.begin(), part.end(), [](char c) {
      return is_ascii_lower(c) || is_ascii_digit(c) || c == '-' || c == '_' || c == '.';
    });
  };
  return !before.empty() && name.size() <= max_size && is_valid(before) && is_valid(after) &&
         before.front() != '-' && before.front() != '_' && name != "." && name != "..";
}

}  // namespace detail

namespace sinks {

/// What a record becomes in Elasticsearch or OpenSearch.
enum class elasticsearch_document : std::uint8_t {
  ecs,       ///< a document of the Elastic Common Schema
  envelope,  ///< the record as JSON, with `@timestamp`
};

struct elasticsearch_config {
  /// `https://host[:port]`, without `/_bulk`.
  std::string url = {};
  /// Name of the index or data stream. `{date}` in it is the day of the record in UTC, as `2026.01.27`.
  std::string index = "logs-fapilog-default";
  elasticsearch_document document = elasticsearch_document::ecs;
  /// More members of an ECS document, as `name=path`, such as `http.response.status_code=data.status`.
  std::vector<std::string> fields = {};
  /// Name of an ingest pipeline; empty: that of the index, if it has one.
  std::string pipeline = {};
  /// Maximum records and bytes of one request, before compression. A server limits a request to 100 MB by default.
  std::uint32_t batch_size = 1'000;
  std::uint64_t batch_bytes = std::uint64_t{4} << 20;
  http_connection_config connection = {};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    // clang-format off
    visit(setting{.name = "url", .text = "`https://host[:port]` of the server, without the path of its interface.", .form = setting_form::secret}, self.url);
    visit(setting{.name = "index", .text = "Name of the index or data stream; `{date}` in it is the day of the record in UTC.", .not_empty = true}, self.index);
    visit(setting{.name = "document", .text = "What a record becomes: a document of the Elastic Common Schema, or the record as JSON."}, self.document);
    visit(setting{.name = "fields", .text = "More members of an ECS document, as `name=path`."}, self.fields);
    visit(setting{.name = "pipeline", .text = "Name of an ingest pipeline; empty: that of the index."}, self.pipeline);
    visit(setting{.name = "batch_size", .text = "Maximum records of one request.", .min = 1, .max = 10'000}, self.batch_size);
    visit(setting{.name = "batch_bytes", .text = "Maximum bytes of one request, before compression.", .min = 1'024, .max = 104'857'600, .form = setting_form::bytes}, self.batch_bytes);
    visit(setting{.name = "connection", .text = "How requests reach the server."}, self.connection);
    // clang-format on
  }

  [[gnu::cold]] static void(check)(elasticsearch_config const& c, setting_problems& problems) {
    if (auto const problem = detail::url_problem(c.url); !problem.empty()) problems.add("url", problem);
    if (!detail::is_index_name(c.index)) {
      problems.add("index",
                   "must be lower-case letters, digits, -, _ and ., begin with a letter, digit or ., "
                   "and contain `{date}` at most once and not at its beginning");
    }
    for (std::string const& field : c.fields) {
      if (auto const problem = detail::ecs_field_problem(field); !problem.empty())
        problems.add("fields", problem);
    }
    bool const is_name = std::all_of(c.pipeline.begin(), c.pipeline.end(), [](char ch) {
      return detail::is_ascii_alphanumeric(ch) || ch == '-' || ch == '_' || ch == '.';
    });
    if (!is_name) problems.add("pipeline", "must be letters, digits, -, _ and .");
  }
};

}  // namespace sinks

template <>
struct enum_names<sinks::elasticsearch_document> {
  static constexpr std::array names{
      std::pair{sinks::elasticsearch_document::ecs, std::string_view{"ecs"}},
      std::pair{sinks::elasticsearch_document::envelope, std::string_view{"envelope"}}};
};

}  // namespace fapilog::inline v0_1
