// SPDX-License-Identifier: MIT
// Internal records: summaries of dropped records and of what stages removed.
#include "support/capture.hpp"
#include "support/captured_diagnostics.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/logged.hpp"
#include "support/switched_sink.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <string>
#include <string_view>
#include <vector>

using namespace std::chrono_literals;

namespace {

/// Removes every second record and adds a summary.
class halving {
 public:
  explicit halving(std::int64_t due_in_ns = 0) : due_in_ns_(due_in_ns) {}
  bool keep(fapilog::event const& e) {
    bool const keeps = ++seen_ % 2 == 1;
    if (!keeps && left_out_++ == 0 && due_in_ns_ != 0) due_ = e.unix_ns + due_in_ns_;
    return keeps;
  }
  void summarise(std::int64_t now_ns, bool last, std::vector<fapilog::internal_record>& all) {
    if (left_out_ == 0 || (!last && (due_ == 0 || now_ns < due_))) return;
    all.push_back({fapilog::level::info,
                   "Left out",
                   {{"count", left_out_}, {"why", std::string{"half"}}, {"share", 0.5}}});
    left_out_ = 0;
    due_ = 0;
  }
  [[nodiscard]] std::int64_t summary_due() const { return due_; }
  [[nodiscard]] static std::string name() { return "halving"; }

 private:
  std::int64_t due_in_ns_;
  int seen_ = 0;
  std::int64_t left_out_ = 0;
  std::int64_t due_ = 0;
};

}  // namespace

TEST_CASE("a stage's summary is an internal record that passes no filter and counts in no account") {
  auto const keeps_n = [](fapilog::event const& e) { return e.message == "n"; };
  support::logged test{{.filters = {halving{}, keeps_n}}};
  for (int i = 0; i < 10; ++i) test.log.info("n");
  auto const records = test.records();
  REQUIRE(records.size() == 6);
  auto const& summary = records.back();
  CHECK(summary.at("message") == "Left out");
  CHECK(summary.at("level") == "INFO");
  CHECK(summary.at("logger") == "fapilog");
  CHECK(summary.at("data").at("count") == 5);
  CHECK(summary.at("data").at("why") == "half");
  CHECK(summary.at("data").at("share") == 0.5);
  CHECK(summary.at("data").at("_fapilog_internal") == true);
  CHECK(summary.at("diagnostics").contains("service"));
  auto const counts = test.rt.counts();
  CHECK(counts.submitted == 10);
  CHECK(counts.processed == 5);
  CHECK(counts.filtered == 5);
  CHECK(counts.balanced());
}

TEST_CASE("a summary that is due is written without another record, although the worker sleeps") {
  support::logged test{{.filters = {halving{20'000'000}}}};
  test.log.info("kept");
  test.log.info("left out");
  CHECK(test.sink->wait_for(2));
  CHECK(test.sink->lines().back().find("Left out") != std::string::npos);
}

TEST_CASE("an internal record counts in no account although it was spooled and delivered later") {
  support::temporary_directory folder;
  auto sink = std::make_shared<support::switched_sink>("down", fapilog::testing::fault::retry);
  fapilog::runtime rt{{.filters = {halving{}},
                       .sinks = {{sink,
                                  {.retry = {.attempts = 1, .first_delay = 1ms, .longest_delay = 5ms},
                                   .spool = {.directory = folder.path().string()}}}},
                       .diagnostics_output = [](std::string_view) {}}};
  for (int i = 0; i < 10; ++i) rt.get_logger().info("n");
  REQUIRE(rt.flush(60s));  // the summary is with the records
  CHECK(rt.counts().spooled == 5);
  sink->set(fapilog::testing::fault::none);
  CHECK(sink->wait_for_messages(6));
  auto const end = rt.drain(60s);
  CHECK(end.processed == 5);
  CHECK(end.spooled == 0);
  CHECK(end.balanced());
}

TEST_CASE("a WARNING record reports how many records were dropped, and why") {
  support::logged test{{.lane_bytes = 4'096, .drop_summary_window = 1h}};
  std::string const text(500, 'x');
  while (test.rt.counts().dropped.queue_full < 100) test.log.info("flood", fapilog::kv("text", text));
  auto const end = test.rt.drain(60s);
  auto const summary = nlohmann::json::parse(test.sink->lines().back()).at("log");
  CHECK(summary.at("message") == "Records were dropped");
  CHECK(summary.at("level") == "WARNING");
  CHECK(summary.at("data").at("dropped_count") == end.dropped.total());
  CHECK(summary.at("data").at("queue_full") == end.dropped.queue_full);
  CHECK(summary.at("data").at("window_seconds").is_number_float());
  CHECK(end.balanced());
}

TEST_CASE("each drop is reported in one summary") {
  support::logged test{{.lane_bytes = 4'096, .drop_summary_window = 1ms}};
  std::string const text(500, 'x');
  auto const summaries = [&] {
    std::vector<std::uint64_t> all;
    for (auto const& line : test.sink->lines()) {
      auto const log = nlohmann::json::parse(line).at("log");
      if (log.at("message") == "Records were dropped") all.push_back(log.at("data").at("dropped_count"));
    }
    return all;
  };
  for (std::size_t round = 1; round <= 2; ++round) {
    auto const before = test.rt.counts().dropped.total();
    while (test.rt.counts().dropped.total() < before + 100) test.log.info("flood", fapilog::kv("text", text));
    REQUIRE(support::eventually([&] { return summaries().size() >= round; }));
  }
  auto const end = test.rt.drain(60s);
  auto const all = summaries();
  CHECK(std::accumulate(all.begin(), all.end(), std::uint64_t{0}) == end.dropped.total());
}

TEST_CASE("the drop summary is written when its window has passed, and only if records were dropped") {
  support::logged test{{.lane_bytes = 4'096, .drop_summary_window = 10ms}};
  test.log.info("the worker has looked for drops, and found none");
  REQUIRE(test.sink->wait_for(1));
  std::string const text(500, 'x');
  while (test.rt.counts().dropped.queue_full < 100) test.log.info("flood", fapilog::kv("text", text));
  CHECK(support::eventually([&] {
    for (auto const& line : test.sink->lines()) {
      if (line.find("Records were dropped") != std::string::npos) return true;
    }
    return false;
  }));
  support::logged quiet{{.drop_summary_window = 1ms}};
  quiet.log.info("one");
  (void)quiet.rt.drain(60s);
  CHECK(quiet.sink->lines().size() == 1);
}

TEST_CASE("each sink that lost records is reported with counts by reason, as a record and on stderr") {
  using fapilog::testing::fault;
  auto const good = std::make_shared<support::capture>();
  auto const picky = std::make_shared<support::switched_sink>("picky");
  auto const down = std::make_shared<support::switched_sink>("down", fault::retry);
  support::captured_diagnostics reported;
  fapilog::runtime rt{{.sinks = {good, picky, down},
                       .retry = {.attempts = 1},
                       .drop_summary_window = 1h,
                       .diagnostics_output = reported}};
  for (int i = 0; i < 3; ++i) rt.get_logger().info("poison");
  rt.get_logger().info("fine");
  REQUIRE(rt.flush(60s));
  REQUIRE(rt.drain(60s));
  // One report each, or more if the flush found the first records only.
  std::map<std::string, std::map<std::string, int>> losses;
  for (auto const& line : good->lines()) {
    auto const log = nlohmann::json::parse(line).at("log");
    if (log.at("message") != "A sink lost records") continue;
    auto const& data = log.at("data");
    for (char const* const name : {"lost_count", "rejected", "failed"})
      losses[data.at("sink")][name] += data.value(name, 0);
  }
  using counts = std::map<std::string, int>;
  CHECK(losses.size() == 2);
  CHECK(losses["picky"] == counts{{"lost_count", 3}, {"rejected", 3}, {"failed", 0}});
  CHECK(losses["down"] == counts{{"lost_count", 4}, {"rejected", 0}, {"failed", 4}});
  CHECK(reported.contains(R"("component":"picky","message":"records were lost","detail":")"));
  CHECK(reported.contains(" s: rejected "));
  CHECK(reported.contains(" s: failed "));
}

TEST_CASE("a sink that loses the report of its losses causes no further report") {
  auto const down = std::make_shared<support::switched_sink>("down", fapilog::testing::fault::retry);
  support::captured_diagnostics reported;
  fapilog::runtime rt{{.sinks = {down},
                       .retry = {.attempts = 1},
                       .drop_summary_window = 1ms,
                       .diagnostics_output = reported}};
  rt.get_logger().info("lost");
  for (int i = 0; i < 6; ++i) REQUIRE(rt.flush(60s));  // each would report what the one before has lost
  CHECK(rt.sink_counts().at(0).second.failed == 2);    // the record, and one report
}

TEST_CASE("losses are counted on stderr without a drop summary window, also those of the drain") {
  auto const down = std::make_shared<support::switched_sink>("down", fapilog::testing::fault::retry);
  support::captured_diagnostics reported;
  fapilog::runtime rt{
      {.filters = {},
       .processors = {[](fapilog::event const& e, std::string&) { return e.message != "drop"; }},
       .sinks = {{down, {.queue_bytes = 1'000'000}}},
       .diagnostics_output = reported}};
  for (int i = 0; i < 5; ++i) rt.get_logger().info("waits for the sink");
  for (int i = 0; i < 2; ++i) rt.get_logger().info("drop");
  (void)rt.drain(60s);  // the last chance fails, too
  CHECK(rt.sink_counts().at(0).second.failed == 5);
  CHECK(reported.contains(R"("component":"down","message":"records were lost","detail":"5 in )"));
  CHECK(reported.contains(
      R"("component":"runtime","message":"records were dropped before the sinks","detail":"2 in )"));
  CHECK(reported.contains(" s: failed_in_stage 2"));
  CHECK(down->messages().empty());
}
