// SPDX-License-Identifier: MIT
// A program of two files, of which one is compiled without exceptions: each file's log calls catch what values throw.
#include <fapilog/fapilog.hpp>

#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <string_view>

#include "throwing_value.hpp"

void log_without_exceptions(fapilog::logger const& log, std::exception_ptr const& error,
                            std::exception const& other);

void throw_from_elsewhere() { throw std::runtime_error{"from elsewhere"}; }

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
    auto const error = std::make_exception_ptr(std::runtime_error{"declined"});
    log_without_exceptions(log, error, std::logic_error{"other"});
    log.info("value here", fapilog::kv("value", throwing_value{}));
    log.info("formatted here {}", throwing_format{});
  }
  int failures = 0;
  for (std::string_view const wanted :
       {R"("message":"order 7 of Ada")", R"("list":[1,2,3])", R"("request_id":"r-1")",
        R"("error.message":"declined")", R"("error.message":"other")", R"("message":"value",)",
        R"("message":"value here")", R"(<error: from elsewhere>)",
        R"("message":"formatted {} <error: from elsewhere>")",
        R"("message":"formatted here {} <error: from elsewhere>")", R"("bound":[1,2,3])"}) {
    if (json.find(wanted) != std::string::npos) continue;
    std::fprintf(stderr, "missing: %s\nin: %s\n", wanted.data(), json.c_str());
    ++failures;
  }
  return failures == 0 ? 0 : 1;
}
