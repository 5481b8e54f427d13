// SPDX-License-Identifier: MIT
// The second unit includes only the logger.
#include "other.hpp"

#include <fapilog/version.hpp>

void log_in_other_unit(fapilog::logger log) { log.info("from the second unit", fapilog::kv("unit", 2)); }

char const* version_in_other_unit() { return fapilog::version; }
