// SPDX-License-Identifier: MIT
// The runtimes of the presets, for all tests.
#include "support/prelude.hpp"

namespace fapilog {

#define FAPILOG_TEST_RUNTIME(name)                                            \
  template class basic_runtime<presets::name>;                                \
  template std::vector<placed_sink> default_sinks<presets::name>();           \
  template std::vector<any_redactor> default_redactors<presets::name>();      \
  template void validate<presets::name>(basic_options<presets::name> const&); \
  template std::vector<any_enricher> preset_enrichers(basic_options<presets::name> const&)

FAPILOG_TEST_RUNTIME(minimal);
FAPILOG_TEST_RUNTIME(production);
FAPILOG_TEST_RUNTIME(hardened);
FAPILOG_TEST_RUNTIME(dev);
FAPILOG_TEST_RUNTIME(serverless);

}  // namespace fapilog
