// SPDX-License-Identifier: MIT
// The third unit turns on features that the first one does not mention. Their code must be in the program.
#include "options.hpp"

#include <fapilog/sinks/stdout_json.hpp>

fapilog::options options_of_other_unit() {
  return {.sinks = {{fapilog::sinks::stdout_json{}, {.spool = {.directory = "spool"}}}},
          .crash = {.enabled = true}};
}
