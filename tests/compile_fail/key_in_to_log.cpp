// SPDX-License-Identifier: MIT
// A key that a to_log writes is checked, too.
// expect: fapilog: a key is not empty

#include <fapilog/logger.hpp>

struct order {
  int id = 0;
};

void to_log(fapilog::object_writer& writer, order const& value) {
#ifdef FIXED
  writer.kv("id", value.id);
#else
  writer.kv("", value.id);
#endif
}

void call(fapilog::logger const& log, order const& bought) { log.info("paid", fapilog::kv("order", bought)); }
