// SPDX-License-Identifier: MIT
// Blocks fields that may contain anything, such as the body of a request.
#pragma once

#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/detail/text/name_words.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/stages/redactors/detail/masking.hpp>
#include <fapilog/stages/redactors/detail/path_patterns.hpp>
#include <fapilog/stages/redactors/detail/path_rule.hpp>
#include <fapilog/stages/redactors/detail/redaction.hpp>
#include <fapilog/stages/redactors/detail/rules_redactor.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::redactors {

struct field_blocker_config {
  static constexpr std::string_view redactor = "field_blocker";

  /// Keys, at any depth. Case and separators make no difference: `request_body` is `requestBody`.
  std::vector<std::string> blocked_fields = {"body", "request_body", "response_body", "payload",     "raw",
                                             "dump", "raw_body",     "raw_request",   "raw_response"};
  std::vector<std::string> allowed_fields = {};  ///< paths that are never blocked, as in `field_mask`
  std::string replacement = "[REDACTED:HIGH_RISK_FIELD]";

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "blocked_fields", .text = "Keys whose values are replaced, at any depth."},
          self.blocked_fields);
    visit(setting{.name = "allowed_fields", .text = "Paths of members that are never blocked."},
          self.allowed_fields);
    visit(setting{.name = "replacement", .text = "Replacement for a blocked value."}, self.replacement);
  }
};

}  // namespace fapilog::inline v0_1::redactors

namespace fapilog::inline v0_1::detail {

/// Keys, compared by their letters and digits, except for the paths that are allowed.
class blocked_keys final : public path_rule {
 public:
  /// Throws: std::invalid_argument for a key without letters and digits, or an invalid path.
  explicit blocked_keys(redactors::field_blocker_config const& config)
      : allowed_(config.allowed_fields, true) {
    for (std::string const& field : config.blocked_fields) {
      keys_.push_back(joined_name(field));
      if (keys_.back().empty())
        refuse_setting("field_blocker", "blocked_fields", "'" + field + "'", "a key with letters");
    }
  }
  [[nodiscard]] coverage covers(member_path const& path) const override {
    std::string_view const key = path.keys.back();
    auto const has = [this](std::string_view name) {
      return std::find(keys_.begin(), keys_.end(), joined_name(name)) != keys_.end();
    };
    bool const blocked = has(key) || has(key.substr(key.rfind('.') + 1));  // `http.body` also matches
    return blocked && allowed_.covers(path) == coverage::none ? coverage::all : coverage::none;
  }

 private:
  std::vector<std::string> keys_;
  path_patterns allowed_;
};

/// Adds its rules to `all`. Throws: what `blocked_keys` throws.
inline void add_rules(redaction& all, redactors::field_blocker_config const& config) {
  all.add(redactors::field_blocker_config::redactor, std::make_shared<blocked_keys const>(config),
          masking{redactors::field_blocker_config::redactor, config.replacement});
}

}  // namespace fapilog::inline v0_1::detail

namespace fapilog::inline v0_1::redactors {

/// Replaces a blocked value as a whole. Null stays. Thread: the worker's.
class field_blocker : public detail::rules_redactor<field_blocker_config> {
 public:
  using rules_redactor::rules_redactor;
};

}  // namespace fapilog::inline v0_1::redactors
