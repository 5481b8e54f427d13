// SPDX-License-Identifier: MIT
// Uses the component http: compiles and links the sink; nobody listens at its URL.
#include <fapilog/sinks/http.hpp>

int main() {
  fapilog::sinks::http sink{{.url = "http://127.0.0.1:1/"}};
  sink.start(fapilog::start_context{});
  return sink.write(fapilog::batch{}) ? 0 : 1;
}
