// SPDX-License-Identifier: MIT
// Takes credentials out of URLs and connection strings, also where they stand within a text or the message.
#pragma once

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

  /// Also what a text names itself by a name of CREDENTIALS: `?access_token=...`, `password=...`, `"pin": "..."`.
  bool keywords = true;
  std::size_t max_string_length = 1'048'576;  ///< bytes; a longer text is replaced whole

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "keywords",
                  .text = "Whether values that a text names itself are masked, such as password=... or "
                          "\"token\": \"...\"."},
          self.keywords);
    visit(setting{.name = "max_string_length",
                  .text = "Longest text that is looked at, in bytes; a longer one is replaced.",
                  .min = 64,
                  .form = setting_form::bytes},
          self.max_string_length);
  }
};

/// Adds its rules to those of a walk. Throws: std::invalid_argument for a limit below 64.
inline void add_rules(redaction& all, url_credentials_config const& config) {
  constexpr std::size_t least = 64;
  if (config.max_string_length < least) {
    refuse(url_credentials_config::redactor, "max_string_length", std::to_string(config.max_string_length),
           "at least 64");
  }
  all.texts().enable(text_rule::url);
  all.texts().limit(config.max_string_length);
  if (config.keywords) {
    all.texts().set_keywords(std::make_shared<name_rules const>(resolve_redaction_preset("CREDENTIALS")));
  }
}

/// `https://user:password@host` becomes `https://host`, whatever the scheme, and without one. Looks at all texts, the
/// message, and keys. Thread: the worker's.
class url_credentials : public rules_redactor<url_credentials_config> {
 public:
  using rules_redactor::rules_redactor;
};

}  // namespace fapilog::inline v0_1::redactors
