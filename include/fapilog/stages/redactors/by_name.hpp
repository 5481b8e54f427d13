// SPDX-License-Identifier: MIT
// Masks members whose names the redaction presets cover, at any depth.
#pragma once

#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/stages/redactors/detail/masking.hpp>
#include <fapilog/stages/redactors/detail/name_rules.hpp>
#include <fapilog/stages/redactors/detail/path_patterns.hpp>
#include <fapilog/stages/redactors/detail/redaction.hpp>
#include <fapilog/stages/redactors/detail/rules_redactor.hpp>
#include <fapilog/stages/redactors/presets.hpp>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::redactors {

struct by_name_config {
  static constexpr std::string_view redactor = "by_name";

  std::vector<std::string> presets = {"CREDENTIALS"};  ///< names from `list_redaction_presets()`
  std::vector<std::string> names = {};                 ///< further names, in the notation of `name_rules`
  std::vector<std::string> allowed_fields = {};        ///< paths that are never masked, as in `field_mask`
  std::string mask_string{detail::sensitive_text};
  mask_mode mode = mask_mode::mask;
  std::string key = {};  ///< for pseudonyms, at least 16 bytes

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(
        setting{.name = "presets", .text = "Redaction presets whose names are masked, such as CREDENTIALS."},
        self.presets);
    visit(setting{.name = "names",
                  .text = "Further names, as words separated by spaces: card number covers card_number and "
                          "cardNumber."},
          self.names);
    visit(setting{.name = "allowed_fields",
                  .text = "Paths of members that are never masked, whatever their name."},
          self.allowed_fields);
    detail::describe_mask(self, visit);
  }
};

}  // namespace fapilog::inline v0_1::redactors

namespace fapilog::inline v0_1::detail {

/// Names, except for the paths that are allowed.
class allowed_names final : public path_rule {
 public:
  allowed_names(std::vector<std::string_view> const& names, std::vector<std::string> const& allowed)
      : names_(names), allowed_(allowed, true) {}
  [[nodiscard]] coverage covers(member_path const& path) const override {
    coverage const covered = names_.covers(path);
    if (covered == coverage::none || allowed_.covers(path) != coverage::none) return coverage::none;
    return (std::min)(covered, coverage::unless_placeholder);
  }

 private:
  name_rules names_;
  path_patterns allowed_;
};

/// Adds its rules to `all`. Throws: std::invalid_argument for an unknown preset, a name without a word, an invalid path or
/// a key that is too short.
inline void add_rules(redaction& all, redactors::by_name_config const& config) {
  std::vector<std::string_view> names{config.names.begin(), config.names.end()};
  for (std::string const& preset : config.presets) {
    auto const resolved = redactors::resolve_redaction_preset(preset);
    names.insert(names.end(), resolved.begin(), resolved.end());
  }
  all.add(redactors::by_name_config::redactor,
          std::make_shared<allowed_names const>(names, config.allowed_fields), masking_of(config));
}

}  // namespace fapilog::inline v0_1::detail

namespace fapilog::inline v0_1::redactors {

/// Replaces a covered value as a whole, containers too. Null stays. Numbers, times and booleans stay if the name says that
/// they are a measure (`token_count`). Thread: the worker's.
class by_name : public detail::rules_redactor<by_name_config> {
 public:
  using rules_redactor::rules_redactor;
};

}  // namespace fapilog::inline v0_1::redactors
