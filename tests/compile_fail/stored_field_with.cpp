// SPDX-License-Identifier: MIT
// `with` refuses a stored field.
// expect: fapilog: a field refers to its value and must not be stored in a variable

#include <fapilog/logger.hpp>

#include <string>

fapilog::logger call(fapilog::logger const& log) {
#ifdef FIXED
  return log.with(fapilog::kv("order", std::string{"o-1"}));
#else
  auto const order = fapilog::kv("order", std::string{"o-1"});
  return log.with(order);
#endif
}
