// SPDX-License-Identifier: MIT
// `using namespace` of both fapilog and std: common names are not ambiguous.
#include <fapilog/fapilog.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <exception>
#include <filesystem>
#include <functional>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <variant>
#include <vector>

#include "support/catch.hpp"
#include "support/logged.hpp"

TEST_CASE("using namespace fapilog and std together leaves common names unambiguous") {
  using namespace fapilog;
  using namespace std;
  support::logged test;
  logger const& log = test.log;

  string const text = "a";
  string_view const view = text;
  vector<int> numbers{3, 1, 2};
  sort(numbers.begin(), numbers.end());
  array<int, 2> const pair_of_numbers{1, 2};
  map<string, int> const ordered{{text, 1}};
  unordered_map<string, int> const unordered{{text, 1}};
  set<int> const unique{1};
  optional<int> const maybe = 1;
  variant<int, string> const either = 1;
  tuple<int, string> const both{1, text};
  pair<int, int> const two{1, 2};
  span<int const> const part{numbers};
  function<int()> const call = [] { return 1; };
  shared_ptr<int> const shared = make_shared<int>(1);
  unique_ptr<int> const own = make_unique<int>(1);
  atomic<int> counted{0};
  mutex lock;
  lock_guard const held{lock};
  thread{[&] { counted = 1; }}.join();
  filesystem::path const file = "a.log";
  chrono::milliseconds const took{3};
  ostringstream out;
  out << view << endl;

  level const severity = level::info;
  context const carried = context::capture();
  scope const fields{kv("tenant_id", text)};
  log.log(severity, "used {} {}", numbers.size(), view, kv("maybe", maybe), kv("file", file),
          kv("took", took), kv("values", numbers), lazy("called", [&] { return call(); }),
          sensitive("secret", text));
  try {
    throw runtime_error{"declined"};
  } catch (exception const& e) {
    log.error("failed", caught(e));
  }
  options const chosen;
  CHECK(test.records().size() == 2);
  CHECK(pair_of_numbers[0] + ordered.at(text) + unordered.at(text) + *unique.begin() + std::get<0>(either) +
            get<0>(both) + two.first + *shared + *own + counted.load() + part[0] ==
        11);
  CHECK(!chosen.sinks.empty());
}
