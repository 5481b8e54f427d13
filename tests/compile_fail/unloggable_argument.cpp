// SPDX-License-Identifier: MIT
// A format argument is of a type that can be logged.
// expect: fapilog: an argument of this log call cannot be logged. Give its type to_log(object_writer&, T const&)

#include <fapilog/logger.hpp>

struct opaque {};
struct known {};
void to_log(fapilog::object_writer& writer, known const&);

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("took {}", known{});
#else
  log.info("took {}", opaque{});
#endif
}
