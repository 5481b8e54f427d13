// SPDX-License-Identifier: MIT
// What a call of spdlog costs whose sink is the bridge, beside the same call to an empty sink and a call of fapilog.
#include <fapilog/fapilog.hpp>
#include <fapilog/integrations/spdlog_sink.hpp>

#include <spdlog/sinks/null_sink.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <vector>

namespace {

struct nowhere {
  void write(fapilog::batch const&) {}
};

template <class Call>
void measure(char const* name, fapilog::runtime& rt, Call const& call) {
  constexpr int calls = 500;  // few enough for the lane, so that no call waits for the worker
  std::vector<double> rounds;
  for (int round = 0; round < 400; ++round) {
    auto const start = std::chrono::steady_clock::now();
    for (int i = 0; i < calls; ++i) call(i);
    rounds.push_back(
        std::chrono::duration<double, std::nano>{std::chrono::steady_clock::now() - start}.count() / calls);
    (void)rt.flush();
  }
  std::sort(rounds.begin(), rounds.end());
  std::printf("%-28s %7.0f ns (median of 400 rounds)\n", name, rounds[rounds.size() / 2]);
}

}  // namespace

int main() {
  fapilog::runtime rt{{.sinks = {nowhere{}}}};
  auto const log = rt.get_logger("bench");
  spdlog::logger empty{"bench", std::make_shared<spdlog::sinks::null_sink_mt>()};
  spdlog::logger bridged{"bench", std::make_shared<fapilog::integrations::spdlog_sink>(log)};
  measure("spdlog, empty sink", rt, [&](int i) { empty.info("order {} costs {}", i, 12.5); });
  measure("spdlog, bridge", rt, [&](int i) { bridged.info("order {} costs {}", i, 12.5); });
  measure("fapilog", rt, [&](int i) { log.info("order {} costs {}", i, 12.5); });
}
