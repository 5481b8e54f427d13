// SPDX-License-Identifier: MIT
// What the shared library offers to the program.
#pragma once

#include <fapilog/logger.hpp>

[[gnu::visibility("default")]] void plugin_works(fapilog::logger log);
