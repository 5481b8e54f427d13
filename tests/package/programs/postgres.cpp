// SPDX-License-Identifier: MIT
// A user of the component postgres: the sink is there and linked; no server is needed to start.
#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/postgres.hpp>

int main() {
  fapilog::sinks::postgres sink{{.host = "/nowhere"}};
  sink.start(fapilog::start_context{});
  return sink.health().healthy ? 1 : 0;
}
