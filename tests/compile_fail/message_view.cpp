// SPDX-License-Identifier: MIT
// A message known only at run time is a runtime_text.
// expect: fapilog::runtime_text

#include <fapilog/logger.hpp>

#include <string_view>

void call(fapilog::logger const& log, std::string_view text) {
#ifdef FIXED
  log.info(fapilog::runtime_text(text));
#else
  log.info(text);
#endif
}
