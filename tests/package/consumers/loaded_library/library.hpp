// SPDX-License-Identifier: MIT
// The interface of the loaded library.
#pragma once

#include <fapilog/logger.hpp>

/// Logs in scopes of its own and calls `program` within them.
using work = void(fapilog::logger const& log, void (*program)());
/// The address of the library's scopes of this thread.
using scopes = void const*();
