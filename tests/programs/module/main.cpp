// SPDX-License-Identifier: MIT
// A program that imports the module fapilog: messages, fields, scopes, a sink of its own, settings of a runtime.
#include <cstdio>
#include <string>
#include <string_view>

import fapilog;

using fapilog::kv;

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
    auto const log = rt.get_logger("shop").with(kv("bound", true));
    fapilog::scope const request{kv("request_id", "r-1")};
    log.info("order {} of {}", 7, "Ada", kv("items", 3));
    log.debug("not logged");
    rt.set_level(fapilog::level::debug);
    log.debug("list", kv("ratio", 0.5));
  }
  int failures = 0;
  for (std::string_view const wanted : {R"("message":"order 7 of Ada")", R"("items":3)",
                                        R"("request_id":"r-1")", R"("bound":true)", R"("ratio":0.5)"}) {
    if (json.find(wanted) != std::string::npos) continue;
    std::fprintf(stderr, "missing: %s\nin: %s\n", wanted.data(), json.c_str());
    ++failures;
  }
  return failures == 0 && json.find("not logged") == std::string::npos ? 0 : 1;
}
