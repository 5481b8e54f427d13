// SPDX-License-Identifier: MIT
// The sink for ClickHouse, over its HTTP interface.
#pragma once

#include <fapilog/sinks/clickhouse_core.hpp>

#if defined(FAPILOG_WITH_ZSTD)
#include <fapilog/sinks/http/zstd.hpp>
#endif
#ifndef FAPILOG_COMPILED
#include <fapilog/sinks/clickhouse_impl.hpp>
#endif
