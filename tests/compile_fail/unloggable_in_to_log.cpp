// SPDX-License-Identifier: MIT
// A to_log writes values of types that can be logged.
// expect: fapilog: this type cannot be logged. Give it to_log(object_writer&, T const&)

#include <fapilog/logger.hpp>

struct opaque {};

struct order {
  int id = 0;
  opaque item;
};

void to_log(fapilog::object_writer& writer, order const& value) {
#ifdef FIXED
  writer.kv("id", value.id);
#else
  writer.kv("item", value.item);
#endif
}

void call(fapilog::logger const& log, order const& bought) { log.info("paid", fapilog::kv("order", bought)); }
