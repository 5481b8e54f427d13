// SPDX-License-Identifier: MIT
// The part of fmt that formats values: its light header if that links.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#include <fmt/core.h>

// clang and GCC encode the name of fmt 9's vformat_to differently, so that a program of clang does not link with an fmt
// of GCC. With the whole of fmt, clang compiles the function itself.
#if FAPILOG_DETAIL_CLANG && FMT_VERSION < 100000
#include <fmt/format.h>
#endif
