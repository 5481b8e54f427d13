// SPDX-License-Identifier: MIT
// A program built with -ffast-math logs NaN and infinities as documented: JSON is valid whatever the number is.
// usage: fapilog_fast_math_test nan inf (arguments, so that the compiler does not know the numbers)
#include <fapilog/fapilog.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

using fapilog::kv;

namespace {

struct last_line {
  std::string* text;
  void write(fapilog::batch const& entries) const { *text = entries.text(); }
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  double const nan = std::strtod(argv[1], nullptr);
  double const inf = std::strtod(argv[2], nullptr);
  std::string json;
  {
    fapilog::runtime rt{{.sinks = {last_line{&json}}}};
    rt.get_logger("m").info("values {} {} {} {:.1f}", nan, inf, -inf, nan, kv("nan", nan), kv("inf", inf),
                            kv("neg", -inf), kv("f", static_cast<float>(nan)),
                            kv("g", static_cast<float>(-inf)), kv("zero", 0.0),
                            kv("v", std::vector<double>{nan, 1e308, 0.1}));
  }
  int failures = 0;
  for (char const* const wanted : {R"("message":"values nan inf -inf nan")", R"("nan":"NaN")",
                                   R"("inf":"Infinity")", R"("neg":"-Infinity")", R"("f":"NaN")",
                                   R"("g":"-Infinity")", R"("zero":0.0)", R"("v":["NaN",1e+308,0.1])"}) {
    if (json.find(wanted) != std::string::npos) continue;
    std::fprintf(stderr, "missing: %s\n", wanted);
    ++failures;
  }
  if (failures != 0) std::fprintf(stderr, "in: %s\n", json.c_str());
  return failures == 0 ? 0 : 1;
}
