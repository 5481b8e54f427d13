// SPDX-License-Identifier: MIT
// Stages, routes and levels of a running runtime, changed by code.
#include "support/capture.hpp"
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/files.hpp"
#include "support/logged.hpp"
#include "support/scale.hpp"

#include <fapilog/fapilog.hpp>

#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using fapilog::kv;
using namespace std::chrono_literals;

namespace {

/// Removes each record, and adds a summary at the end.
struct removes_all {
  std::int64_t removed = 0;
  bool keep(fapilog::event const&) {
    ++removed;
    return false;
  }
  void summarise(std::int64_t, bool last, std::vector<fapilog::internal_record>& all) {
    if (!last || removed == 0) return;
    all.push_back({fapilog::level::info, "Removed", {{"count", std::exchange(removed, 0)}}});
  }
  void collect(fapilog::metric_list& all) const {
    fapilog::metric m;
    m.name = "acme_removed";
    m.value = static_cast<double>(removed);
    all.push_back(m);
  }
  [[nodiscard]] static std::string name() { return "removes_all"; }
};

}  // namespace

TEST_CASE("changed stages apply to what is logged from then on, and removed stages add their summaries") {
  support::logged test{{.filters = {removes_all{}}}};
  test.log.info("removed");
  REQUIRE(test.rt.change({.filters = std::vector<fapilog::any_filter>{},
                          .enrichers = std::vector<fapilog::any_enricher>{[](fapilog::event& e) {
                            e.data.set("added", fapilog::value::of_number(std::int64_t{1}));
                          }}}));
  test.log.info("stays");
  auto const records = test.records();
  REQUIRE(records.size() == 2);
  CHECK(records[0].at("message") == "Removed");
  CHECK(records[0].at("data").at("count") == 1);
  CHECK(records[1].at("message") == "stays");
  CHECK(records[1].at("data").at("added") == 1);
  CHECK(records[1].at("diagnostics").contains("service"));
  CHECK(test.rt.counts().filtered == 1);
}

TEST_CASE("changed routes apply to what is logged from then on") {
  auto const one = std::make_shared<support::capture>();
  auto const two = std::make_shared<support::capture>();
  fapilog::runtime rt{{.sinks = {one, two}}};
  auto const log = rt.get_logger();
  log.info("to both");
  REQUIRE(rt.change({.routes = std::vector<fapilog::route>{{}, {.min_level = fapilog::level::error}}}));
  log.info("to one");
  REQUIRE(rt.change({.routing = fapilog::routing::first_match, .routes = std::vector<fapilog::route>(2)}));
  log.info("to the first");
  REQUIRE(rt.flush(60s).complete);
  CHECK(one->lines().size() == 3);
  CHECK(two->lines().size() == 1);
}

TEST_CASE("a change replaces all rules of levels, and keeps what it does not contain") {
  support::logged test{{.log_level = fapilog::level::warning}};
  test.rt.set_level("db.*", fapilog::level::debug);
  REQUIRE(test.rt.change({.routing = fapilog::routing::overlap}));
  test.rt.get_logger("db.pool").debug("by the rule");
  REQUIRE(test.rt.change({.log_levels = {{{"web", fapilog::level::info}}}}));
  test.rt.get_logger("db.pool").debug("the rule has gone");
  test.rt.get_logger("web").info("by the new one");
  test.rt.get_logger("else").info("below the level of all");
  CHECK(test.records().size() == 2);
}

TEST_CASE("an invalid change is refused, and nothing changes") {
  support::logged test{{.log_level = fapilog::level::warning}};
  using rules = std::vector<std::pair<std::string, fapilog::level>>;
  CHECK_THROWS_WITH(test.rt.change({.log_level = static_cast<fapilog::level>(100)}),
                    ContainsSubstring("core.log_level: 100 is out of range (0 to 99)"));
  CHECK_THROWS_WITH(
      test.rt.change({.log_level = fapilog::level::info, .log_levels = rules{{"a*b", fapilog::level::info}}}),
      ContainsSubstring("core.log_levels: the pattern 'a*b' is invalid"));
  CHECK_THROWS_WITH(
      test.rt.change({.log_level = fapilog::level::info, .routes = std::vector<fapilog::route>(2)}),
      ContainsSubstring("'routes' has 2 routes; it must have one for each of the 1 sinks"));
  CHECK_THROWS_WITH(
      test.rt.change({.routes = std::vector<fapilog::route>{{.min_level = fapilog::level::error,
                                                             .max_level = fapilog::level::info}}}),
      ContainsSubstring("route.min_level"));
  test.log.info("still too low");
  CHECK(test.records().empty());
}

TEST_CASE("a change after the end of a runtime returns false") {
  support::logged test;
  (void)test.rt.drain(60s);
  CHECK_FALSE(test.rt.change({.log_level = fapilog::level::info}));
}

TEST_CASE("a change from a sink of the runtime does not wait for itself") {
  struct changes_its_runtime {
    fapilog::runtime** rt;
    bool* made;
    void write(fapilog::batch const&) const {
      if (*rt != nullptr)
        *made = (*std::exchange(*rt, nullptr)).change({.log_level = fapilog::level::error}, 60s);
    }
  };
  bool made = true;
  fapilog::runtime* self = nullptr;
  fapilog::runtime rt{
      {.sinks = {{changes_its_runtime{&self, &made}, {.thread = fapilog::sink_thread::shared}}}}};
  self = &rt;
  auto const log = rt.get_logger();
  log.info("one");
  REQUIRE(rt.flush(60s).complete);
  CHECK_FALSE(made);
  REQUIRE(rt.flush(60s).complete);  // the change has been applied by now
  log.info("below ERROR");
  CHECK(rt.flush(60s).submitted == 1);
}

TEST_CASE("in a forked child a change needs no worker") {
  if (support::thread_sanitized) SKIP("the thread sanitizer does not support threads in a forked child");
  support::logged test{{.log_level = fapilog::level::warning}};
  test.log.warning("in the parent");
  REQUIRE(test.rt.flush(60s).complete);
  int const status = support::status_of_child([&] {
    if (!test.rt.change({.log_level = fapilog::level::info}, 60s)) return 1;
    test.log.info("in the child");
    return test.rt.drain(60s).processed == 1 ? 0 : 2;
  });
  CHECK(status == 0);
  CHECK(test.rt.change({.log_level = fapilog::level::info}, 60s));
}

TEST_CASE("metrics of two stages with one name have different labels") {
  support::logged test{
      {.filters = {removes_all{}, [](fapilog::event const&) { return true; }, removes_all{}}}};
  test.log.info("x");
  REQUIRE(test.rt.flush(60s).complete);
  std::string const text = fapilog::prometheus_text(test.rt);
  CHECK_THAT(text, ContainsSubstring("acme_removed{stage=\"removes_all\"} 0") ||
                       ContainsSubstring("acme_removed{stage=\"removes_all\"} 1"));
  CHECK_THAT(text, ContainsSubstring("acme_removed{stage=\"removes_all_2\"} 0"));
  support::logged single{{.filters = {removes_all{}}}};
  CHECK_THAT(fapilog::prometheus_text(single.rt), ContainsSubstring("acme_removed 0"));
}

TEST_CASE("under pressure filters are tightened, and get their share back afterwards") {
  struct tightened {
    std::shared_ptr<std::vector<double>> shares;
    static bool keep(fapilog::event const&) { return true; }
    void tighten(double share) const { shares->push_back(share); }
  };
  auto const shares = std::make_shared<std::vector<double>>();
  {
    support::logged test{{.lane_bytes = 4'096,
                          .filters = {tightened{shares}},
                          .adaptive = {.enabled = true, .check_interval = 1ms, .cooldown = 0ms}}};
    std::string const text(200, 'x');
    auto const give_up = std::chrono::steady_clock::now() + 60s;
    while (test.rt.counts().pressure.peak < fapilog::pressure_level::elevated &&
           std::chrono::steady_clock::now() < give_up) {
      test.log.info("flood", kv("text", text));
    }
    while (test.rt.counts().pressure.now != fapilog::pressure_level::normal &&
           std::chrono::steady_clock::now() < give_up) {
      (void)test.rt.flush(1s);
    }
    (void)test.rt.drain(60s);
  }
  REQUIRE(shares->size() >= 2);
  CHECK(shares->front() == 0.5);
  CHECK(shares->back() == 1);
}
