// SPDX-License-Identifier: MIT
// A program built with -fno-rtti logs as others do, but for the causes of exceptions, which nobody can find without it.
#include <fapilog/fapilog.hpp>

#include <cstdio>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

struct all_lines {
  std::string* text;
  void write(fapilog::batch const& entries) const { *text += entries.text(); }
};

}  // namespace

int main() {
  std::string json;
  {
    fapilog::runtime rt{{.sinks = {all_lines{&json}}}};
    auto const log = rt.get_logger("shop");
    fapilog::scope const request{fapilog::kv("request_id", "r-1")};
    log.info("order {} of {}", 7, "Ada", fapilog::kv("items", 3));
    try {
      throw std::runtime_error{"declined"};
    } catch (std::exception const& error) {
      log.error("payment failed", fapilog::caught(error));
    }
  }
  int failures = 0;
  for (std::string_view const wanted :
       {R"("message":"order 7 of Ada")", R"("items":3)", R"("request_id":"r-1")",
        R"("error.type":"std::exception","error.message":"declined")"}) {
    if (json.find(wanted) != std::string::npos) continue;
    std::fprintf(stderr, "missing: %s\nin: %s\n", wanted.data(), json.c_str());
    ++failures;
  }
  return failures == 0 ? 0 : 1;
}
