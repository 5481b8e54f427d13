// SPDX-License-Identifier: MIT
// Configuration of the Loki sink.
#pragma once

#include <fapilog/setting.hpp>
#include <fapilog/sinks/http/connection_config.hpp>
#include <fapilog/sinks/http/detail/named_path.hpp>
#include <fapilog/sinks/http/detail/url_syntax.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace fapilog::inline v0_1::sinks {

struct loki_config {
  /// `https://host[:port]`, without `/loki/api/v1/push`.
  std::string url = {};
  /// Tenant, sent as `X-Scope-OrgID`; empty: none.
  std::string tenant = {};
  /// Labels of every record, as `name=value`.
  std::vector<std::string> labels = {"service_name=unknown_service"};
  /// Labels from a record, as `name=path`. Each combination of values is a stream of its own in Loki, so only what has few values
  /// belongs here.
  std::vector<std::string> label_fields = {"level=level"};
  /// Distinct values of each label of `label_fields`; a record with a further value gets the label `other`.
  std::uint32_t max_label_values = 50;
  /// Structured metadata, as `name=path`: for what has many values. A record that lacks a path lacks the name.
  std::vector<std::string> metadata = {"message_id=message_id", "trace_id=context.trace_id"};
  /// Maximum records and bytes of one request, before compression. A server limits a request to 4 MB by default.
  std::uint32_t batch_size = 1'000;
  std::uint64_t batch_bytes = std::uint64_t{1} << 20;
  http_connection_config connection = {};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    // clang-format off
    visit(setting{.name = "url", .text = "`https://host[:port]` of Loki, without the path of its interface.", .form = setting_form::secret}, self.url);
    visit(setting{.name = "tenant", .text = "Tenant, sent as `X-Scope-OrgID`; empty: none."}, self.tenant);
    visit(setting{.name = "labels", .text = "Labels of every record, as `name=value`."}, self.labels);
    visit(setting{.name = "label_fields", .text = "Labels from a record, as `name=path`; only for what has few values."}, self.label_fields);
    visit(setting{.name = "max_label_values", .text = "Distinct values of each label from a record; a further value becomes `other`.", .min = 1, .max = 10'000}, self.max_label_values);
    visit(setting{.name = "metadata", .text = "Structured metadata, as `name=path`."}, self.metadata);
    visit(setting{.name = "batch_size", .text = "Maximum records of one request.", .min = 1, .max = 100'000}, self.batch_size);
    visit(setting{.name = "batch_bytes", .text = "Maximum bytes of one request, before compression.", .min = 1'024, .max = 268'435'456, .form = setting_form::bytes}, self.batch_bytes);
    visit(setting{.name = "connection", .text = "How requests reach the server."}, self.connection);
    // clang-format on
  }

  [[gnu::cold]] static void(check)(loki_config const& c, setting_problems& problems) {
    constexpr std::size_t max_labels = 15;  // the default limit of a server
    if (auto const problem = detail::url_problem(c.url); !problem.empty()) problems.add("url", problem);
    if (!detail::is_header_value(c.tenant)) problems.add("tenant", "must not contain a control character");
    for (std::string const& label : c.labels) {
      if (!detail::has_label_name(label))
        problems.add("labels", "must be `name=value` with a name of letters, digits and _");
    }
    for (std::string const& label : c.label_fields) {
      if (!detail::is_named_path(label))
        problems.add("label_fields", "must be `name=path` with a name of letters, digits and _");
    }
    for (std::string const& name : c.metadata) {
      if (!detail::is_named_path(name))
        problems.add("metadata", "must be `name=path` with a name of letters, digits and _");
    }
    std::size_t const count = c.labels.size() + c.label_fields.size();
    if (count == 0) problems.add("labels", "must not be empty if `label_fields` is: a stream has a label");
    if (count > max_labels)
      problems.add("labels", "and `label_fields` have more than 15 labels, which Loki refuses");
  }
};

}  // namespace fapilog::inline v0_1::sinks
