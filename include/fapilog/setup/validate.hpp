// SPDX-License-Identifier: MIT
// Validates the options of a runtime and of the delivery to one sink.
#pragma once

#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/detail/settings/setting_type.hpp>
#include <fapilog/setup/delivery_options.hpp>
#include <fapilog/setup/options.hpp>
#include <fapilog/setup/preset.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1 {
namespace detail {

/// Throws: std::invalid_argument with everything that is wrong.
[[gnu::cold]] inline void check_options(void const* core, setting_type const& type,
                                        std::vector<placed_sink> const& sinks) {
  setting_check all;
  all.object("core", core, type);
  for (placed_sink const& s : sinks) {
    std::string const name = s.delivery.name.empty() ? std::string{s.sink.name()} : s.delivery.name;
    all.object("sink_config." + name + ".delivery", &s.delivery, setting_type_of<delivery_options>);
  }
  all.finish();
}

}  // namespace detail

/// Throws: std::invalid_argument with everything that is wrong: each setting, its value and the values that it may
/// have.
template <preset const& P>
[[gnu::cold]] void validate(basic_options<P> const& o) {
  detail::check_options(&o, detail::setting_type_of<basic_options<P>>, o.sinks);
}

/// The same for the options of one sink. Throws: as `validate` of the options of a runtime.
[[gnu::cold]] inline void validate(delivery_options const& o, std::string_view sink) {
  check_settings("sink_config." + std::string{sink} + ".delivery", o);
}

}  // namespace fapilog::inline v0_1
