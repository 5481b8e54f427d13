// SPDX-License-Identifier: MIT
// Jobs on a background thread.
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/files.hpp"

#include <fapilog/detail/os/background_task.hpp>

#include <atomic>
#include <csignal>
#include <future>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

using fapilog::detail::background_task;

#if defined(__SANITIZE_THREAD__)
#define FAPILOG_TEST_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FAPILOG_TEST_TSAN 1
#endif
#endif

TEST_CASE("jobs run in order on one other thread, all of them before finish returns") {
  std::vector<int> order;  // only the jobs use it until all of them are done
  std::vector<std::thread::id> threads;
  {
    background_task tasks{"jobs"};
    for (int i = 0; i < 1'000; ++i) {
      CHECK(tasks.post([&, i] {
        order.push_back(i);
        threads.push_back(std::this_thread::get_id());
      }));
    }
  }
  REQUIRE(order.size() == 1'000);
  for (int i = 0; i < 1'000; ++i) CHECK(order[static_cast<std::size_t>(i)] == i);
  CHECK(threads.front() == threads.back());
  CHECK(threads.front() != std::this_thread::get_id());
}

TEST_CASE("without a job there is no thread") {
  auto const threads = [] { return support::names_in("/proc/self/task").size(); };
  std::thread{[] {}}.join();  // with the first thread, a sanitizer starts its own
  std::size_t const before = threads();
  background_task tasks{"jobs"};
  CHECK(threads() == before);
  std::promise<void> go_on;
  tasks.post([waiting = go_on.get_future().share()] { waiting.wait(); });
  CHECK(threads() == before + 1);
  go_on.set_value();
  tasks.finish();
  CHECK(threads() == before);
}

TEST_CASE("wait returns once every job is done, and the thread takes more jobs") {
  background_task tasks{"jobs"};
  tasks.wait();  // nothing to wait for
  std::vector<int> done;
  std::vector<std::thread::id> threads;
  for (int round = 0; round < 200; ++round) {
    for (int i = 0; i < 3; ++i) {
      tasks.post([&] {
        done.push_back(round);
        threads.push_back(std::this_thread::get_id());
      });
    }
    tasks.wait();
    REQUIRE(done.size() == static_cast<std::size_t>(3 * (round + 1)));
  }
  CHECK(threads.front() == threads.back());
}

TEST_CASE("an exception of a job is reported, and the next job runs") {
  std::vector<std::string> reported;
  int runs = 0;
  background_task tasks{"jobs", [&](std::string_view text) { reported.emplace_back(text); }};
  tasks.post([] { throw std::runtime_error("disk on fire"); });
  tasks.post([] { throw 42; });
  tasks.post([&] { ++runs; });
  tasks.finish();
  CHECK(runs == 1);
  REQUIRE(reported.size() == 2);
  CHECK(reported[0] == "disk on fire");
  CHECK(reported[1].find("std::exception") != std::string::npos);

  background_task throwing{"jobs", [](std::string_view) { throw std::runtime_error("the reporter, too"); }};
  throwing.post([] { throw std::runtime_error("x"); });
  throwing.post([&] { ++runs; });
  throwing.finish();
  CHECK(runs == 2);
}

TEST_CASE("jobs can be posted after finish, and after a move") {
  std::atomic<int> runs{0};
  background_task first{"jobs"};
  first.post([&] { ++runs; });
  background_task second{std::move(first)};
  second.post([&] { ++runs; });
  second.finish();
  second.finish();
  CHECK(runs == 2);
  second.post([&] { ++runs; });
  second.finish();
  CHECK(runs == 3);
}

TEST_CASE("a job releases its resources once it is done, not at finish") {
  background_task tasks{"jobs"};
  auto held = std::make_shared<int>(1);
  std::weak_ptr<int> const seen = held;
  tasks.post([held = std::move(held)] {});
  std::promise<bool> gone;
  tasks.post([&] { gone.set_value(seen.expired()); });
  CHECK(gone.get_future().get());
}

TEST_CASE("signal handlers never run on the thread of the jobs") {
  background_task tasks{"jobs"};
  std::promise<bool> blocked;
  tasks.post([&] {
    ::sigset_t mask;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    blocked.set_value(::sigismember(&mask, SIGTERM) == 1 && ::sigismember(&mask, SIGSEGV) == 0);
  });
  CHECK(blocked.get_future().get());
  ::sigset_t mask;
  ::pthread_sigmask(SIG_SETMASK, nullptr, &mask);
  CHECK(::sigismember(&mask, SIGTERM) == 0);
}

#if !defined(FAPILOG_TEST_TSAN)  // TSan ends a forked child that starts threads
TEST_CASE("a forked child neither waits for the parent's thread nor loses its own jobs") {
  std::promise<void> go_on;
  std::promise<void> runs;
  background_task tasks{"jobs"};
  tasks.post([&runs, waiting = go_on.get_future().share()] {
    runs.set_value();
    waiting.wait();
  });
  runs.get_future().wait();  // the thread is in the middle of a job

  int const status = support::status_of_child([&] {
    ::alarm(60);  // a hang ends the child by a signal
    int own = 0;
    tasks.post([&own] { own = 42; });
    tasks.finish();
    return own;
  });
  go_on.set_value();
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 42);
}
#endif
