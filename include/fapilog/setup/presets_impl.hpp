// SPDX-License-Identifier: MIT
// The bodies of presets.hpp; the only header that names the concrete sinks and stages of all presets.
#pragma once

#include <fapilog/detail/compiled.hpp>
#include <fapilog/detail/settings/setting_type.hpp>
#include <fapilog/detail/settings/setting_value.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/setup/delivery_options.hpp>
#include <fapilog/setup/policies.hpp>
#include <fapilog/setup/preset.hpp>
#include <fapilog/setup/presets.hpp>
#include <fapilog/sinks/file/compressor.hpp>
#include <fapilog/sinks/file/rotating_file_config.hpp>
#include <fapilog/sinks/rotating_file.hpp>
#include <fapilog/sinks/sink.hpp>
#include <fapilog/sinks/stdout_auto.hpp>
#include <fapilog/sinks/stdout_json.hpp>
#include <fapilog/sinks/stdout_pretty.hpp>
#include <fapilog/stages/enricher.hpp>
#include <fapilog/stages/enrichers/runtime_info.hpp>
#include <fapilog/stages/enrichers/source_location.hpp>
#include <fapilog/stages/redactor.hpp>
#include <fapilog/stages/redactors/sets.hpp>

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {
namespace detail {

[[nodiscard, gnu::cold]] inline given_scalar scalar_given(preset_value const& v) noexcept {
  using type = given_scalar::type;
  switch (v.kind()) {
    case preset_value::type::boolean: return {.kind = type::boolean, .integer = v.integer()};
    case preset_value::type::integer: return {.kind = type::integer, .integer = v.integer()};
    case preset_value::type::real: return {.kind = type::real, .real = v.real()};
    case preset_value::type::string: break;
  }
  return {.kind = type::string, .string = v.string()};
}

/// Sets the members of an object whose values the preset changes. `path` is the path of the object.
[[gnu::cold]] inline void apply_preset(preset const& p, std::string const& path, void* object,
                                       setting_type const& type) {
  for (setting_member const& member : members_of(object, type)) {
    std::string const own = path + '.' + std::string{member.row.name};
    if (member.type->kind == setting_kind::object) {
      apply_preset(p, own, member.value, *member.type);
      continue;
    }
    preset_value const* const found = p.find(own);
    if (found == nullptr) continue;
    if (member.type->kind == setting_kind::string) {
      *static_cast<std::string*>(member.value) = found->string();
    } else if (auto const value = scalar_of(scalar_given(*found), member.row, *member.type)) {
      member.type->store(member.value, *value);
    }
  }
}

/// An aggregate of settings, such as `core.adaptive`, with the defaults of a preset.
template <described T>
[[nodiscard, gnu::cold]] T preset_part(preset const& p, std::string const& path) {
  T all{};
  apply_preset(p, path, &all, setting_type_of<T>);
  return all;
}

/// The file sink of a preset, whether it is one of its sinks or only their fallback.
FAPILOG_INLINE sinks::rotating_file preset_file(preset const& p) {
  auto config = detail::preset_part<sinks::rotating_file_config>(p, "sink_config.rotating_file");
  config.compress_rotated = config.compress_rotated && detail::can_compress();
  return sinks::rotating_file{std::move(config)};
}

/// The delivery options of the sink `name` of a preset, without a fallback.
FAPILOG_INLINE delivery_options preset_delivery(preset const& p, std::string_view name) {
  return detail::preset_part<delivery_options>(p, "sink_config." + std::string{name} + ".delivery");
}

[[gnu::cold]] inline void add_preset_sink(std::vector<placed_sink>& all, any_sink sink, delivery_options how,
                                          std::string_view name) {
  if (how.name.empty() && sink.name() != name) how.name = name;
  all.push_back({std::move(sink), std::move(how)});
}

}  // namespace detail

#ifdef FAPILOG_COMPILED

namespace detail {
FAPILOG_INLINE std::vector<placed_sink> preset_sinks(preset const& p) {
  std::vector<placed_sink> all;
  auto const add = [&](any_sink sink, std::string_view name) {
    delivery_options how = preset_delivery(p, name);
    how.spool.directory.refer_to_spool();  // one that was made from a path
    add_preset_sink(all, std::move(sink), std::move(how), name);
  };
  for (std::string_view const name : p.sinks) {
    if (name == "stdout_auto") add(sinks::stdout_auto{}, name);
    if (name == "stdout_json") add(sinks::stdout_json{}, name);
    if (name == "stdout_pretty") add(sinks::stdout_pretty{}, name);
    if (name == "rotating_file") add(preset_file(p), name);
  }
  if (p.file_is_fallback) all.at(0).delivery.fallback = preset_file(p);
  return all;
}

FAPILOG_INLINE std::vector<any_redactor> preset_redactors(preset const& p) {
  switch (p.redaction) {
    case redaction_form::none: break;
    case redaction_form::credentials: return redactors::production_set();
    case redaction_form::hardened: return redactors::hardened_set();
  }
  return {};
}
}  // namespace detail

#else

namespace detail {
/// The delivery options of one of P's sinks. Compiles what reads a preset, and the spool, only if P changes them.
template <preset const& P>
[[nodiscard, gnu::cold]] delivery_options default_delivery([[maybe_unused]] std::string_view name) {
  delivery_options how;
  if constexpr (P.changes(".delivery.")) how = preset_delivery(P, name);
  if constexpr (P.changes(".spool.")) how.spool.directory = std::string{as_string(how.spool.directory)};
  return how;
}

// Does not call preset_sinks(P), so that a program compiles only the sinks that P has.
template <preset const& P>
[[gnu::cold, gnu::noinline]] std::vector<placed_sink> default_sinks() {
  std::vector<placed_sink> all;
  auto const add = [&](any_sink sink, std::string_view name) {
    add_preset_sink(all, std::move(sink), default_delivery<P>(name), name);
  };
  if constexpr (P.has_sink("stdout_auto")) add(sinks::stdout_auto{}, "stdout_auto");
  if constexpr (P.has_sink("stdout_json")) add(sinks::stdout_json{}, "stdout_json");
  if constexpr (P.has_sink("stdout_pretty")) add(sinks::stdout_pretty{}, "stdout_pretty");
  if constexpr (P.file_is_fallback) all.at(0).delivery.fallback = preset_file(P);
  if constexpr (P.has_sink("rotating_file")) add(preset_file(P), "rotating_file");
  return all;
}

template <preset const& P>
[[gnu::cold, gnu::noinline]] std::vector<any_redactor> default_redactors() {
  if constexpr (P.redaction == redaction_form::credentials) {
    return redactors::production_set();
  } else if constexpr (P.redaction == redaction_form::hardened) {
    return redactors::hardened_set();
  } else {
    return {};
  }
}
}  // namespace detail

#endif

namespace detail {
FAPILOG_INLINE adaptive_options preset_adaptive(preset const& p) {
  return preset_part<adaptive_options>(p, "core.adaptive");
}

FAPILOG_INLINE std::vector<any_enricher> preset_enrichers(std::string service, std::string env,
                                                          std::string program_version, bool source_location) {
  std::vector<any_enricher> all;
  all.push_back(enrichers::runtime_info{
      {.service = std::move(service), .env = std::move(env), .version = std::move(program_version)}});
  if (source_location) all.push_back(enrichers::source_location{});
  return all;
}

FAPILOG_INLINE preset_value effective_value(preset_setting const& s) noexcept {
  bool const is_compression = s.path.ends_with(".compress_rotated");
  return is_compression && !detail::can_compress() ? preset_value{false} : s.value;
}
}  // namespace detail

FAPILOG_INLINE std::vector<std::string> list_presets() {
  return {"adaptive", "dev", "hardened", "minimal", "production", "serverless"};
}

FAPILOG_INLINE preset const& find_preset(std::string_view name) {
  if (name == "adaptive") return presets::production;
  for (preset const* const p : detail::all_presets) {
    if (p->name == name) return *p;
  }
  std::string valid;
  for (std::string const& known : list_presets()) valid += (valid.empty() ? "" : ", ") + known;
  throw std::invalid_argument{"fapilog: invalid preset '" + std::string{name} + "'; valid presets: " + valid};
}

}  // namespace fapilog::inline v0_1
