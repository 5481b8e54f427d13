// SPDX-License-Identifier: MIT
// The sink for ClickHouse, over its HTTP interface.
#pragma once

#include <fapilog/sinks/clickhouse_core.hpp>

#ifndef FAPILOG_COMPILED
#include <fapilog/sinks/clickhouse_impl.hpp>
#endif
