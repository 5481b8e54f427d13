// SPDX-License-Identifier: MIT
// Settings, stages and routes change while threads log, others read the metrics, and the runtime is drained.
#include <fapilog/settings_watch.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/capture.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/files.hpp"

using fapilog::kv;
using namespace std::chrono_literals;

namespace {

/// Files are replaced as a careful editor does it.
void replace_file(std::string const& path, std::string const& text) {
  support::write_file(path + ".new", text);
  std::filesystem::rename(path + ".new", path);
}

}  // namespace

TEST_CASE("reloads, changes of routes, reads of metrics and a drain at the same time lose nothing") {
  support::temporary_directory folder;
  std::string const path = folder / "fapilog.json";
  std::string const one = R"({"core": {"log_level": "INFO", "filters": ["rate_limit", "first_occurrence"],
                              "redactors": ["field_mask"]},
                              "filter_config": {"rate_limit": {"capacity": 100000}},
                              "redactor_config": {"field_mask": {"fields_to_mask": ["data.pin"]}}})";
  std::string const other = R"({"core": {"log_level": "INFO", "log_levels": {"noise": "ERROR"},
                                "filters": ["error_dedupe"], "redactors": ["field_mask", "url_credentials"],
                                "processors": ["size_guard"], "routing": "first_match"},
                                "redactor_config": {"field_mask": {"fields_to_mask": ["data.pin", "data.no"]}}})";
  replace_file(path, one);
  auto const all = std::make_shared<support::capture>();
  auto const some = std::make_shared<support::capture>();
  auto const make = [&](fapilog::settings const& s) {
    fapilog::options made = s.options();
    auto const block = fapilog::when_queue_full::block;
    made.sinks = {{all, {.when_queue_full = block}},
                  {some, {.route = {.min_level = fapilog::level::warning}, .when_queue_full = block}}};
    made.when_full = fapilog::when_full::block;
    made.lane_bytes = 16'384;
    made.diagnostics_output = [](std::string_view) {};
    return made;
  };
  auto const chosen = fapilog::settings::from_file(path);
  fapilog::runtime rt{make(chosen)};
  fapilog::settings_watch watch{rt, chosen, {.interval = 1ms}, make};

  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  std::atomic<std::uint64_t> calls{0};
  for (int t = 0; t < 3; ++t) {
    threads.emplace_back([&, t] {
      auto const log = rt.get_logger("worker");
      for (int i = 0; !stop; ++i) {
        log.warning("call", kv("pin", "s3cr3t"), kv("t", t), kv("i", i));
        calls.fetch_add(1, std::memory_order_relaxed);
      }
    });
  }
  threads.emplace_back([&] {
    for (int i = 0; !stop; ++i) replace_file(path, i % 2 == 0 ? other : one);
  });
  threads.emplace_back([&] {
    for (int i = 0; !stop; ++i) {
      (void)rt.change({.routing = i % 3 == 0 ? fapilog::routing::overlap : fapilog::routing::first_match,
                       .routes = std::vector<fapilog::route>{
                           {}, {.min_level = i % 2 == 0 ? fapilog::level::error : fapilog::level::info}}});
      rt.set_level("other", i % 2 == 0 ? fapilog::level::debug : fapilog::level::error);
    }
  });
  threads.emplace_back([&] {
    while (!stop) {
      (void)rt.metrics();
      (void)rt.health();
      (void)rt.flush(1ms);
      (void)watch.reload();
    }
  });
  CHECK(support::eventually([&] { return watch.applied() >= 40; }, 120s));
  CHECK(watch.refused() == 0);
  auto const end = rt.drain(60s);
  stop = true;
  for (auto& t : threads) t.join();

  CHECK(end.complete);
  auto const counts = rt.counts();
  CHECK(counts.balanced());
  CHECK(counts.pending == 0);
  CHECK(counts.failed == 0);
  CHECK(counts.submitted == calls);
  auto const lines = all->lines();
  CHECK(lines.size() + counts.filtered + counts.dropped.total() >= calls);
  for (auto const& line : lines) {
    if (line.find("s3cr3t") != std::string::npos) FAIL("not redacted: " << line);
  }
  for (auto const& line : some->lines()) {
    if (line.find("s3cr3t") != std::string::npos) FAIL("not redacted: " << line);
  }
}
