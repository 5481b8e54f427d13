// SPDX-License-Identifier: MIT
// Tests queue/lane_channel.hpp: the scopes of a call from a module that has its own `this_thread_scope`.
#include <fapilog/logger.hpp>
#include <fapilog/queue/lane_channel.hpp>
#include <fapilog/worker/lane_reader.hpp>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "support/catch.hpp"

namespace {

using fapilog::kv;

/// A channel whose records are read when a test asks for them, with a logger in this module and one in another.
class two_modules {
 public:
  two_modules() = default;
  two_modules(two_modules const&) = delete;
  two_modules& operator=(two_modules const&) = delete;
  ~two_modules() {
    core_->drop_reference();
    log = {};
    channel_->retired().end_of_worker();
    channel_->drop_reference();
  }

  /// Logs from the other module as its `log_call` does. Returns true if the call took the fast path.
  bool log_from_other() noexcept {
    constexpr std::size_t size = fapilog::detail::record_format::near_start_bytes;
    fapilog::detail::statement const what{fapilog::level::info, 0};
    static constexpr char text[] = "other";
    fapilog::detail::marked_call_site const where{fapilog::detail::call_site::current(), 0};
    auto const begun = channel_->begin_record(*core_, {what, size}, text, where, other);
    if (begun.cells != nullptr) {
      channel_->commit_record(*begun.lane);
      return true;
    }
    fapilog::field items[1];
    channel_->submit({*core_, what, text, {}, items, 0, other});
    return false;
  }

  /// The cells of the scope of each record that was not read yet, as characters.
  std::vector<std::string> scopes() {
    std::vector<std::string> read;
    reader_.pass(
        [&](fapilog::detail::lane&, std::byte const*, fapilog::detail::shared_bytes const& scope,
            std::byte*) { read.emplace_back(reinterpret_cast<char const*>(scope.data()), scope.size()); },
        [] { return false; });
    return read;
  }

 private:
  fapilog::detail::lane_channel* channel_ =
      fapilog::detail::lane_channel::make({.lane_bytes = 1 << 20, .max_record_bytes = 1 << 20});
  fapilog::detail::lane_reader reader_{channel_->lanes()};
  fapilog::detail::logger_core* core_ = new_core();

  fapilog::detail::logger_core* new_core() {
    return new fapilog::detail::logger_core{*channel_, channel_->levels().acquire("test"), {}};
  }

 public:
  fapilog::detail::thread_scope other;  ///< `this_thread_scope` of the other module
  fapilog::logger log{new_core()};
};

/// A scope of another module.
class other_scope {
 public:
  other_scope(fapilog::detail::thread_scope& in, fapilog::field const& f)
      : in_(in), link_(in.make(fapilog::detail::freeze(&f, 1, {}, fapilog::detail::max_bound_bytes), {})) {}
  other_scope(other_scope const&) = delete;
  other_scope& operator=(other_scope const&) = delete;
  ~other_scope() {
    in_.unlink(link_);
    if (link_->release_reference()) in_.reuse(link_);
  }

 private:
  fapilog::detail::thread_scope& in_;
  fapilog::detail::scope_link* link_;
};

bool has(std::string const& scope, std::string_view part) { return scope.find(part) != std::string::npos; }

}  // namespace

TEST_CASE(
    "a call from a module with separate scopes has them before this module's, each later call its own") {
  two_modules test;
  {
    fapilog::scope const ours{kv("tenant_id", "of this module")};
    test.log.info("before");
    {
      other_scope const theirs{test.other, kv("plugin_id", "of the other module")};
      CHECK_FALSE(test.log_from_other());
      CHECK_FALSE(test.log_from_other());
      test.log.info("in the other module's scope");
      CHECK_FALSE(test.log_from_other());
    }
    CHECK_FALSE(test.log_from_other());
    test.log.info("after");
  }
  // All scopes have ended before the first record is read.
  auto const scopes = test.scopes();
  REQUIRE(scopes.size() == 7);
  for (std::size_t i = 0; i < 7; ++i) {
    CAPTURE(i);
    CHECK(has(scopes[i], "of this module"));
    CHECK(has(scopes[i], "of the other module") == (i == 1 || i == 2 || i == 4));
  }
  CHECK(scopes[1].find("of the other module") < scopes[1].find("of this module"));
  CHECK(scopes[5] == scopes[0]);
  CHECK(scopes[6] == scopes[0]);
}

TEST_CASE("a call from a module with separate scopes has them also if this module has none") {
  two_modules test;
  {
    other_scope const theirs{test.other, kv("plugin_id", "of the other module")};
    CHECK_FALSE(test.log_from_other());
    test.log.info("in the other module's scope");
  }
  CHECK(test.log_from_other());
  auto const scopes = test.scopes();
  REQUIRE(scopes.size() == 3);
  CHECK(has(scopes[0], "of the other module"));
  CHECK(scopes[1].empty());
  CHECK(scopes[2].empty());
}

TEST_CASE("a call from a module with separate scopes takes the fast path while it has none in force") {
  two_modules test;
  fapilog::scope const ours{kv("tenant_id", "of this module")};
  test.log.info("the scope is new");
  CHECK(test.log_from_other());
  {
    other_scope const theirs{test.other, kv("plugin_id", "of the other module")};
    CHECK_FALSE(test.log_from_other());
  }
  test.log.info("the scope must be sent again");
  CHECK(test.log_from_other());
  auto const scopes = test.scopes();
  REQUIRE(scopes.size() == 5);
  CHECK(has(scopes[1], "of this module"));
  CHECK(scopes[4] == scopes[1]);
}
