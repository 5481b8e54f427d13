// SPDX-License-Identifier: MIT
// Uses the component grpc: compiles and links the sink; nobody listens at its server.
#include <fapilog/sinks/otlp_grpc.hpp>

int main() {
  fapilog::sinks::otlp_grpc sink{{.url = "http://127.0.0.1:1"}};
  return sink.health().healthy ? 0 : 1;
}
