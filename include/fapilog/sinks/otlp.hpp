// SPDX-License-Identifier: MIT
// The sink for OpenTelemetry collectors (OTLP/HTTP).
#pragma once

#include <fapilog/sinks/otlp_core.hpp>

#if defined(FAPILOG_WITH_ZSTD)
#include <fapilog/sinks/http/zstd.hpp>
#endif
#ifndef FAPILOG_COMPILED
#include <fapilog/sinks/otlp_impl.hpp>
#endif
