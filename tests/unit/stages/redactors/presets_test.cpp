// SPDX-License-Identifier: MIT
// The redaction presets as data.
#include "support/catch.hpp"

#include <fapilog/stages/redactors/detail/name_rules.hpp>
#include <fapilog/stages/redactors/presets.hpp>

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using namespace fapilog::redactors;
using name_list = std::vector<std::string_view>;

namespace {

bool has(name_list const& all, std::string_view one) {
  return std::find(all.begin(), all.end(), one) != all.end();
}

}  // namespace

TEST_CASE("there are thirteen redaction presets with these names") {
  CHECK(list_redaction_presets() ==
        name_list{"CONTACT_INFO", "PERSONAL_IDENTIFIERS", "ONLINE_IDENTIFIERS", "FINANCIAL_IDENTIFIERS",
                  "US_GOVERNMENT_IDS", "UK_GOVERNMENT_IDS", "EU_GOVERNMENT_IDS", "GDPR_PII", "GDPR_PII_UK",
                  "CCPA_PII", "HIPAA_PHI", "PCI_DSS", "CREDENTIALS"});
  for (auto const name : list_redaction_presets()) {
    auto const& preset = get_redaction_preset(name);
    CHECK(preset.name == name);
    CHECK_FALSE(preset.text.empty());
    auto const all = resolve_redaction_preset(name);
    CHECK(all.size() > 10);
    CHECK(std::set<std::string_view>(all.begin(), all.end()).size() == all.size());
    CHECK_NOTHROW(fapilog::detail::name_rules{all});
  }
}

TEST_CASE("a preset includes the names of the presets that it extends, directly or not") {
  auto const gdpr = resolve_redaction_preset("GDPR_PII");
  for (auto const* const parent : {"CONTACT_INFO", "PERSONAL_IDENTIFIERS", "ONLINE_IDENTIFIERS",
                                   "FINANCIAL_IDENTIFIERS", "EU_GOVERNMENT_IDS"}) {
    for (auto const one : get_redaction_preset(parent).names) CHECK(has(gdpr, one));
  }
  auto const uk = resolve_redaction_preset("GDPR_PII_UK");
  CHECK(get_redaction_preset("GDPR_PII_UK").names.empty());
  for (auto const one : gdpr) CHECK(has(uk, one));
  CHECK(has(uk, "nino"));
  CHECK_FALSE(has(resolve_redaction_preset("HIPAA_PHI"), "nino"));
}

TEST_CASE("presets are found by law and by region") {
  CHECK(redaction_presets_by_regulation("HIPAA") == name_list{"HIPAA_PHI"});
  CHECK(redaction_presets_by_regulation("gdpr") == name_list{"GDPR_PII"});
  CHECK(redaction_presets_by_regulation("PCI-DSS") == name_list{"PCI_DSS"});
  CHECK(redaction_presets_by_regulation("none").empty());
  CHECK(redaction_presets_by_regulation("").empty());
  CHECK(redaction_presets_by_region("US") == name_list{"US_GOVERNMENT_IDS", "CCPA_PII", "HIPAA_PHI"});
  CHECK(redaction_presets_by_region("us-ca") == name_list{"CCPA_PII"});
  CHECK(redaction_presets_by_region("EU") == name_list{"EU_GOVERNMENT_IDS", "GDPR_PII"});
  CHECK(redaction_presets_by_region("UK") == name_list{"UK_GOVERNMENT_IDS", "GDPR_PII_UK"});
  CHECK(redaction_presets_by_region("").empty());
}

TEST_CASE("an unknown preset is an error that lists the known ones, also as a parent") {
  CHECK_THROWS_WITH(get_redaction_preset("GDPR"),
                    ContainsSubstring("no redaction preset 'GDPR'; valid presets: CONTACT_INFO, "));
  static constexpr std::array<std::string_view, 1> parent{"MISSING"};
  std::array<redaction_preset, 1> const table{{{"CHILD", "A child.", {}, parent}}};
  CHECK_THROWS_WITH(resolve_redaction_preset("CHILD", table),
                    ContainsSubstring("no redaction preset 'MISSING'"));
}

TEST_CASE("presets that extend each other in a cycle are an error that shows it") {
  static constexpr std::array<std::string_view, 1> to_b{"B"};
  static constexpr std::array<std::string_view, 1> to_c{"C"};
  static constexpr std::array<std::string_view, 1> to_a{"A"};
  std::array<redaction_preset, 3> const table{
      {{"A", "One.", {}, to_b}, {"B", "Two.", {}, to_c}, {"C", "Three.", {}, to_a}}};
  CHECK_THROWS_WITH(resolve_redaction_preset("A", table), ContainsSubstring("in a cycle: A -> B -> C -> A"));
  std::array<redaction_preset, 1> const own{{{"A", "Itself.", {}, to_a}}};
  CHECK_THROWS_WITH(resolve_redaction_preset("A", own), ContainsSubstring("A -> A"));
}
