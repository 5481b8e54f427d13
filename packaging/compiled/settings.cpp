// SPDX-License-Identifier: MIT
// The part of the library of fapilog::compiled that needs nlohmann's JSON: settings and the catalogue of plugins.
#include <fapilog/plugins/builtins.hpp>
#include <fapilog/plugins/builtins_impl.hpp>
#include <fapilog/settings.hpp>
#include <fapilog/settings_impl.hpp>
