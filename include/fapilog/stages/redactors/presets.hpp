// SPDX-License-Identifier: MIT
// The thirteen redaction presets: which names each covers, what it extends, and which law it serves.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/stages/redactors/detail/preset_names.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::redactors {

/// A set of related names. The strings live as long as the program.
struct redaction_preset {
  std::string_view name;
  std::string_view text;                      ///< one sentence
  std::span<std::string_view const> names;    ///< of this preset alone, in the notation of `name_rules`
  std::span<std::string_view const> extends;  ///< presets whose names are included
  std::string_view regulation = {};
  std::string_view region = {};
};

}  // namespace fapilog::inline v0_1::redactors

namespace fapilog::inline v0_1::detail {
namespace preset_parents {

inline constexpr std::array<std::string_view, 5> gdpr{"CONTACT_INFO", "PERSONAL_IDENTIFIERS",
                                                      "ONLINE_IDENTIFIERS", "FINANCIAL_IDENTIFIERS",
                                                      "EU_GOVERNMENT_IDS"};
inline constexpr std::array<std::string_view, 2> gdpr_uk{"GDPR_PII", "UK_GOVERNMENT_IDS"};
inline constexpr std::array<std::string_view, 5> ccpa{"CONTACT_INFO", "PERSONAL_IDENTIFIERS",
                                                      "ONLINE_IDENTIFIERS", "FINANCIAL_IDENTIFIERS",
                                                      "US_GOVERNMENT_IDS"};
inline constexpr std::array<std::string_view, 3> hipaa{"CONTACT_INFO", "PERSONAL_IDENTIFIERS",
                                                       "US_GOVERNMENT_IDS"};

}  // namespace preset_parents

inline constexpr std::array<redactors::redaction_preset, 13> redaction_presets{{
    {"CONTACT_INFO",
     "How to reach a person: e-mail, telephone, postal address.",
     preset_names::contact_info,
     {}},
    {"PERSONAL_IDENTIFIERS",
     "Who a person is: names, birth, gender, nationality.",
     preset_names::personal_identifiers,
     {}},
    {"ONLINE_IDENTIFIERS",
     "What identifies a person online: addresses, devices, cookies, places.",
     preset_names::online_identifiers,
     {}},
    {"FINANCIAL_IDENTIFIERS",
     "Accounts, cards, tax numbers, income.",
     preset_names::financial_identifiers,
     {}},
    {"US_GOVERNMENT_IDS",
     "Numbers that authorities of the United States assign to persons.",
     preset_names::us_government_ids,
     {},
     "US",
     "US"},
    {"UK_GOVERNMENT_IDS",
     "Numbers that authorities of the United Kingdom assign to persons.",
     preset_names::uk_government_ids,
     {},
     {},
     "UK"},
    {"EU_GOVERNMENT_IDS",
     "Numbers that authorities in the European Union assign to persons.",
     preset_names::eu_government_ids,
     {},
     {},
     "EU"},
    {"GDPR_PII", "Personal data by the General Data Protection Regulation.", preset_names::gdpr_pii,
     preset_parents::gdpr, "GDPR", "EU"},
    {"GDPR_PII_UK",
     "Personal data by the United Kingdom's version of the regulation.",
     {},
     preset_parents::gdpr_uk,
     "UK-GDPR",
     "UK"},
    {"CCPA_PII", "Personal information by the California Consumer Privacy Act.", preset_names::ccpa_pii,
     preset_parents::ccpa, "CCPA", "US-CA"},
    {"HIPAA_PHI", "Protected health information by the privacy rule of the HIPAA.", preset_names::hipaa_phi,
     preset_parents::hipaa, "HIPAA", "US"},
    {"PCI_DSS",
     "Cardholder data, and what must never be stored of a card.",
     preset_names::pci_dss,
     {},
     "PCI-DSS",
     {}},
    {"CREDENTIALS",
     "What gives access: passwords, tokens, keys, cookies, one-time codes.",
     preset_names::credentials,
     {}},
}};

using preset_table = std::span<redactors::redaction_preset const>;

}  // namespace fapilog::inline v0_1::detail

namespace fapilog::inline v0_1::redactors {

/// The names of all presets, in order.
[[nodiscard]] inline std::vector<std::string_view> list_redaction_presets(
    detail::preset_table all = detail::redaction_presets) {
  std::vector<std::string_view> names;
  for (redaction_preset const& p : all) names.push_back(p.name);
  return names;
}

/// The preset with this name. Throws: std::invalid_argument that lists the valid names.
[[nodiscard]] inline redaction_preset const& get_redaction_preset(
    std::string_view name, detail::preset_table all = detail::redaction_presets) {
  std::string valid;
  for (redaction_preset const& p : all) {
    if (p.name == name) return p;
    valid.append(valid.empty() ? "" : ", ").append(p.name);
  }
  throw std::invalid_argument{"fapilog: there is no redaction preset '" + std::string{name} +
                              "'; valid presets: " + valid};
}

}  // namespace fapilog::inline v0_1::redactors

namespace fapilog::inline v0_1::detail {

inline void collect_names(std::string_view name, preset_table all, std::vector<std::string_view>& way,
                          std::vector<std::string_view>& names) {
  if (std::find(way.begin(), way.end(), name) != way.end()) {
    std::string circle;
    for (std::string_view const step : way) circle.append(step).append(" -> ");
    throw std::invalid_argument{"fapilog: redaction presets extend each other in a cycle: " + circle +
                                std::string{name}};
  }
  redactors::redaction_preset const& p = redactors::get_redaction_preset(name, all);
  way.push_back(name);
  for (std::string_view const parent : p.extends) collect_names(parent, all, way, names);
  way.pop_back();
  for (std::string_view const own : p.names) {
    if (std::find(names.begin(), names.end(), own) == names.end()) names.push_back(own);
  }
}

}  // namespace fapilog::inline v0_1::detail

namespace fapilog::inline v0_1::redactors {

/// All names of a preset, those of extended presets first, each once. Throws: std::invalid_argument for an unknown name
/// and for presets that extend each other in a cycle.
[[nodiscard]] inline std::vector<std::string_view> resolve_redaction_preset(
    std::string_view name, detail::preset_table all = detail::redaction_presets) {
  std::vector<std::string_view> way;
  std::vector<std::string_view> names;
  detail::collect_names(name, all, way, names);
  return names;
}

/// The presets for a law, such as `GDPR` or `HIPAA`, in any case.
[[nodiscard]] inline std::vector<std::string_view> redaction_presets_by_regulation(
    std::string_view regulation, detail::preset_table all = detail::redaction_presets) {
  std::vector<std::string_view> names;
  for (redaction_preset const& p : all) {
    if (!p.regulation.empty() && detail::equals_ignoring_case(p.regulation, regulation))
      names.push_back(p.name);
  }
  return names;
}

/// The presets for a region and its parts: `US` includes `US-CA`.
[[nodiscard]] inline std::vector<std::string_view> redaction_presets_by_region(
    std::string_view region, detail::preset_table all = detail::redaction_presets) {
  std::vector<std::string_view> names;
  for (redaction_preset const& p : all) {
    bool const is_part = p.region.size() > region.size() && p.region[region.size()] == '-';
    if (region.empty() || p.region.size() < region.size()) continue;
    if (!detail::equals_ignoring_case(p.region.substr(0, region.size()), region)) continue;
    if (is_part || p.region.size() == region.size()) names.push_back(p.name);
  }
  return names;
}

}  // namespace fapilog::inline v0_1::redactors
