// SPDX-License-Identifier: MIT
// A sink that hangs, one that throws and one that takes 3 ms a record next to a file, in a flood: the file gets every
// record, the queues of the others are bounded, and each account is exact. The benchmark `bad_neighbours` measures the
// cost for callers.
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/process_memory.hpp"
#include "support/scale.hpp"
#include "support/switched_sink.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using fapilog::kv;
using namespace std::chrono_literals;

namespace {

/// Takes 3 ms for each record until the test ends that.
struct three_milliseconds {
  std::atomic<bool> hurries{false};
  std::vector<fapilog::uuid> ids;

  void write(fapilog::batch const& entries) {
    for (fapilog::entry const& e : entries) {
      if (!hurries) std::this_thread::sleep_for(3ms);
      ids.push_back(e.event.message_id);
    }
  }
  [[nodiscard]] static std::string name() { return "slow"; }
};

double max_queued(fapilog::runtime const& rt, std::string_view sink) {
  for (fapilog::metric const& m : rt.metrics()) {
    if (m.name == "fapilog_sink_queue_high_watermark" && m.labels.at(0).second == sink) return m.value;
  }
  return -1;
}

}  // namespace

TEST_CASE("next to a hung, a throwing and a slow sink, a file gets all of a flood, in bounded memory") {
  constexpr std::size_t count = support::scaled(200'000, 20'000);
  constexpr std::uint64_t queue_bytes = 2 << 20;
  support::temporary_directory folder;
  std::string const path = folder / "app.jsonl";
  auto hung = std::make_shared<support::switched_sink>("hung", fapilog::testing::fault::hang);
  auto throwing = std::make_shared<support::switched_sink>("throwing", fapilog::testing::fault::throws);
  auto slow = std::make_shared<three_milliseconds>();
  fapilog::delivery_options const own{.thread = fapilog::sink_thread::own, .queue_bytes = queue_bytes};
  fapilog::delivery_options thrice = own;
  thrice.retry = {.attempts = 3, .first_delay = 1ms, .longest_delay = 2ms};
  fapilog::runtime rt{{.when_full = fapilog::when_full::block,
                       .sinks = {{hung, own},
                                 {throwing, thrice},
                                 {slow, own},
                                 fapilog::sinks::rotating_file{{.path = path, .max_bytes = 0}}},
                       .diagnostics_output = [](std::string_view) {}}};
  auto const log = rt.get_logger();
  log.info("first");
  REQUIRE(hung->wait_for_calls(1));
  std::size_t const before = support::resident_bytes();
  for (std::size_t i = 1; i < count; ++i) log.info("flood", kv("i", i));
  // While the hung sink still hangs.
  CHECK(support::eventually([&] { return rt.sink_counts()[3].second.delivered == count; }, 120s));
  std::size_t const after = support::resident_bytes();
  CHECK(hung->messages().empty());
  CHECK(rt.counts().balanced());
  for (char const* const name : {"hung", "throwing", "slow"}) {
    INFO(name);
    CHECK(max_queued(rt, name) > 0);
    CHECK(max_queued(rt, name) <= static_cast<double>(queue_bytes));
  }
  INFO(before << " bytes resident before, " << after << " after");
  // Three queues, a lane, the current batches.
  if (!support::sanitized) CHECK(after < before + 3 * queue_bytes + (8U << 20));

  hung->set(fapilog::testing::fault::none);
  slow->hurries = true;
  auto const end = rt.drain(120s);
  CHECK(end);
  CHECK(end.balanced());
  CHECK(end.submitted == count);
  CHECK(end.failed == count);  // those of the throwing sink
  CHECK(end.dropped.total() + end.filtered + end.pending == 0);

  auto const counts = rt.sink_counts();
  for (auto const& [name, account] : counts) {
    INFO(name);
    CHECK(account.given == count);
    CHECK(account.balanced());
    CHECK(account.pending == 0);
  }
  CHECK(counts[0].second.delivered == hung->messages().size());
  CHECK(counts[0].second.delivered + counts[0].second.dropped == count);
  CHECK(counts[0].second.dropped > 0);
  CHECK(counts[1].second.failed + counts[1].second.dropped == count);
  CHECK(throwing->messages().empty());
  CHECK(counts[2].second.delivered == slow->ids.size());
  CHECK(std::set<fapilog::uuid>(slow->ids.begin(), slow->ids.end()).size() == slow->ids.size());
  CHECK(counts[2].second.delivered + counts[2].second.dropped == count);
  CHECK(counts[2].second.dropped > 0);
  CHECK(counts[3].second.delivered == count);

  std::ifstream file{path};
  std::size_t lines = 0;
  std::size_t wrong = 0;
  for (std::string line; std::getline(file, line); ++lines) {
    bool const is_right = lines == 0 ? line.find("\"first\"") != std::string::npos
                                     : line.find("\"i\":" + std::to_string(lines) + "}") != std::string::npos;
    wrong += is_right ? 0U : 1U;
  }
  CHECK(lines == count);
  CHECK(wrong == 0);
}
