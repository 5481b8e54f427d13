// SPDX-License-Identifier: MIT
// A pointer to something is not logged by accident.
// expect: fapilog: this type cannot be logged. Give it to_log(object_writer&, T const&)

#include <fapilog/logger.hpp>

void call(fapilog::logger const& log, int const& order) {
#ifdef FIXED
  log.info("took", fapilog::kv("order", order));
#else
  log.info("took", fapilog::kv("order", &order));
#endif
}
