// SPDX-License-Identifier: MIT
// Uses the component kafka: compiles and links the sink; nobody listens at its broker.
#include <fapilog/sinks/kafka.hpp>

int main() {
  fapilog::sinks::kafka sink{{.brokers = {"127.0.0.1:1"}}};
  return sink.write(fapilog::batch{}) ? 0 : 1;
}
