// SPDX-License-Identifier: MIT
// A key known only at run time is a dynamic_key.
// expect: fapilog::dynamic_key

#include <fapilog/logger.hpp>

#include <string>

void call(fapilog::logger const& log, std::string const& name) {
#ifdef FIXED
  log.info("paid", fapilog::kv(fapilog::dynamic_key(name), 1));
#else
  log.info("paid", fapilog::kv(name, 1));
#endif
}
