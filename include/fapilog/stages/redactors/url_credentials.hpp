// SPDX-License-Identifier: MIT
// Removes credentials from URLs and connection strings, also within a string or the message.
#pragma once

#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/stages/redactors/detail/masking.hpp>
#include <fapilog/stages/redactors/detail/name_rules.hpp>
#include <fapilog/stages/redactors/detail/redaction.hpp>
#include <fapilog/stages/redactors/detail/rules_redactor.hpp>
#include <fapilog/stages/redactors/presets.hpp>

#include <cstddef>
#include <memory>
#include <string_view>

namespace fapilog::inline v0_1::redactors {

struct url_credentials_config {
  static constexpr std::string_view redactor = "url_credentials";

  /// Also masks values that a string itself names as CREDENTIALS: `?access_token=...`, `password=...`, `"pin": "..."`.
  bool keywords = true;
  std::size_t max_string_length = 1'048'576;  ///< bytes; a longer string is replaced as a whole

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "keywords",
                  .text = "Whether values that a string itself names are masked, such as password=... or "
                          "\"token\": \"...\"."},
          self.keywords);
    visit(setting{.name = "max_string_length",
                  .text = "Longest string that is searched, in bytes; a longer one is replaced.",
                  .min = 64,
                  .form = setting_form::bytes},
          self.max_string_length);
  }
};

}  // namespace fapilog::inline v0_1::redactors

namespace fapilog::inline v0_1::detail {

/// Adds its rules to `all`. Throws: std::invalid_argument for a limit below 64.
inline void add_rules(redaction& all, redactors::url_credentials_config const& config) {
  check_settings(redactors::url_credentials_config::redactor, config);
  all.texts().enable(text_rule::url);
  all.texts().limit(config.max_string_length);
  if (config.keywords) {
    all.texts().set_keywords(
        std::make_shared<name_rules const>(redactors::resolve_redaction_preset("CREDENTIALS")));
  }
}

}  // namespace fapilog::inline v0_1::detail

namespace fapilog::inline v0_1::redactors {

/// `https://user:password@host` becomes `https://host`, with any scheme or none. Searches all strings, the message and
/// keys. Thread: the worker's.
class url_credentials : public detail::rules_redactor<url_credentials_config> {
 public:
  using rules_redactor::rules_redactor;
};

}  // namespace fapilog::inline v0_1::redactors
