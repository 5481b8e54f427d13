// SPDX-License-Identifier: MIT
// Uses the component tls: compiles and links the sink; nobody listens at its port.
#include <fapilog/sinks/syslog_tls.hpp>

int main() {
  fapilog::sinks::syslog_tls sink{{.host = "127.0.0.1", .port = 1}};
  return sink.health().healthy ? 0 : 1;
}
