// SPDX-License-Identifier: MIT
// A container's elements are of a type that can be logged.
// expect: fapilog: this type cannot be logged. Give it to_log(object_writer&, T const&)

#include <fapilog/logger.hpp>

#include <vector>

struct opaque {};
struct known {};
void to_log(fapilog::object_writer& writer, known const&);

void call(fapilog::logger const& log) {
#ifdef FIXED
  log.info("took", fapilog::kv("orders", std::vector<known>(1)));
#else
  log.info("took", fapilog::kv("orders", std::vector<opaque>(1)));
#endif
}
