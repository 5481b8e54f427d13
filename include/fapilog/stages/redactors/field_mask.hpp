// SPDX-License-Identifier: MIT
// Masks the members at given paths.
#pragma once

#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/stages/redactors/detail/masking.hpp>
#include <fapilog/stages/redactors/detail/path_patterns.hpp>
#include <fapilog/stages/redactors/detail/redaction.hpp>
#include <fapilog/stages/redactors/detail/rules_redactor.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::redactors {

struct field_mask_config {
  static constexpr std::string_view redactor = "field_mask";

  /// `data.user.password`, `data.*.token`, `context.**`, or `password` for this key at any depth; see `path_patterns`.
  std::vector<std::string> fields_to_mask = {};
  bool case_insensitive = true;  ///< for ASCII letters
  std::string mask_string{detail::sensitive_text};
  mask_mode mode = mask_mode::mask;
  std::string key = {};  ///< for pseudonyms, at least 16 bytes

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "fields_to_mask",
                  .text =
                      "Paths of the members that are masked, from data, context or diagnostics down, with * "
                      "for one key and ** for any number of keys; a single key matches at any depth."},
          self.fields_to_mask);
    visit(setting{.name = "case_insensitive",
                  .text = "Whether upper and lower case of ASCII letters are the same."},
          self.case_insensitive);
    detail::describe_mask(self, visit);
  }
};

}  // namespace fapilog::inline v0_1::redactors

namespace fapilog::inline v0_1::detail {

/// Adds its rules to `all`. Throws: std::invalid_argument for an invalid path or a key that is too short.
inline void add_rules(redaction& all, redactors::field_mask_config const& config) {
  all.add(redactors::field_mask_config::redactor,
          std::make_shared<path_patterns const>(config.fields_to_mask, config.case_insensitive),
          masking_of(config));
}

}  // namespace fapilog::inline v0_1::detail

namespace fapilog::inline v0_1::redactors {

/// Replaces a covered value as a whole, containers too. Null stays. Thread: the worker's.
class field_mask : public detail::rules_redactor<field_mask_config> {
 public:
  using rules_redactor::rules_redactor;
};

}  // namespace fapilog::inline v0_1::redactors
