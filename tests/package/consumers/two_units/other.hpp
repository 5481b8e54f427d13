// SPDX-License-Identifier: MIT
// The interface of the second unit.
#pragma once

#include <fapilog/logger.hpp>

void log_in_other_unit(fapilog::logger log);
char const* version_in_other_unit();
