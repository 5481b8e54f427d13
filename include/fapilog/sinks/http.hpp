// SPDX-License-Identifier: MIT
// Sinks that send records by HTTP to a receiver of your own: any receiver of JSON, and signed webhooks.
#pragma once

#include <fapilog/sinks/http_core.hpp>

#if defined(FAPILOG_WITH_ZLIB)
#include <fapilog/sinks/file/zlib.hpp>
#endif
#if defined(FAPILOG_WITH_ZSTD)
#include <fapilog/sinks/http/zstd.hpp>
#endif
#ifndef FAPILOG_COMPILED
#include <fapilog/sinks/http_impl.hpp>
#endif
