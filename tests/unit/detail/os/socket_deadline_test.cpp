// SPDX-License-Identifier: MIT
// Waits on sockets that end at a deadline.
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/files.hpp"

#include <fapilog/detail/os/socket_deadline.hpp>

#include <array>
#include <chrono>
#include <optional>
#include <thread>
#include <vector>

#include <sys/socket.h>
#include <unistd.h>

using fapilog::detail::socket_deadline;
using namespace std::chrono_literals;

namespace {

struct silent_peer {
  silent_peer() { REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) == 0); }
  silent_peer(silent_peer const&) = delete;
  silent_peer& operator=(silent_peer const&) = delete;
  ~silent_peer() {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  [[nodiscard]] ssize_t read() const {
    char byte = 0;
    return ::recv(ends[0], &byte, 1, 0);
  }
  std::array<int, 2> ends{};
};

}  // namespace

TEST_CASE("a wait on a socket ends when its deadline has passed") {
  socket_deadline deadline;
  deadline.start();
  silent_peer const peer;
  auto const watch = deadline.over(peer.ends[0], 20ms);
  CHECK_FALSE(watch.has_passed());
  CHECK(peer.read() == 0);
  CHECK(watch.has_passed());
}

TEST_CASE(
    "a watch that has ended does not shut down its socket, and an earlier deadline is not delayed by a later "
    "one") {
  socket_deadline deadline;
  deadline.start();
  silent_peer const served;
  silent_peer const silent;
  auto const far = deadline.over(served.ends[0], 1h);
  for (int i = 0; i < 1'000; ++i) {
    auto const answered = deadline.over(served.ends[0], 5ms);
    CHECK_FALSE(answered.has_passed());
  }
  // A later deadline: when it has passed, the earlier ones would have passed, too.
  auto const near = deadline.over(silent.ends[0], 30ms);
  CHECK(silent.read() == 0);
  CHECK(near.has_passed());
  CHECK_FALSE(far.has_passed());
  CHECK(::send(served.ends[1], "x", 1, 0) == 1);
  CHECK(served.read() == 1);
}

TEST_CASE("all waits end, and each further one, when they are told to expire, until that is forgotten") {
  socket_deadline deadline;
  deadline.start();
  {
    silent_peer const first;
    silent_peer const second;
    auto const watches_first = deadline.over(first.ends[0], 1h);
    deadline.expire_all();
    CHECK(first.read() == 0);
    CHECK(watches_first.has_passed());
    auto const watches_second = deadline.over(second.ends[0], 1h);
    CHECK(second.read() == 0);
    CHECK(watches_second.has_passed());
  }
  deadline.reset_expiry();
  silent_peer const third;
  auto const watches_third = deadline.over(third.ends[0], 1h);
  CHECK(::send(third.ends[1], "x", 1, 0) == 1);
  CHECK(third.read() == 1);
}

TEST_CASE("several threads can watch their own sockets at once") {
  socket_deadline deadline;
  deadline.start();
  std::vector<std::thread> threads;
  std::array<std::optional<ssize_t>, 4> got;
  for (std::size_t i = 0; i < got.size(); ++i) {
    threads.emplace_back([&, i] {
      silent_peer const peer;
      auto const watch = deadline.over(peer.ends[0], i % 2 == 0 ? std::chrono::milliseconds{10} : 1h);
      if (i % 2 != 0) got[i] = ::send(peer.ends[1], "x", 1, 0);
      got[i] = peer.read();
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(got[0] == 0);
  CHECK(got[1] == 1);
  CHECK(got[2] == 0);
  CHECK(got[3] == 1);
}

#if !defined(__SANITIZE_THREAD__)  // TSan ends a forked child that starts threads
TEST_CASE("a forked child starts a deadline thread of its own") {
  socket_deadline deadline;
  auto const ends_a_read = [&] {
    deadline.start();
    silent_peer const peer;
    auto const watch = deadline.over(peer.ends[0], 10ms);
    return peer.read() == 0 && watch.has_passed();
  };
  // Also waits until the thread has started: ASan deadlocks in a child that is forked while a thread starts.
  REQUIRE(ends_a_read());
  int const status = support::status_of_child([&] {
    ::alarm(60);  // a hang ends the child by a signal
    return ends_a_read() ? 42 : 1;
  });
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 42);
}
#endif
