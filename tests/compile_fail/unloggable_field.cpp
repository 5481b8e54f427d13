// SPDX-License-Identifier: MIT
// A field's value is of a type that can be logged.
// expect: fapilog: this type cannot be logged. Give it to_log(object_writer&, T const&)

#include <fapilog/logger.hpp>

struct opaque {};
struct known {};
void to_log(fapilog::object_writer& writer, known const&);

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("took", fapilog::kv("order", known{}));
#else
  log.info("took", fapilog::kv("order", opaque{}));
#endif
}
