// SPDX-License-Identifier: MIT
// Tests record/coroutine_scope.hpp and scope_misuse.hpp: fields follow a coroutine, and a scope that cannot is reported.
#include <fapilog/record/coroutine_scope.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <coroutine>
#include <csignal>
#include <cstddef>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#if defined(__unix__) || defined(__APPLE__)
#include <sys/wait.h>
#include <unistd.h>
#endif

#include "support/catch.hpp"
#include "support/logged.hpp"

namespace {

using fapilog::kv;

/// Suspended coroutines, which a test resumes where it wants.
struct parked {
  std::vector<std::coroutine_handle<>> waiting;

  struct awaiter {
    parked& all;
    bool await_ready() const noexcept { return false; }
    void await_suspend(std::coroutine_handle<> coroutine) const { all.waiting.push_back(coroutine); }
    int await_resume() const noexcept { return 7; }
  };
  awaiter operator co_await() noexcept { return {*this}; }

  void resume(std::size_t which) {
    auto const coroutine = waiting.at(which);
    waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(which));
    coroutine.resume();
  }
  void resume_on_a_thread(std::size_t which) {
    std::thread{[&] { resume(which); }}.join();
  }
};

struct plain_task {
  struct promise_type {
    plain_task get_return_object() noexcept { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
};

/// Starts suspended; its promise carries the context.
struct carrying_task {
  struct promise_type : fapilog::context_promise {
    carrying_task get_return_object() noexcept {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    auto initial_suspend() noexcept { return carry(std::suspend_always{}); }
    auto final_suspend() noexcept {
      end_context();
      return std::suspend_never{};
    }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { std::terminate(); }
  };
  std::coroutine_handle<> start;
};

plain_task by_scope(fapilog::logger log, parked& there, int id) {
  fapilog::coroutine_scope request{kv("request_id", id)};
  log.info("begin", kv("id", id));
  int const seven = co_await request(there);
  log.info("middle", kv("id", id), kv("seven", seven));
  co_await request(there);
  log.info("end", kv("id", id));
}

carrying_task by_promise(fapilog::logger log, parked& there, int id) {
  log.info("begin", kv("id", nullptr));
  co_await fapilog::add_context(kv("request_id", id));
  log.info("middle", kv("id", id));
  co_await there;
  log.info("end", kv("id", id));
}

plain_task by_wrong_scope(fapilog::logger log, parked& there, int id) {
  fapilog::scope const wrong{kv("request_id", id)};
  log.info("begin");
  co_await there;
  log.info("end");
}

struct failing_awaiter {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) const { throw std::runtime_error("no executor"); }
  void await_resume() const noexcept {}
};
plain_task with_failure(fapilog::logger log) {
  fapilog::coroutine_scope request{kv("request_id", 5)};
  try {
    co_await request(failing_awaiter{});
  } catch (std::runtime_error const&) {
    log.info("failed", kv("id", 5));
  }
}

/// Each record has the id of its own coroutine, or none if it has no field `id`.
void check_own_ids(support::logged& test, std::size_t count) {
  auto const records = test.records();
  CHECK(records.size() == count);
  for (auto const& record : records) {
    INFO(record.dump());
    auto const& data = record.at("data");
    if (!data.contains("id") || data.at("id").is_null())
      CHECK_FALSE(record.at("context").contains("request_id"));
    else CHECK(record.at("context").at("request_id") == std::to_string(data.at("id").get<int>()));
  }
}

std::atomic<int> handled{0};

}  // namespace

TEST_CASE("a coroutine_scope follows its coroutine, and its fields are on no other record") {
  auto const before = fapilog::misused_scopes();
  support::logged test;
  parked there;
  by_scope(test.log, there, 1);
  by_scope(test.log, there, 2);
  test.log.info("in between");
  there.resume(0);
  test.log.info("in between");
  there.resume_on_a_thread(0);
  there.resume_on_a_thread(1);
  there.resume(0);
  test.log.info("after");
  check_own_ids(test, 9);
  CHECK(fapilog::misused_scopes() == before);
}

TEST_CASE("a context_promise carries the caller's context and what is added") {
  auto const before = fapilog::misused_scopes();
  support::logged test;
  parked there;
  std::coroutine_handle<> first;
  std::coroutine_handle<> second;
  {
    fapilog::scope const caller{kv("tenant_id", "acme")};
    first = by_promise(test.log, there, 1).start;
    second = by_promise(test.log, there, 2).start;
  }
  first.resume();
  test.log.info("in between");
  std::thread{[&] { second.resume(); }}.join();
  there.resume_on_a_thread(0);
  there.resume(0);
  test.log.info("after");
  check_own_ids(test, 8);
  std::size_t tenants = 0;
  for (auto const& record : test.records()) tenants += record.at("context").contains("tenant_id") ? 1 : 0;
  CHECK(tenants == 6);
  CHECK(fapilog::misused_scopes() == before);
}

TEST_CASE("an awaitable that cannot suspend leaves the context in force") {
  support::logged test;
  with_failure(test.log);
  check_own_ids(test, 1);
}

TEST_CASE("a scope that lives across a co_await to another thread is reported once, with both places") {
  support::logged test;
  parked there;
  auto const before = fapilog::misused_scopes();
  fapilog::on_misused_scope([](fapilog::scope_misuse const&) { ++handled; });
  by_wrong_scope(test.log, there, 1);
  there.resume_on_a_thread(0);
  by_wrong_scope(test.log, there, 2);
  there.resume_on_a_thread(0);
  fapilog::on_misused_scope(nullptr);
  CHECK(fapilog::misused_scopes() == before + 2);
  CHECK(handled == 2);
  test.log.info("wakes the worker");
  auto const text = test.diagnostics_text();
  if (before == 0) {  // once in the process
    CHECK(text.find("ended on another thread") != std::string::npos);
    auto const begun = text.find("begun at ");
    REQUIRE(begun != std::string::npos);
    CHECK(text.find("+0x", begun) != std::string::npos);
    CHECK(text.find("+0x", text.find("ended at ")) != std::string::npos);
    CHECK(text.find("begun at ", begun + 1) == std::string::npos);
  }
}

TEST_CASE("scopes of coroutines that end in another order than they began are noted") {
  support::logged test;
  parked there;
  auto const before = fapilog::misused_scopes();
  fapilog::on_misused_scope([](fapilog::scope_misuse const&) {});
  by_wrong_scope(test.log, there, 1);
  by_wrong_scope(test.log, there, 2);
  there.resume(0);
  there.resume(0);
  fapilog::on_misused_scope(nullptr);
  CHECK(fapilog::misused_scopes() == before + 1);
}

TEST_CASE("scopes in blocks, contexts and their ends on one thread are no misuse") {
  auto const before = fapilog::misused_scopes();
  {
    fapilog::scope const outer{kv("a", 1)};
    auto const captured = fapilog::context::capture();
    fapilog::scope const inner{kv("b", 2)};
    auto const attached = captured.attach();
    std::thread{[&] {
      auto const there = captured.attach();
      fapilog::scope const more{kv("c", 3)};
    }}.join();
  }
  CHECK(fapilog::misused_scopes() == before);
}

#if defined(__unix__) || defined(__APPLE__)
TEST_CASE("without a handler, a scope that lives across a co_await is an assertion of a debug build") {
  (void)support::logged{};  // the first runtime of a process lets the assertion print places
  int ends[2];
  REQUIRE(::pipe(ends) == 0);
  ::pid_t const child = ::fork();
  if (child == 0) {
    (void)::dup2(ends[1], STDERR_FILENO);
    (void)std::signal(SIGABRT, SIG_DFL);
    parked there;
    by_wrong_scope({}, there, 1);
    by_wrong_scope({}, there, 2);
    there.resume(0);
    ::_exit(0);
  }
  (void)::close(ends[1]);
  std::string printed;
  char part[512];
  for (::ssize_t got = 0; (got = ::read(ends[0], part, sizeof part)) > 0;)
    printed.append(part, static_cast<std::size_t>(got));
  (void)::close(ends[0]);
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
#ifdef NDEBUG
  CHECK(WIFEXITED(status));
#else
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGABRT);
  CHECK(printed.find("a scope ended before a younger one") != std::string::npos);
  CHECK(printed.find("begun at ") != std::string::npos);
  CHECK(printed.find("on_misused_scope") != std::string::npos);
#endif
}
#endif
