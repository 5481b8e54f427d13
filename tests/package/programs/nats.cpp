// SPDX-License-Identifier: MIT
// Uses the component nats: compiles and links the sink; nobody listens at its server.
#include <fapilog/sinks/nats.hpp>

int main() {
  fapilog::sinks::nats sink{{.servers = {"nats://127.0.0.1:1"}}};
  return sink.write({}) ? 1 : 0;
}
