// SPDX-License-Identifier: MIT
// The redactors of the presets `production` and `hardened`.
#pragma once

#include <fapilog/stages/redactor.hpp>
#include <fapilog/stages/redactors/by_name.hpp>
#include <fapilog/stages/redactors/combined.hpp>
#include <fapilog/stages/redactors/field_blocker.hpp>
#include <fapilog/stages/redactors/regex_mask.hpp>
#include <fapilog/stages/redactors/url_credentials.hpp>
#include <fapilog/stages/redactors/value_detectors.hpp>

#include <vector>

// The sets are templates so that only programs that use them compile their redactors.
namespace fapilog::inline v0_1::detail {

/// Patterns for credentials whose names are written as one word, which `by_name` cannot split: `awssecretkeyid`.
[[nodiscard]] inline redactors::regex_mask_config credential_patterns() {
  return {
      .patterns = {
          R"((?i)(.*\.)?[^.]*(passwd|passphrase|apikey|secretkey|privatekey|accesskey|signingkey)[a-z0-9]*)",
          R"((?i)(.*\.)?[^.]*(authtoken|accesstoken|refreshtoken|sessiontoken|clientsecret)[a-z0-9]*)"}};
}

/// Blocks the fields that may contain anything, with the defaults of `field_blocker`.
[[nodiscard]] inline redactors::field_blocker_config blocked_fields() { return {}; }

}  // namespace fapilog::inline v0_1::detail

namespace fapilog::inline v0_1::redactors {

/// Redacts credentials by name, by pattern, in URLs, in strings that name them, and by the format of tokens and keys.
/// Leaves card numbers, e-mail addresses and personal data.
template <class = void>
[[nodiscard]] std::vector<any_redactor> production_set() {
  return {combined{by_name_config{.presets = {"CREDENTIALS"}}, detail::credential_patterns(),
                   url_credentials_config{}, value_detectors_config{.payment_card = false}}};
}

/// Does the same as `production_set`. Also redacts health and card data by name, fields that may contain anything, and
/// card numbers and e-mail addresses within strings.
template <class = void>
[[nodiscard]] std::vector<any_redactor> hardened_set() {
  return {combined{
      detail::blocked_fields(), by_name_config{.presets = {"CREDENTIALS", "HIPAA_PHI", "PCI_DSS"}},
      detail::credential_patterns(), url_credentials_config{}, value_detectors_config{.email = true}}};
}

}  // namespace fapilog::inline v0_1::redactors
