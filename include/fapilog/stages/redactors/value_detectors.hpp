// SPDX-License-Identifier: MIT
// Detects secrets by their format: card numbers, tokens, keys, e-mail addresses.
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

  bool payment_card = true;   ///< 13 to 19 digits with the prefix of an issuer and a valid check digit
  bool jwt = true;            ///< JSON web tokens
  bool bearer_tokens = true;  ///< after `Bearer` and `Basic`, and whatever follows `Authorization:`
  bool aws_keys = true;       ///< key ids that begin with AKIA or ASIA, and secret keys in the same string
  bool vendor_tokens = true;  ///< tokens of services, by prefix, length and characters: `token_table.hpp`
  bool private_keys = true;   ///< PEM blocks
  bool email = false;         ///< e-mail addresses

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "payment_card", .text = "Payment card numbers with a valid check digit."},
          self.payment_card);
    visit(setting{.name = "jwt", .text = "JSON web tokens."}, self.jwt);
    visit(setting{.name = "bearer_tokens",
                  .text = "What follows Bearer, Basic and Authorization: in a string."},
          self.bearer_tokens);
    visit(setting{.name = "aws_keys",
                  .text = "AWS key ids, and what looks like a secret key in the same string."},
          self.aws_keys);
    visit(setting{.name = "vendor_tokens",
                  .text = "Tokens of services such as GitHub, Slack and Stripe, by their prefix and length."},
          self.vendor_tokens);
    visit(setting{.name = "private_keys", .text = "Private keys in PEM blocks."}, self.private_keys);
    visit(setting{.name = "email", .text = "E-mail addresses."}, self.email);
  }
};

}  // namespace fapilog::inline v0_1::redactors

namespace fapilog::inline v0_1::detail {

/// Adds its rules to `all`. Throws: std::bad_alloc.
inline void add_rules(redaction& all, redactors::value_detectors_config const& config) {
  text_rules& texts = all.texts();
  if (config.payment_card) texts.enable(text_rule::card);
  if (config.jwt) texts.enable(text_rule::jwt);
  if (config.aws_keys) texts.enable(text_rule::aws_key);
  if (config.vendor_tokens) texts.enable(text_rule::vendor_token);
  if (config.private_keys) texts.enable(text_rule::private_key);
  if (config.email) texts.enable(text_rule::email);
  if (!config.bearer_tokens) return;
  texts.enable(text_rule::bearer);
  constexpr std::array<std::string_view, 1> header{"authorization"};
  if (!texts.has_keywords()) texts.set_keywords(std::make_shared<name_rules const>(header));
}

}  // namespace fapilog::inline v0_1::detail

namespace fapilog::inline v0_1::redactors {

/// Replaces the detected part of a string, for example by `[REDACTED:CARD]`. Searches all strings, numbers, the message
/// and keys. Thread: the worker's.
class value_detectors : public detail::rules_redactor<value_detectors_config> {
 public:
  using rules_redactor::rules_redactor;
};

}  // namespace fapilog::inline v0_1::redactors
