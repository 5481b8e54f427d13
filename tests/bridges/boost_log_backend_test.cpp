// SPDX-License-Identifier: MIT
// Tests integrations/boost_log_backend.hpp with Boost.Log itself.
#include <fapilog/integrations/boost_log_backend.hpp>

#include <boost/log/attributes/attribute_value_set.hpp>
#include <boost/log/attributes/clock.hpp>
#include <boost/log/attributes/constant.hpp>
#include <boost/log/attributes/named_scope.hpp>
#include <boost/log/attributes/value_extraction.hpp>
#include <boost/log/core.hpp>
#include <boost/log/sinks/unlocked_frontend.hpp>
#include <boost/log/sources/record_ostream.hpp>
#include <boost/log/sources/severity_channel_logger.hpp>
#include <boost/make_shared.hpp>

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/logged.hpp"

namespace {

namespace blog = boost::log;
using fapilog::integrations::boost_log_backend;
using boost_sink = blog::sinks::unlocked_sink<boost_log_backend>;

/// The only sink of Boost.Log, until the end.
struct only_sink {
  explicit only_sink(boost::shared_ptr<boost_log_backend> const& backend)
      : sink(boost::make_shared<boost_sink>(backend)) {
    blog::core::get()->add_sink(sink);
  }
  only_sink(only_sink const&) = delete;
  only_sink& operator=(only_sink const&) = delete;
  ~only_sink() {
    blog::core::get()->remove_all_sinks();
    blog::core::get()->set_global_attributes({});
  }
  boost::shared_ptr<boost_sink> sink;
};

enum class own_severity { calm, alarming };

}  // namespace

TEST_CASE("a record of Boost.Log keeps its message, severity, channel, scopes and typed attributes") {
  support::logged test;
  only_sink const bridge{boost::make_shared<boost_log_backend>(test.log)};
  auto const core = blog::core::get();
  core->add_global_attribute("Scope", blog::attributes::named_scope{});
  core->add_global_attribute("ThreadID", blog::attributes::constant<std::string>{"left out"});
  core->add_global_attribute("answer", blog::attributes::constant<int>{42});
  core->add_global_attribute("share", blog::attributes::constant<double>{0.5});
  core->add_global_attribute("enabled", blog::attributes::constant<bool>{true});
  core->add_global_attribute("place", blog::attributes::constant<std::string>{"Zürich"});
  core->add_global_attribute("took", blog::attributes::constant<boost::posix_time::time_duration>{
                                         boost::posix_time::milliseconds{1500}});
  core->add_global_attribute("since", blog::attributes::constant<boost::posix_time::ptime>{
                                          {boost::gregorian::date{2026, 1, 2}, boost::posix_time::hours{3}}});
  core->add_global_attribute("unknown", blog::attributes::constant<std::vector<int>>{{1, 2}});
  blog::sources::severity_channel_logger_mt<blog::trivial::severity_level> source{
      blog::keywords::channel = "billing", blog::keywords::severity = blog::trivial::info};
  {
    BOOST_LOG_NAMED_SCOPE("outer");
    BOOST_LOG_NAMED_SCOPE("inner");
    BOOST_LOG_SEV(source, blog::trivial::warning) << "took " << 3 << " ms";
  }
  BOOST_LOG_SEV(source, blog::trivial::fatal) << "fatal";
  auto const records = test.records();
  REQUIRE(records.size() == 2);
  auto const& first = records[0];
  CHECK(first.at("message") == "took 3 ms");
  CHECK(first.at("level") == "WARNING");
  CHECK(first.at("logger") == "billing");
  auto const& data = first.at("data");
  CHECK(data.at("answer") == 42);
  CHECK(data.at("share") == 0.5);
  CHECK(data.at("enabled") == true);
  CHECK(data.at("place") == "Zürich");
  CHECK(data.at("took") == test.field(std::chrono::nanoseconds{1'500'000'000}));
  CHECK(data.at("since") == "2026-01-02T03:00:00");
  CHECK(data.at("scope") == "outer->inner");
  CHECK_FALSE(data.contains("ThreadID"));
  CHECK_FALSE(data.contains("unknown"));
  CHECK(records[1].at("level") == "CRITICAL");
  CHECK_FALSE(records[1].at("data").contains("scope"));
}

TEST_CASE("the severities of Boost.Log, and those of a program, become levels") {
  support::logged test;
  test.rt.set_level("*", fapilog::custom_level(1));
  {
    only_sink const bridge{boost::make_shared<boost_log_backend>(test.log)};
    for (int severity = 0; severity <= 5; ++severity)
      BOOST_LOG_SEV(blog::trivial::logger::get(), static_cast<blog::trivial::severity_level>(severity))
          << severity;
  }
  std::vector<std::string> levels;
  for (auto const& record : test.records()) levels.push_back(record.at("level"));
  CHECK(levels == std::vector<std::string>{"TRACE", "DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"});

  only_sink const bridge{boost::make_shared<boost_log_backend>(test.log, [](blog::record_view const& record) {
    auto const found = blog::extract<own_severity>("Severity", record);
    return found && *found == own_severity::alarming ? fapilog::level::error : fapilog::level::info;
  })};
  blog::sources::severity_logger_mt<own_severity> source;
  BOOST_LOG_SEV(source, own_severity::alarming) << "own";
  CHECK(test.last().at("level") == "ERROR");
}

TEST_CASE("a time stamp of Boost.Log is understood as local time and as UTC") {
  std::string const zone = std::getenv("TZ") == nullptr ? "" : std::getenv("TZ");
  ::setenv("TZ", "NPT-5:45", 1);
  ::tzset();
  {
    support::logged test;
    only_sink const bridge{boost::make_shared<boost_log_backend>(test.log)};
    test.log.info("by fapilog");
    blog::core::get()->add_global_attribute("TimeStamp", blog::attributes::local_clock{});
    BOOST_LOG_TRIVIAL(info) << "local";
    blog::core::get()->set_global_attributes({});
    blog::core::get()->add_global_attribute("TimeStamp", blog::attributes::utc_clock{});
    BOOST_LOG_TRIVIAL(info) << "utc";
    test.log.info("by fapilog again");
    auto const records = test.records();
    REQUIRE(records.size() == 4);
    for (std::size_t i = 1; i < 3; ++i) {
      INFO(i);
      CHECK(records[0].at("timestamp").get<std::string>().substr(0, 19) <=
            records[i].at("timestamp").get<std::string>());
      CHECK(records[i].at("timestamp").get<std::string>().substr(0, 19) <=
            records[3].at("timestamp").get<std::string>());
    }
  }
  zone.empty() ? ::unsetenv("TZ") : ::setenv("TZ", zone.c_str(), 1);
  ::tzset();
}

TEST_CASE(
    "records of several threads arrive without a lock, and a sink that uses Boost.Log does not feed itself") {
  struct echoing {
    void write(fapilog::batch const& entries) const { BOOST_LOG_TRIVIAL(info) << "wrote " << entries.size(); }
  };
  auto const captured = std::make_shared<support::capture>();
  fapilog::runtime rt{{.when_full = fapilog::when_full::block, .sinks = {captured, echoing{}}}};
  std::uint64_t const refused = fapilog::integrations::refused_foreign_records();
  {
    only_sink const bridge{boost::make_shared<boost_log_backend>(rt.get_logger("boost"))};
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([] {
        for (int i = 0; i < 100; ++i) BOOST_LOG_TRIVIAL(info) << "line " << i;
      });
    for (auto& thread : threads) thread.join();
    bridge.sink->flush();
    CHECK(captured->lines().size() == 400);
  }
  CHECK(fapilog::integrations::refused_foreign_records() > refused);
}
