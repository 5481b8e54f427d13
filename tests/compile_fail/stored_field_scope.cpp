// SPDX-License-Identifier: MIT
// A scope refuses a stored field.
// expect: fapilog: a field refers to its value and must not be stored in a variable

#include <fapilog/logger.hpp>

#include <string>

void call() {
#ifdef FIXED
  fapilog::scope const fields{fapilog::kv("order", std::string{"o-1"})};
#else
  auto const order = fapilog::kv("order", std::string{"o-1"});
  fapilog::scope const fields{order};
#endif
}
