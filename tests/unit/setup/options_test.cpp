// SPDX-License-Identifier: MIT
// Invalid options are refused with name, value and valid range.
#include "support/catch.hpp"

#include <fapilog/detail/settings/setting_type.hpp>
#include <fapilog/fapilog.hpp>
#include <fapilog/setup/validate.hpp>

#include <chrono>
#include <cmath>
#include <functional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using namespace std::chrono_literals;

namespace {

struct quiet {
  static void write(fapilog::batch const&) {}
  [[nodiscard]] static std::string name() { return "quiet"; }
};

/// A preset of the program, with a value that no setting may have.
inline constexpr fapilog::preset invalid_preset{.name = "invalid", .settings = {{"core.batch_max_size", 0}}};

}  // namespace

TEST_CASE("each invalid option is one clear error") {
  struct example {
    std::function<void(fapilog::options&)> spoil;
    std::vector<std::string> words;
  };
  std::vector<example> const table{
      {[](auto& o) { o.log_level = static_cast<fapilog::level>(150); }, {"log_level", "150", "0 to 99"}},
      {[](auto& o) { o.batch_max_size = 0; }, {"batch_max_size", "0", "1 to 1000000"}},
      {[](auto& o) { o.batch_timeout = -1ns; }, {"core.batch_timeout_seconds", "-1ns", "0s or more"}},
      {[](auto& o) { o.lane_bytes = 100; }, {"core.lane_bytes", "100", "4 KB"}},
      {[](auto& o) { o.lane_bytes = std::size_t{1} << 40; }, {"core.lane_bytes", "1 GB"}},
      {[](auto& o) { o.protected_share = 0.75; }, {"protected_share", "0.75", "0 to 0.5"}},
      {[](auto& o) { o.protected_share = std::numeric_limits<double>::quiet_NaN(); }, {"protected_share"}},
      {[](auto& o) { o.max_record_bytes = 1; }, {"core.max_record_bytes", "1 KB"}},
      {[](auto& o) { o.backpressure_wait = -5ms; }, {"core.backpressure_wait_ms", "-5ms"}},
      {[](auto& o) { o.nap_budget = 1.5; }, {"nap_budget", "1.5", "0 to 1"}},
      {[](auto& o) { o.shutdown_timeout = -1s; }, {"shutdown_timeout"}},
      {[](auto& o) {
         o.sinks = {{quiet{}, {.queue_bytes = 1}}};
       },
       {"sink_config.quiet.delivery.queue_bytes", "1 is out of range (64 KB or more)"}},
      {[](auto& o) {
         o.sinks = {{quiet{}, {.name = "q", .retry = {.first_delay = -1ms}}}};
       },
       {"sink_config.q.delivery.retry.first_delay", "-1ms", "0s or more"}},
      {[](auto& o) {
         o.sinks = {{quiet{}, {.retry = {.longest_delay = -1ms}}}};
       },
       {"retry.longest_delay"}},
      {[](auto& o) {
         o.sinks = {
             {quiet{}, {.route = {.min_level = fapilog::level::error, .max_level = fapilog::level::info}}}};
       },
       {"route.min_level: must not be above max_level"}},
      {[](auto& o) {
         o.sinks = {{quiet{}, {.circuit_breaker = {.failure_threshold = 0}}}};
       },
       {"circuit_breaker.failure_threshold", "1 or more"}},
      {[](auto& o) {
         o.sinks = {{quiet{}, {.circuit_breaker = {.recovery_timeout = -1ms}}}};
       },
       {"circuit_breaker.recovery_timeout"}},
      {[](auto& o) {
         o.sinks = {{quiet{}, {.spool = {.directory = "x", .max_bytes = 5}}}};
       },
       {"spool.max_bytes", "5"}},
      {[](auto& o) {
         o.sinks = {{quiet{}, {.spool = {.directory = "x", .segment_bytes = 5}}}};
       },
       {"spool.segment_bytes", "4 KB"}},
      {[](auto& o) {
         o.sinks = {{quiet{}, {.thread = fapilog::sink_thread::shared, .spool = {.directory = "x"}}}};
       },
       {"quiet", "spool", "needs its own thread"}},
      {[](auto& o) { o.retry.first_delay = -1ms; }, {"retry.first_delay"}},
      {[](auto& o) { o.retry.longest_delay = -1ms; }, {"retry.longest_delay"}},
      {[](auto& o) {
         o.log_levels = {{"db", static_cast<fapilog::level>(100)}};
       },
       {"log_levels", "100", "0 to 99"}},
      {[](auto& o) {
         o.log_levels = {{"*", fapilog::level::info}};
       },
       {"log_levels", "'*'", "the name of a logger"}},
      {[](auto& o) {
         o.log_levels = {{"db.*.x", fapilog::level::info}};
       },
       {"log_levels", "'db.*.x'"}},
      {[](auto& o) {
         o.log_levels = {{"", fapilog::level::info}};
       },
       {"log_levels", "''"}},
      {[](auto& o) {
         o.level_names = {{fapilog::level::info, "X"}};
       },
       {"level_names", "20", "custom level"}},
      {[](auto& o) {
         o.level_names = {{fapilog::custom_level(25), ""}};
       },
       {"level_names", "25", "not be empty"}},
  };
  for (auto const& [spoil, words] : table) {
    fapilog::options o{.sinks = {}};
    spoil(o);
    try {
      fapilog::runtime const rt{o};
      FAIL("accepted: " << words[0]);
    } catch (std::invalid_argument const& error) {
      for (auto const& word : words) CHECK_THAT(error.what(), ContainsSubstring(word));
    }
  }
}

TEST_CASE("the defaults are valid under every preset") {
  fapilog::validate(fapilog::basic_options<fapilog::presets::dev>{});
  fapilog::validate(fapilog::basic_options<fapilog::presets::production>{});
  fapilog::validate(fapilog::basic_options<fapilog::presets::serverless>{});
  fapilog::validate(fapilog::basic_options<fapilog::presets::hardened>{});
  fapilog::validate(fapilog::basic_options<fapilog::presets::minimal>{});
}

TEST_CASE("the defaults of a program's own preset are validated") {
  CHECK_THROWS_WITH((fapilog::basic_runtime<invalid_preset>{}), ContainsSubstring("core.batch_max_size"));
}

TEST_CASE("checks the declared bounds of each number of the options") {
  using options = fapilog::basic_options<fapilog::presets::minimal>;
  options bounds{.sinks = {}};
  options::describe(bounds, [&]<class T>(fapilog::setting const& s, T& member) {
    if constexpr (fapilog::detail::whole_number<T> || std::is_same_v<T, double>) {
      T const before = member;
      CAPTURE(std::string{s.name});
      for (double const most : {s.min, s.max}) {
        if (!std::isfinite(most)) continue;
        member = static_cast<T>(most);
        CHECK_NOTHROW(fapilog::validate(bounds));
        member = static_cast<T>(most == s.max ? most * 2 : most - 1);
        CHECK_THROWS_AS(fapilog::validate(bounds), std::invalid_argument);
      }
      member = before;
    }
  });
}
