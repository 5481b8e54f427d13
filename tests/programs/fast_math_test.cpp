// SPDX-License-Identifier: MIT
// A program built with -ffast-math logs NaN and infinities as documented: JSON is valid whatever the number is.
// usage: fapilog_fast_math_test nan inf (arguments, so that the compiler does not know the numbers)
#include <fapilog/fapilog.hpp>

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

using fapilog::kv;

namespace {

struct last_line {
  std::string* text;
  void write(fapilog::batch const& entries) const { *text += entries.text(); }
};

struct fahrenheit {};

}  // namespace

template <>
struct fmt::formatter<fahrenheit> : fmt::formatter<fmt::string_view> {
  template <class Context>
  auto format(fahrenheit, Context& context) const {
    return fmt::formatter<fmt::string_view>::format("°F", context);
  }
};

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  double const nan = std::strtod(argv[1], nullptr);
  double const inf = std::strtod(argv[2], nullptr);
  std::string json;
  {
    fapilog::runtime rt{{.sinks = {last_line{&json}}}};
    auto const log = rt.get_logger("m");
    // The worker formats the one message, the call the other, since only it knows the type.
    log.info("worker {} {} {} {:.1f} {:>5} {:<5}| {:*^+7.2E} {:06} {:{}.{}f}", nan, inf, -inf, nan, inf, nan,
             inf, -inf, inf, 6, 2, kv("nan", nan), kv("inf", inf), kv("neg", -inf),
             kv("f", static_cast<float>(nan)), kv("g", static_cast<float>(-inf)), kv("zero", 0.0),
             kv("v", std::vector<double>{nan, 1e308, 0.1}));
    log.info("call {} {} {} {:.1f} {:>5} {:<5}| {:*^+7.2E} {:06} {:{}.{}f} {}", nan, inf, -inf, nan, inf, nan,
             inf, -inf, inf, 6, 2, fahrenheit{});
  }
  int failures = 0;
  for (char const* const wanted :
       {R"("message":"worker nan inf -inf nan   inf nan  | *+INF**   -inf inf   ")",
        R"("message":"call nan inf -inf nan   inf nan  | *+INF**   -inf inf    °F")", R"("nan":"NaN")",
        R"("inf":"Infinity")", R"("neg":"-Infinity")", R"("f":"NaN")", R"("g":"-Infinity")", R"("zero":0.0)",
        R"("v":["NaN",1e+308,0.1])"}) {
    if (json.find(wanted) != std::string::npos) continue;
    std::fprintf(stderr, "missing: %s\n", wanted);
    ++failures;
  }
  if (failures != 0) std::fprintf(stderr, "in: %s\n", json.c_str());
  return failures == 0 ? 0 : 1;
}
