// SPDX-License-Identifier: MIT
// The interface of the shared library.
#pragma once

#include <fapilog/logger.hpp>

[[gnu::visibility("default")]] void plugin_works(fapilog::logger log);
