// SPDX-License-Identifier: MIT
// Masks members whose path matches a regular expression.
#pragma once

#include <fapilog/detail/regex/linear_regex.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/stages/redactors/detail/masking.hpp>
#include <fapilog/stages/redactors/detail/path_rule.hpp>
#include <fapilog/stages/redactors/detail/redaction.hpp>
#include <fapilog/stages/redactors/detail/rules_redactor.hpp>

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::redactors {

struct regex_mask_config {
  static constexpr std::string_view redactor = "regex_mask";

  /// Each must match the whole path of a member, such as `data.user.password`. The supported syntax is that of
  /// `detail::linear_regex`.
  std::vector<std::string> patterns = {};
  std::string mask_string{detail::sensitive_text};
  mask_mode mode = mask_mode::mask;
  std::string key = {};  ///< for pseudonyms, at least 16 bytes

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(
        setting{.name = "patterns",
                .text = "Regular expressions for whole paths such as data.user.password; an expression that "
                        "could take more than linear time is refused."},
        self.patterns);
    detail::describe_mask(self, visit);
  }
};

}  // namespace fapilog::inline v0_1::redactors

namespace fapilog::inline v0_1::detail {

/// Regular expressions for whole paths.
class regex_patterns final : public path_rule {
 public:
  /// A longer path is covered without a match, which would take too long.
  static constexpr std::size_t longest_path = 4096;

  /// Throws: std::invalid_argument with the pattern and what is wrong with it.
  explicit regex_patterns(std::vector<std::string> const& patterns) {
    for (std::string const& pattern : patterns) {
      try {
        patterns_.emplace_back(pattern);
      } catch (pattern_error const& error) {
        refuse_setting("regex_mask", "patterns", "'" + pattern + "'",
                       std::string{"a regular expression that matches in linear time: "} + error.what());
      }
    }
  }
  [[nodiscard]] coverage covers(member_path const& path) const override {
    bool const found = (path.dotted.size() > longest_path && !patterns_.empty()) ||
                       std::any_of(patterns_.begin(), patterns_.end(),
                                   [&](linear_regex const& pattern) { return pattern.matches(path.dotted); });
    return found ? coverage::all : coverage::none;
  }

 private:
  std::vector<linear_regex> patterns_;
};

/// Adds its rules to `all`. Throws: std::invalid_argument for a pattern that is not supported or too large, or a key that
/// is too short.
inline void add_rules(redaction& all, redactors::regex_mask_config const& config) {
  all.add(redactors::regex_mask_config::redactor, std::make_shared<regex_patterns const>(config.patterns),
          masking_of(config));
}

}  // namespace fapilog::inline v0_1::detail

namespace fapilog::inline v0_1::redactors {

/// Replaces a covered value as a whole, containers too. Null stays. Thread: the worker's.
class regex_mask : public detail::rules_redactor<regex_mask_config> {
 public:
  using rules_redactor::rules_redactor;
};

}  // namespace fapilog::inline v0_1::redactors
