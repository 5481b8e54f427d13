// SPDX-License-Identifier: MIT
// Configuration of the Splunk sink.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/sinks/http/connection_config.hpp>
#include <fapilog/sinks/http/detail/named_path.hpp>
#include <fapilog/sinks/http/detail/url_syntax.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1 {

namespace detail {

/// True for a GUID such as `0f8fad5b-d9cb-469f-a165-70867728950e`.
[[nodiscard]] inline bool is_guid(std::string_view text) noexcept {
  constexpr std::string_view form = "00000000-0000-0000-0000-000000000000";
  if (text.size() != form.size()) return false;
  for (std::size_t i = 0; i < form.size(); ++i) {
    if (form[i] == '-' ? text[i] != '-' : hex_value(text[i]) < 0) return false;
  }
  return true;
}

}  // namespace detail

namespace sinks {

struct splunk_config {
  /// `https://host[:port]` of the HTTP Event Collector, without `/services/collector`.
  std::string url = {};
  /// Index; empty: the default one of the token.
  std::string index = {};
  /// Host of the events; empty: `diagnostics.host` of the record, if it has one.
  std::string host = {};
  /// Source of the events; empty: the logger's name.
  std::string source = {};
  std::string sourcetype = "_json";
  /// Indexed fields, as `name=path`. A record that lacks a path lacks the name.
  std::vector<std::string> fields = {"level=level", "logger=logger"};
  /// Waits until the indexers have acknowledged each request. The token must have indexer acknowledgement.
  bool acknowledgement = false;
  /// Pause before each query for acknowledgements.
  std::chrono::milliseconds ack_interval{500};
  /// How long to wait for acknowledgements until the records are sent again.
  std::chrono::milliseconds ack_timeout{60'000};
  /// Channel, a GUID; empty: one of its own for each sink.
  std::string channel = {};
  /// Maximum records and bytes of one request, before compression. Splunk Cloud limits a request to 1 MB.
  std::uint32_t batch_size = 1'000;
  std::uint64_t batch_bytes = std::uint64_t{1'000'000};
  http_connection_config connection = {};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    constexpr double hour = 3'600;
    // clang-format off
    visit(setting{.name = "url", .text = "`https://host[:port]` of the HTTP Event Collector, without the path of its interface.", .form = setting_form::secret}, self.url);
    visit(setting{.name = "index", .text = "Index; empty: the default one of the token."}, self.index);
    visit(setting{.name = "host", .text = "Host of the events; empty: that of the record, if it has one."}, self.host);
    visit(setting{.name = "source", .text = "Source of the events; empty: the logger's name."}, self.source);
    visit(setting{.name = "sourcetype", .text = "Source type of the events; empty: that of the token."}, self.sourcetype);
    visit(setting{.name = "fields", .text = "Indexed fields, as `name=path`."}, self.fields);
    visit(setting{.name = "acknowledgement", .text = "Waits until the indexers have acknowledged each request; the token must permit it."}, self.acknowledgement);
    visit(setting{.name = "ack_interval", .text = "Pause before each query for acknowledgements.", .min = 0.001, .max = hour}, self.ack_interval);
    visit(setting{.name = "ack_timeout", .text = "How long to wait for acknowledgements until the records are sent again.", .min = 0.01, .max = hour}, self.ack_timeout);
    visit(setting{.name = "channel", .text = "Channel, a GUID; empty: one of its own for each sink."}, self.channel);
    visit(setting{.name = "batch_size", .text = "Maximum records of one request.", .min = 1, .max = 100'000}, self.batch_size);
    visit(setting{.name = "batch_bytes", .text = "Maximum bytes of one request, before compression.", .min = 1'024, .max = 268'435'456, .form = setting_form::bytes}, self.batch_bytes);
    visit(setting{.name = "connection", .text = "How requests reach the server."}, self.connection);
    // clang-format on
  }

  [[gnu::cold]] static void(check)(splunk_config const& c, setting_problems& problems) {
    if (auto const problem = detail::url_problem(c.url); !problem.empty()) problems.add("url", problem);
    for (std::string const& field : c.fields) {
      if (!detail::is_named_path(field))
        problems.add("fields", "must be `name=path` with a name of letters, digits and _");
    }
    if (!c.channel.empty() && !detail::is_guid(c.channel))
      problems.add("channel", "must be a GUID such as 0f8fad5b-d9cb-469f-a165-70867728950e");
  }
};

}  // namespace sinks
}  // namespace fapilog::inline v0_1
