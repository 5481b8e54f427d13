// SPDX-License-Identifier: MIT
// A lazy function's result is of a type that can be logged.
// expect: fapilog: the result of this lazy function cannot be logged

#include <fapilog/logger.hpp>

struct opaque {};
struct known {};
void to_log(fapilog::object_writer& writer, known const&);

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("took", fapilog::lazy("order", [] { return known{}; }));
#else
  log.info("took", fapilog::lazy("order", [] { return opaque{}; }));
#endif
}
