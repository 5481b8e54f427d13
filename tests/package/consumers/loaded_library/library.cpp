// SPDX-License-Identifier: MIT
// The library logs through the program's runtime, within its own scopes and after them, on two threads.
#include "library.hpp"

#include <fapilog/logger.hpp>

#include <thread>

extern "C" [[gnu::visibility("default")]] void library_works(fapilog::logger const& log, void (*program)()) {
  log.info("before its scope");
  {
    auto scope = fapilog::scope(fapilog::kv("library_id", "l-1"), fapilog::kv("region", "library"));
    log.info("in its scope", fapilog::kv("number", 2));
    program();
    log.info("in its scope again", {{"number", 3}});
    {
      auto inner = fapilog::scope(fapilog::kv("step", "inner"));
      log.info("in its inner scope {}", 4);
    }
    log.info(fapilog::runtime_text("after its inner scope"));
    std::thread{[log, carried = fapilog::context::capture()] {
      auto const attached = carried.attach();
      log.info("on its own thread");
    }}.join();
  }
  log.info("after its scope");
}

extern "C" [[gnu::visibility("default")]] void const* library_scopes() {
  return &fapilog::detail::this_thread_scope;
}
