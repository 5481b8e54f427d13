// SPDX-License-Identifier: MIT
// Finds secrets by their form, wherever they stand: card numbers, tokens, keys, e-mail addresses.
#pragma once

#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/stages/redactors/detail/name_rules.hpp>
#include <fapilog/stages/redactors/detail/redaction.hpp>
#include <fapilog/stages/redactors/detail/rules_redactor.hpp>

#include <array>
#include <memory>
#include <string_view>

namespace fapilog::inline v0_1::redactors {

struct value_detectors_config {
  static constexpr std::string_view redactor = "value_detectors";

  bool payment_card = true;   ///< 13 to 19 digits with the first ones of an issuer and the right check digit
  bool jwt = true;            ///< JSON web tokens
  bool bearer_tokens = true;  ///< behind `Bearer` and `Basic`, and whatever follows `Authorization:`
  bool aws_keys = true;       ///< key ids that begin with AKIA or ASIA, and secret keys in the same text
  bool private_keys = true;   ///< PEM blocks
  bool email = false;         ///< e-mail addresses

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "payment_card", .text = "Numbers of payment cards with the right check digit."},
          self.payment_card);
    visit(setting{.name = "jwt", .text = "JSON web tokens."}, self.jwt);
    visit(
        setting{.name = "bearer_tokens", .text = "What follows Bearer, Basic and Authorization: in a text."},
        self.bearer_tokens);
    visit(setting{.name = "aws_keys",
                  .text = "Key ids of AWS, and what looks like a secret key in the same text."},
          self.aws_keys);
    visit(setting{.name = "private_keys", .text = "Private keys in PEM blocks."}, self.private_keys);
    visit(setting{.name = "email", .text = "E-mail addresses."}, self.email);
  }
};

/// Adds its rules to those of a walk. Throws: std::bad_alloc.
inline void add_rules(redaction& all, value_detectors_config const& config) {
  text_rules& texts = all.texts();
  if (config.payment_card) texts.enable(text_rule::card);
  if (config.jwt) texts.enable(text_rule::jwt);
  if (config.aws_keys) texts.enable(text_rule::aws_key);
  if (config.private_keys) texts.enable(text_rule::private_key);
  if (config.email) texts.enable(text_rule::email);
  if (!config.bearer_tokens) return;
  texts.enable(text_rule::bearer);
  constexpr std::array<std::string_view, 1> header{"authorization"};
  if (!texts.has_keywords()) texts.set_keywords(std::make_shared<name_rules const>(header));
}

/// Replaces the part of a text that was found, such as `[REDACTED:CARD]`; looks at all texts, numbers, the message, and
/// keys. Thread: the worker's.
class value_detectors : public rules_redactor<value_detectors_config> {
 public:
  using rules_redactor::rules_redactor;
};

}  // namespace fapilog::inline v0_1::redactors
