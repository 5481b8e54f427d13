// SPDX-License-Identifier: MIT
// Uses the component postgres: compiles and links the sink; starting needs no server.
#include <fapilog/sinks/postgres.hpp>

int main() {
  fapilog::sinks::postgres sink{{.host = "/nowhere"}};
  sink.start(fapilog::start_context{});
  return sink.health().healthy ? 1 : 0;
}
