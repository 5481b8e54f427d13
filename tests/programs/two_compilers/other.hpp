// SPDX-License-Identifier: MIT
// The interface of the unit that another compiler compiles.
#pragma once

#include <fapilog/logger.hpp>

/// Logs two records, with the lines 10 and 11. The first record of a thread takes the general path, the second the fast one.
void log_in_other_unit(fapilog::logger const& log);
