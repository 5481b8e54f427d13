// SPDX-License-Identifier: MIT
// The configurations of the redactors describe their members.
#include "support/catch.hpp"

#include <fapilog/stages/redactors/field_mask.hpp>
#include <fapilog/stages/redactors/sets.hpp>
#include <fapilog/stages/redactors/string_truncate.hpp>

#include <string>
#include <vector>

using namespace fapilog::redactors;
using string_list = std::vector<std::string>;

namespace {

/// The names of all members; those of secrets in angle brackets.
template <class Config>
string_list members() {
  static_assert(fapilog::detail::described<Config>);
  string_list all;
  Config config;
  Config::describe(config, [&](fapilog::setting const& s, auto const&) {
    CHECK(s.text.ends_with('.'));
    std::string const name{s.name};
    all.push_back(s.form == fapilog::setting_form::secret ? '<' + name + '>' : name);
  });
  return all;
}

}  // namespace

TEST_CASE("each member of a redactor's configuration is described, and keys are secrets") {
  CHECK(members<field_mask_config>() ==
        string_list{"fields_to_mask", "case_insensitive", "mask_string", "mode", "<key>"});
  CHECK(members<regex_mask_config>() == string_list{"patterns", "mask_string", "mode", "<key>"});
  CHECK(members<by_name_config>() ==
        string_list{"presets", "names", "allowed_fields", "mask_string", "mode", "<key>"});
  CHECK(members<url_credentials_config>() == string_list{"keywords", "max_string_length"});
  CHECK(members<field_blocker_config>() == string_list{"blocked_fields", "allowed_fields", "replacement"});
  CHECK(members<string_truncate_config>() == string_list{"max_string_length"});
  CHECK(members<value_detectors_config>() == string_list{"payment_card", "jwt", "bearer_tokens", "aws_keys",
                                                         "vendor_tokens", "private_keys", "email"});
}

TEST_CASE("mask modes have names") {
  static_assert(fapilog::detail::named_by_table<mask_mode>);
  static_assert(fapilog::detail::named_by_table<fapilog::redaction_fail_mode>);
  CHECK(fapilog::enum_names<mask_mode>::names[1].second == "pseudonym");
  CHECK(fapilog::enum_names<fapilog::redaction_fail_mode>::names[2].second == "closed");
}
