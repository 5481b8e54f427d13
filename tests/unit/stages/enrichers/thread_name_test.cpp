// SPDX-License-Identifier: MIT
// Thread names: looked up by the worker, rarely, and remembered within bounds.
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/logged.hpp"
#include "support/settings.hpp"

#include <fapilog/detail/os/system.hpp>
#include <fapilog/stages/enrichers/thread_name.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using fapilog::kv;
using fapilog::enrichers::thread_name;
using fapilog::enrichers::thread_name_config;
using support::one_second;

namespace {

/// Thread names chosen by a test, and how often they were looked up.
struct system_of_threads {
  std::map<std::uint64_t, std::string> names;
  int asked = 0;

  [[nodiscard]] std::function<std::string(std::uint64_t)> function() {
    return [this](std::uint64_t id) {
      ++asked;
      return names[id];
    };
  }
};

/// The name that an event of this thread gets, or "-".
std::string name_at(thread_name& enricher, std::uint64_t id, std::int64_t unix_ns) {
  support::events made;
  fapilog::event& e = made.add("x");
  e.thread_id = id;
  e.unix_ns = unix_ns;
  enricher.enrich(e);
  auto const* const found = std::as_const(e.diagnostics).find("thread_name");
  return found == nullptr ? "-" : std::string{found->as_string()};
}

}  // namespace

TEST_CASE("a record has the name of the thread that logged it") {
  support::logged l{{.enrichers = {thread_name{}}}};
  auto const logs_as = [&](char const* name) {
    fapilog::detail::name_thread(name);
    l.log.info("x", kv("as", name));
    (void)l.rt.flush(std::chrono::seconds{60});  // the worker looks the name up while the thread runs
  };
  std::thread{logs_as, "payments-1"}.join();
  std::thread{logs_as, "a \"name\"\n"}.join();
  int seen = 0;
  for (auto const& record : l.records()) {
    CHECK(record.at("diagnostics").at("thread_name") == record.at("data").at("as"));
    ++seen;
  }
  CHECK(seen == 2);
}

TEST_CASE("a thread that is unknown to the system has no name, and is not looked up again at once") {
  system_of_threads system;
  thread_name enricher{{.name_of = system.function()}};
  for (int i = 0; i < 1'000; ++i) CHECK(name_at(enricher, 7, one_second) == "-");
  CHECK(system.asked == 1);
  CHECK(fapilog::detail::name_of_thread(~std::uint64_t{0}).empty());
}

TEST_CASE("a thread's name is looked up again after a while, and kept after the thread has ended") {
  system_of_threads system;
  system.names[7] = "starting";
  thread_name enricher{{.refresh_seconds = 10, .name_of = system.function()}};
  CHECK(name_at(enricher, 7, 100 * one_second) == "starting");
  system.names[7] = "serving";
  CHECK(name_at(enricher, 7, 109 * one_second) == "starting");
  CHECK(name_at(enricher, 7, 110 * one_second) == "serving");
  system.names.erase(7);
  CHECK(name_at(enricher, 7, 200 * one_second) == "serving");
  CHECK(system.asked == 3);
  CHECK(name_at(enricher, 7, 100 * one_second) == "serving");  // the clock was set back
  CHECK(system.asked == 4);
}

TEST_CASE("remembered thread names are bounded") {
  system_of_threads system;
  for (std::uint64_t id = 0; id < 100; ++id) system.names[id] = "t" + std::to_string(id);
  thread_name enricher{{.max_threads = 2, .name_of = system.function()}};
  for (std::uint64_t id = 0; id < 100; ++id) CHECK(name_at(enricher, id, one_second) == system.names[id]);
  CHECK(system.asked == 100);
  CHECK(name_at(enricher, 99, one_second) == "t99");
  CHECK(name_at(enricher, 98, one_second) == "t98");
  CHECK(system.asked == 100);
  CHECK(name_at(enricher, 97, one_second) == "t97");
  CHECK(system.asked == 101);
}

TEST_CASE("thread_name describes its settings and refuses invalid ones") {
  CHECK(support::names_of_settings<thread_name_config>() ==
        std::vector<std::string>{"refresh_seconds", "max_threads"});
  CHECK(support::refusal_of([] { return thread_name{{.refresh_seconds = 0}}; }) ==
        "fapilog: thread_name.refresh_seconds: 0 is out of range (above 0, at most 86400)");
  CHECK(support::refusal_of([] { return thread_name{{.max_threads = 0}}; }) ==
        "fapilog: thread_name.max_threads: 0 is out of range (1 to 1000000)");
}
