// SPDX-License-Identifier: MIT
// The runtimes of the presets, for all tests.
#include "support/prelude.hpp"

namespace fapilog {

#define FAPILOG_TEST_RUNTIME(name)                                  \
  template std::vector<placed_sink> default_sinks<presets::name>(); \
  template std::vector<any_redactor> default_redactors<presets::name>()

FAPILOG_TEST_RUNTIME(minimal);
FAPILOG_TEST_RUNTIME(production);
FAPILOG_TEST_RUNTIME(hardened);
FAPILOG_TEST_RUNTIME(dev);
FAPILOG_TEST_RUNTIME(serverless);

}  // namespace fapilog
