// SPDX-License-Identifier: MIT
// Many threads at once: nothing lost, nothing torn, the order of each thread kept, the account exact.
#include "support/capture.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/process_memory.hpp"
#include "support/scale.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <latch>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

using fapilog::kv;
using namespace std::chrono_literals;

TEST_CASE("eight threads with mixed fields lose and tear nothing in a file", "[slow]") {
  constexpr std::size_t threads = 8;
  constexpr std::size_t each = support::scaled(250'000, 5'000);
  support::temporary_directory folder;
  std::string const path = folder / "app.jsonl";
  fapilog::account end;
  {
    fapilog::runtime rt{{.when_full = fapilog::when_full::block,
                         .sinks = {fapilog::sinks::rotating_file{{.path = path, .max_bytes = 0}}}}};
    std::vector<std::thread> all;
    for (std::size_t t = 0; t < threads; ++t) {
      all.emplace_back([&, t] {
        auto const log = rt.get_logger("thread").with(kv("thread", t));
        std::vector<double> const list{0.5, -1.25};
        for (std::size_t i = 0; i < each; ++i) {
          switch (i % 4) {
            case 0: log.info("number", kv("i", i), kv("f", static_cast<double>(i) / 3)); break;
            case 1:
              log.warning("text {} of {}", i, each, kv("i", i), kv("s", "quote \" and \\ and \n line"));
              break;
            case 2: {
              auto const scoped = fapilog::scope(kv("request_id", i));
              log.error("nested", kv("i", i), kv("list", list), kv("flag", true), kv("nothing", nullptr));
              break;
            }
            default: log.info("list", {{"i", i}, {"took", 15us}}); break;
          }
        }
      });
    }
    for (auto& t : all) t.join();
    end = rt.drain(600s);
  }
  CHECK(end.complete);
  CHECK(end.submitted == threads * each);
  CHECK(end.processed == threads * each);
  CHECK(end.pending == 0);
  CHECK(end.dropped.total() == 0);
  CHECK(end.failed == 0);
  CHECK(end.balanced());

  std::map<std::size_t, std::size_t> next;
  std::size_t lines = 0;
  std::size_t wrong = 0;
  std::ifstream file{path};
  for (std::string line; std::getline(file, line); ++lines) {
    auto const log = nlohmann::json::parse(line).at("log");
    auto const& data = log.at("data");
    std::size_t const i = data.at("i");
    if (i != next[data.at("thread")]++) ++wrong;
    if (i % 4 == 1 && log.at("message") != "text " + std::to_string(i) + " of " + std::to_string(each))
      ++wrong;
    bool const has_scope = log.at("context").contains("request_id");
    if (has_scope != (i % 4 == 2)) ++wrong;
    if (has_scope && log.at("context").at("request_id") != std::to_string(i)) ++wrong;
  }
  CHECK(lines == threads * each);
  CHECK(wrong == 0);
  // Another parser checks every line.
  std::string const second =
      "python3 -c \"import json,sys\nn=0\nfor l in open(sys.argv[1],encoding='utf-8'):\n"
      " assert l.endswith('\\n'); json.loads(l); n+=1\nassert n==int(sys.argv[2])\" '" +
      path + "' " + std::to_string(lines);
  CHECK(std::system(second.c_str()) == 0);
}

TEST_CASE("records of one pass are in order of time across threads") {
  auto sink = std::make_shared<support::capture>();
  fapilog::runtime rt{{.sinks = {sink}}};
  auto const log = rt.get_logger();
  // Taking turns: each call happens after the one before it.
  std::atomic<int> turn{0};
  constexpr int rounds = 200;
  auto const take_turns = [&](int parity) {
    for (int i = parity; i < rounds; i += 2) {
      while (turn.load() != i) std::this_thread::yield();
      log.info("turn", kv("i", i));
      turn.store(i + 1);
    }
  };
  std::thread other{take_turns, 1};
  take_turns(0);
  other.join();
  REQUIRE(rt.drain(30s).complete);
  std::map<int, std::string> times;
  for (std::size_t i = 0; i < sink->lines().size(); ++i) {
    auto const log_part = sink->at(i).at("log");
    times[log_part.at("data").at("i")] = log_part.at("timestamp");
  }
  REQUIRE(times.size() == rounds);
  std::string last;
  for (auto const& [i, time] : times) {
    CHECK(time >= last);
    last = time;
  }
}

TEST_CASE("many runtimes, loggers and short threads work at once") {
  constexpr std::size_t rounds = support::scaled(60, 10);
  for (std::size_t r = 0; r < rounds; ++r) {
    auto sink = std::make_shared<support::capture>();
    fapilog::runtime rt{{.when_full = fapilog::when_full::block, .sinks = {sink}}};
    std::vector<std::thread> all;
    for (int t = 0; t < 8; ++t) {
      all.emplace_back([&] {
        for (int i = 0; i < 20; ++i) {
          auto const child = rt.get_logger("x" + std::to_string(i)).with(kv("i", i));
          child.info("short lived");
        }
      });
    }
    for (auto& t : all) t.join();
    auto const end = rt.drain(60s);
    CHECK(end.processed == 160);
    CHECK(end.balanced());
  }
}

TEST_CASE("ten thousand short threads use few lanes and lose nothing") {
  constexpr std::size_t threads = support::scaled(10'000, 500);
  auto sink = std::make_shared<support::capture>();
  fapilog::runtime rt{{.when_full = fapilog::when_full::block, .sinks = {sink}}};
  auto const log = rt.get_logger();
  for (std::size_t t = 0; t < threads; ++t) {
    std::thread{[&] {
      for (int i = 0; i < 10; ++i) log.info("from a short thread", kv("t", t));
    }}.join();
  }
  auto const end = rt.drain(120s);
  CHECK(end.processed == threads * 10);
  CHECK(end.balanced());
  // One lane for each thread would be ten gigabytes of addresses.
  if (!support::sanitized) CHECK(support::memory_of_process().virtual_bytes < 2'000'000'000);
}

TEST_CASE("the memory of threads that have ended is returned") {
  fapilog::runtime rt{
      {.when_full = fapilog::when_full::block, .wait_policy = fapilog::wait_policy::event, .sinks = {}}};
  auto const log = rt.get_logger();
  constexpr int threads = 32;
  std::latch waiting{threads};
  std::latch go{1};
  std::vector<std::thread> all;
  std::string const text(4'000, 'x');
  auto const before = support::resident_bytes();
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&] {
      for (int i = 0; i < 400; ++i) log.info("fills its lane once round", kv("text", text));
      waiting.count_down();
      go.wait();
    });
  }
  waiting.wait();
  auto const most = support::resident_bytes();
  go.count_down();
  for (auto& t : all) t.join();
  CHECK(rt.flush(60s));
  if (support::sanitized) return;  // a sanitizer keeps memory that was freed
  CHECK(most > before + 20'000'000);
  INFO(before << " bytes before, " << most << " with all threads");
  // The worker returns the memory before it sleeps.
  CHECK(support::eventually([&] { return support::resident_bytes() < before + (most - before) / 2; }));
}

TEST_CASE("message ids are unique across threads and runtimes") {
  auto sink = std::make_shared<support::capture>();
  {
    fapilog::runtime first{{.when_full = fapilog::when_full::block, .sinks = {sink}}};
    fapilog::runtime second{{.when_full = fapilog::when_full::block, .sinks = {sink}}};
    auto const write = [](fapilog::runtime& rt) {
      auto const log = rt.get_logger();
      for (int i = 0; i < 5'000; ++i) log.info("id");
    };
    std::thread a{write, std::ref(first)};
    std::thread b{write, std::ref(second)};
    a.join();
    b.join();
  }
  std::set<std::string> ids;
  for (auto const& line : sink->lines())
    ids.insert(nlohmann::json::parse(line)["log"]["context"]["message_id"]);
  CHECK(ids.size() == 10'000);
}
