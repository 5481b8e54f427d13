// SPDX-License-Identifier: MIT
// Makes the sinks and stages of a preset, and the defaults of its settings.
#pragma once

#include <fapilog/setup/delivery_options.hpp>
#include <fapilog/setup/policies.hpp>
#include <fapilog/setup/preset.hpp>
#include <fapilog/stages/enricher.hpp>
#include <fapilog/stages/redactor.hpp>

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

namespace detail {
/// The adaptive options of a preset: what happens while the worker is behind.
[[nodiscard]] adaptive_options preset_adaptive(preset const& p);
/// The same. Compiles what reads a preset only if P changes them.
template <preset const& P>
[[nodiscard]] adaptive_options default_adaptive() {
  if constexpr (P.changes("core.adaptive.")) return preset_adaptive(P);
  else return {};
}
/// The enrichers of every runtime, which precede the user's own: `runtime_info`, and `source_location` if it is
/// enabled.
[[nodiscard]] std::vector<any_enricher> preset_enrichers(std::string service, std::string env,
                                                         std::string program_version, bool source_location);

/// The value of a preset's setting in this program: false for compression if the program has no compressor.
[[nodiscard]] preset_value effective_value(preset_setting const& s) noexcept;

/// The sinks of P. Compiles only those that P has, and so keeps small programs small.
template <preset const& P>
[[nodiscard]] std::vector<placed_sink> default_sinks();
/// The redactors of P. Compiles only those that P has.
template <preset const& P>
[[nodiscard]] std::vector<any_redactor> default_redactors();

/// The redactors of P if `is_on` is true, then the added ones.
template <preset const& P>
[[nodiscard]] std::vector<any_redactor> with_preset_redactors(bool is_on, std::vector<any_redactor> added) {
  if constexpr (P.redaction == redaction_form::none) return added;
  if (!is_on) return added;
  std::vector<any_redactor> all = default_redactors<P>();
  for (any_redactor& one : added) all.push_back(std::move(one));
  return all;
}

inline constexpr std::array<preset const*, 5> all_presets{
    &presets::dev, &presets::hardened, &presets::minimal, &presets::production, &presets::serverless};
}  // namespace detail

/// Names of all presets in alphabetical order, including the deprecated alias `adaptive`.
[[nodiscard]] std::vector<std::string> list_presets();
/// The preset of this name. Throws: std::invalid_argument with the valid names.
[[nodiscard]] preset const& find_preset(std::string_view name);

#ifdef FAPILOG_COMPILED
namespace detail {
// The library has the sinks and redactors of every preset. Header-only programs compile those of P alone.
[[nodiscard]] std::vector<placed_sink> preset_sinks(preset const& p);
[[nodiscard]] std::vector<any_redactor> preset_redactors(preset const& p);
template <preset const& P>
std::vector<placed_sink> default_sinks() {
  return preset_sinks(P);
}
template <preset const& P>
std::vector<any_redactor> default_redactors() {
  return preset_redactors(P);
}
}  // namespace detail
#endif

}  // namespace fapilog::inline v0_1
