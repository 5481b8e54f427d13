// SPDX-License-Identifier: MIT
// A stored field cannot be copied into a list of fields.
// expect: is private within this context | calling a private constructor of class 'fapilog::field'

#include <fapilog/logger.hpp>

#include <string>

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("paid", {fapilog::kv("order", std::string{"o-1"})});
#else
  auto const order = fapilog::kv("order", std::string{"o-1"});
  log.info("paid", {order});
#endif
}
