// SPDX-License-Identifier: MIT
// The environment variables that settings read.
#pragma once

#include <map>
#include <string>

namespace fapilog::inline v0_1 {

/// Variables of an environment by name.
using environment_map = std::map<std::string, std::string>;

/// The process's variables that begin with `FAPILOG_`. Must not be called while another thread changes the environment.
[[nodiscard]] environment_map process_environment();

}  // namespace fapilog::inline v0_1
