// SPDX-License-Identifier: MIT
// A message known only at run time is a runtime_text.
// expect: fapilog::runtime_text

#include <fapilog/logger.hpp>

#include <string>

void call(fapilog::logger const& log, std::string const& text) {
#ifdef FIXED
  log.info(fapilog::runtime_text(text), fapilog::kv("order", 1));
#else
  log.info(text, fapilog::kv("order", 1));
#endif
}
