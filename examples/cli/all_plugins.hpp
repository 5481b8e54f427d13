// SPDX-License-Identifier: MIT
// The sinks and stages that the tool knows.
#pragma once

#include <fapilog/plugins/registry.hpp>

namespace cli {

/// All of the library that were built.
[[nodiscard]] fapilog::registry all_plugins();

}  // namespace cli
