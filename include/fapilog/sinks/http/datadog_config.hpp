// SPDX-License-Identifier: MIT
// Configuration of the Datadog sink.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/sinks/http/connection_config.hpp>
#include <fapilog/sinks/http/detail/url_syntax.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::sinks {

struct datadog_config {
  /// Datadog site, which is part of the URL: `https://http-intake.logs.<site>`.
  std::string site = "datadoghq.com";
  /// `http[s]://host[:port]` of another receiver, such as a proxy; empty: that of the site.
  std::string url = {};
  /// Source (`ddsource`), by which Datadog chooses a pipeline.
  std::string source = "cpp";
  /// Service; empty: `diagnostics.service` of the record, if it has one.
  std::string service = {};
  /// Host; empty: `diagnostics.host` of the record, if it has one.
  std::string hostname = {};
  /// Tags of every record, as `key:value`. `env` and `version` are added from the record, unless they are here.
  std::vector<std::string> tags = {};
  /// Maximum records and bytes of one request, before compression: Datadog's limits.
  std::uint32_t batch_size = 1'000;
  std::uint64_t batch_bytes = 5'000'000;
  http_connection_config connection = {};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    // clang-format off
    visit(setting{.name = "site", .text = "Datadog site, such as `datadoghq.eu` or `us5.datadoghq.com`.", .not_empty = true}, self.site);
    visit(setting{.name = "url", .text = "`http[s]://host[:port]` of another receiver, such as a proxy; empty: that of the site.", .form = setting_form::secret}, self.url);
    visit(setting{.name = "source", .text = "Source (`ddsource`), by which Datadog chooses a pipeline.", .not_empty = true}, self.source);
    visit(setting{.name = "service", .text = "Service; empty: that of the record, if it has one."}, self.service);
    visit(setting{.name = "hostname", .text = "Host; empty: that of the record, if it has one."}, self.hostname);
    visit(setting{.name = "tags", .text = "Tags of every record, as `key:value`; `env` and `version` of the record are added."}, self.tags);
    visit(setting{.name = "batch_size", .text = "Maximum records of one request.", .min = 1, .max = 1'000}, self.batch_size);
    visit(setting{.name = "batch_bytes", .text = "Maximum bytes of one request, before compression.", .min = 1'024, .max = 5'000'000, .form = setting_form::bytes}, self.batch_bytes);
    visit(setting{.name = "connection", .text = "How requests reach the server."}, self.connection);
    // clang-format on
  }

  /// The URL of the receiver.
  [[nodiscard]] std::string receiver() const {
    return url.empty() ? "https://http-intake.logs." + site : url;
  }

  [[gnu::cold]] static void(check)(datadog_config const& c, setting_problems& problems) {
    bool const is_site = std::all_of(c.site.begin(), c.site.end(), [](char ch) {
      return detail::is_ascii_alphanumeric(ch) || ch == '-' || ch == '.';
    });
    if (!is_site) problems.add("site", "must be the name of a site, such as datadoghq.eu");
    if (auto const problem = detail::url_problem(c.receiver()); !problem.empty())
      problems.add("url", problem);
    for (std::string const& tag : c.tags) {
      std::size_t const colon = tag.find(':');
      if (colon == 0 || colon == std::string::npos || tag.find(',') != std::string::npos)
        problems.add("tags", "must be `key:value` without a comma");
    }
  }
};

}  // namespace fapilog::inline v0_1::sinks
