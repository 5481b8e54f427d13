// SPDX-License-Identifier: MIT
// Functions of the user that use the runtime which calls them: no lock is held meanwhile.
#include "support/capture.hpp"
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <unistd.h>

using fapilog::kv;
using namespace std::chrono_literals;

namespace {

/// Does everything that a program may do with its runtime.
struct runtime_user {
  std::atomic<fapilog::runtime*> rt{nullptr};
  std::atomic<int> calls{0};
  void use() {
    fapilog::runtime* const used = rt;
    if (used == nullptr || calls >= 200) return;
    ++calls;
    (void)used->metrics();
    (void)used->counts();
    (void)used->health();
    (void)used->sink_counts();
    (void)used->stage_names();
    used->set_level("callbacks", fapilog::level::debug);
    (void)used->flush(1ms);
    used->diagnostics().warn("callback", "from within a callback");
    (void)used->change({.log_level = fapilog::level::info}, 1ms);
    used->get_logger("callbacks").info("from within a callback");
  }
};

struct using_stage {
  std::shared_ptr<runtime_user> user;
  bool keep(fapilog::event const& e) const {
    if (e.message == "call") user->use();
    return true;
  }
  [[nodiscard]] std::string name() const { return "using"; }
  void collect(fapilog::metric_list&) const {
    if (fapilog::runtime* const rt = user->rt) {
      (void)rt->counts();
      (void)rt->stage_names();
      (void)rt->change({.log_level = fapilog::level::info}, 1ms);
    }
  }
};

struct using_sink {
  std::shared_ptr<runtime_user> user;
  int calls = 0;
  fapilog::write_result write(fapilog::batch const&) {
    user->use();
    if (++calls == 1) throw std::runtime_error{"reported"};
    return {};
  }
  void flush() const { user->use(); }
  [[nodiscard]] fapilog::sink_health health() const {
    user->use();
    return {};
  }
};

}  // namespace

TEST_CASE("diagnostics_output may use the runtime that calls it") {
  auto const user = std::make_shared<runtime_user>();
  std::atomic<int> lines{0};
  {
    fapilog::runtime rt{{.filters = {fapilog::any_filter{[](fapilog::event const& e) -> bool {
                           if (e.message == "throws") throw std::runtime_error{"a reason"};
                           return true;
                         }}},
                         .sinks = {std::make_shared<support::capture>()},
                         .diagnostics_output = [&](std::string_view) {
                           ++lines;
                           user->use();
                         }}};
    user->rt = &rt;
    auto const log = rt.get_logger();
    for (int i = 0; i < 3; ++i) log.info("throws");
    auto const now = rt.flush(30s);
    CHECK(now.complete);
    rt.diagnostics().warn("test", "from this thread");
    auto const end = rt.drain(30s);
    CHECK(end.complete);
    CHECK(end.balanced());
    user->rt = nullptr;
  }
  CHECK(lines > 3);
  CHECK(user->calls > 3);
}

TEST_CASE("stages, routes and sinks may use the runtime that calls them") {
  auto const user = std::make_shared<runtime_user>();
  auto const thread = GENERATE(fapilog::sink_thread::shared, fapilog::sink_thread::own);
  fapilog::delivery_options delivery{.thread = thread};
  delivery.retry.attempts = 2;
  delivery.route.predicate = [user](fapilog::event const& e) {
    if (e.message == "call") user->use();
    return true;
  };
  fapilog::runtime rt{{.filters = {fapilog::any_filter{using_stage{user}}},
                       .sinks = {{using_sink{user}, std::move(delivery)}},
                       .diagnostics_output = [](std::string_view) {}}};
  user->rt = &rt;
  auto const log = rt.get_logger();
  for (int i = 0; i < 3; ++i) log.info("call");
  CHECK(rt.flush(30s).complete);
  (void)rt.metrics();
  fapilog::runtime_changes next;
  next.filters.emplace();
  next.filters->emplace_back(using_stage{user});
  CHECK(rt.change(std::move(next), 30s));
  for (int i = 0; i < 3; ++i) log.info("call");
  (void)rt.metrics();
  auto const end = rt.drain(30s);
  user->rt = nullptr;
  CHECK(end.complete);
  CHECK(end.balanced());
  CHECK(user->calls > 6);
}
