// SPDX-License-Identifier: MIT
// What the second unit offers to the first.
#pragma once

#include <fapilog/logger.hpp>

void log_in_other_unit(fapilog::logger log);
char const* version_in_other_unit();
