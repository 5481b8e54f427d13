// SPDX-License-Identifier: MIT
// The library of fapilog::compiled_http: the bodies of the sinks over HTTP, the only ones that need libcurl.
#include <fapilog/plugins/http.hpp>
#include <fapilog/plugins/http_impl.hpp>
#include <fapilog/sinks/clickhouse.hpp>
#include <fapilog/sinks/clickhouse_impl.hpp>
#include <fapilog/sinks/http.hpp>
#include <fapilog/sinks/http_impl.hpp>
#include <fapilog/sinks/otlp.hpp>
#include <fapilog/sinks/otlp_impl.hpp>
