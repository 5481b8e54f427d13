// SPDX-License-Identifier: MIT
// Numbers outside of their bounds are refused with stage, name, value and rule.
#include "support/catch.hpp"
#include "support/settings.hpp"

#include <fapilog/detail/settings/setting_check.hpp>

#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

using fapilog::check_settings;
using fapilog::setting;

namespace {

struct numbers {
  double share = 0.5;
  double positive = 1;
  double bounded = 1;
  std::uint64_t count = 1;
  int low = 0;
  double any = 0;
  std::string text = {};
  bool flag = false;
  std::chrono::seconds pause{1};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "share", .text = "A.", .min = 0, .max = 1}, self.share);
    visit(setting{.name = "positive", .text = "A.", .min = 0, .above_min = true}, self.positive);
    visit(setting{.name = "bounded", .text = "A.", .min = 0, .max = 1e6, .above_min = true}, self.bounded);
    visit(setting{.name = "count", .text = "A.", .min = 1}, self.count);
    visit(setting{.name = "low", .text = "A.", .max = 9}, self.low);
    visit(setting{.name = "any", .text = "A."}, self.any);
    visit(setting{.name = "text", .text = "A."}, self.text);
    visit(setting{.name = "flag", .text = "A.", .min = 1}, self.flag);
    visit(setting{.name = "pause", .text = "A."}, self.pause);
  }
};

std::string refused(numbers const& n) {
  return support::refusal_of([&] {
    check_settings("stage", n);
    return 0;
  });
}

}  // namespace

TEST_CASE("settings within their bounds are accepted, including the bounds") {
  CHECK(refused({}).empty());
  CHECK(refused({.share = 0, .bounded = 1e6, .low = 9}).empty());
  CHECK(refused({.share = 1, .positive = 1e300}).empty());
}

TEST_CASE("a setting out of its bounds is refused with name, value and rule") {
  CHECK(refused({.share = -0.5}) == "fapilog: stage.share: -0.5 is out of range (0 to 1)");
  CHECK(refused({.share = 1.5}) == "fapilog: stage.share: 1.5 is out of range (0 to 1)");
  CHECK(refused({.positive = 0}) == "fapilog: stage.positive: 0 is out of range (above 0)");
  CHECK(refused({.bounded = 2e6}) ==
        "fapilog: stage.bounded: 2000000 is out of range (above 0, at most 1000000)");
  CHECK(refused({.count = 0}) == "fapilog: stage.count: 0 is out of range (1 or more)");
  CHECK(refused({.low = 10}) == "fapilog: stage.low: 10 is out of range (at most 9)");
}

TEST_CASE("NaN and infinity are within no bounds") {
  CHECK(refused({.share = std::nan("")}) ==
        "fapilog: stage.share: nan is invalid; expected a number (0 to 1)");
  CHECK(refused({.any = std::nan("")}) == "fapilog: stage.any: nan is invalid; expected a number");
  CHECK(refused({.share = std::numeric_limits<double>::infinity()}) ==
        "fapilog: stage.share: inf is out of range (0 to 1)");
  CHECK(refused({.any = std::numeric_limits<double>::infinity()}) ==
        "fapilog: stage.any: inf is invalid; expected a number");
}

TEST_CASE("a duration of more than 100 years is refused, because no point in time can be that far away") {
  using std::chrono::hours;
  CHECK(refused({.pause = hours{24 * 36'525}}).empty());
  for (std::chrono::seconds const pause :
       {std::chrono::seconds{hours{24 * 365 * 150}}, std::chrono::seconds{hours{24 * 365 * 300}},
        std::chrono::seconds::max()})
    CHECK(refused({.pause = pause}) ==
          "fapilog: stage.pause: more than 100 years is out of range (at most 100 years)");
  CHECK(refused({.pause = std::chrono::seconds::min()}) ==
        "fapilog: stage.pause: less than -100 years is out of range (0s or more)");
}
