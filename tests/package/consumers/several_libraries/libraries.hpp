// SPDX-License-Identifier: MIT
// The interfaces of both libraries.
#pragma once

#include <fapilog/logger.hpp>

/// Logs in a scope of its own and calls `inner_works` there.
[[gnu::visibility("default")]] void outer_works(fapilog::logger const& log);
/// Logs in a scope of its own.
[[gnu::visibility("default")]] void inner_works(fapilog::logger const& log);
