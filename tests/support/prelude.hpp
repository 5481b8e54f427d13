// SPDX-License-Identifier: MIT
// What nearly every test needs, compiled once: headers, and the runtimes of the presets.
#pragma once

#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>

#include <nlohmann/json.hpp>

namespace fapilog {

#define FAPILOG_TEST_RUNTIME(name)                                         \
  extern template std::vector<placed_sink> default_sinks<presets::name>(); \
  extern template std::vector<any_redactor> default_redactors<presets::name>()

FAPILOG_TEST_RUNTIME(minimal);
FAPILOG_TEST_RUNTIME(production);
FAPILOG_TEST_RUNTIME(hardened);
FAPILOG_TEST_RUNTIME(dev);
FAPILOG_TEST_RUNTIME(serverless);

#undef FAPILOG_TEST_RUNTIME

}  // namespace fapilog
