// SPDX-License-Identifier: MIT
// The shared library owns no runtime: it logs on the caller's thread and on one of its own.
#include "plugin.hpp"

#include <thread>

void plugin_works(fapilog::logger log) {
  auto scope = fapilog::scope(fapilog::kv("plugin_id", "p-1"));
  log.info("from the library", fapilog::kv("number", 2));
  std::thread{[log] { log.info("from the library's thread", fapilog::kv("number", 3)); }}.join();
}
