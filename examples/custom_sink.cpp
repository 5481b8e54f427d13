// SPDX-License-Identifier: MIT
// A custom sink that counts records by level, next to a sink for JSON lines on standard output.
#include <fapilog/fapilog.hpp>

#include <iostream>
#include <map>
#include <memory>
#include <string_view>

// Any type with write(batch) is a sink. One thread at a time calls it; a return type of void means success.
struct level_counts {
  static constexpr bool needs_json = false;  // it reads only the events
  std::map<fapilog::level, int> counts;

  void write(fapilog::batch const& entries) {
    for (fapilog::entry const& e : entries) ++counts[e.event.severity];
  }
};

int main() {
  auto const counter = std::make_shared<level_counts>();
  fapilog::runtime rt{{.sinks = {counter, fapilog::sinks::stdout_json{}}}};
  auto const log = rt.get_logger("shop");

  for (int order = 1; order <= 10; ++order) {
    if (order % 5 == 0) log.error("payment refused", fapilog::kv("order", order));
    else log.info("order paid", fapilog::kv("order", order));
  }

  rt.drain();  // after this no other thread uses the sink
  for (auto const& [level, count] : counter->counts) std::cerr << level_name(level) << ' ' << count << '\n';
}
