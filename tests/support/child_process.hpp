// SPDX-License-Identifier: MIT
// Runs a part of a test in a child process.
#pragma once

#include "support/catch.hpp"

#include <cerrno>
#include <cstdio>
#include <iostream>
#include <type_traits>

#include <sys/wait.h>
#include <unistd.h>

namespace support {

/// Starts a child process that runs `body` and ends with the status that it returns. One that returns nothing should not return;
/// then the status is 99, as for one that throws instead of returning a status. An alarm kills a child that hangs. Must be called
/// on the only thread of the process if the child needs locks that others may hold.
template <class Body>
pid_t start_child(Body&& body) {
  std::cout.flush();  // the child must not write what Catch has buffered
  std::fflush(nullptr);
  pid_t const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(120);
    int status = 99;
    if constexpr (std::is_void_v<std::invoke_result_t<Body&>>) {
      body();
    } else {
      try {
        status = body();
      } catch (...) {  // the status says it
      }
    }
    ::_exit(status);
  }
  return child;
}

/// Waits for the end of a child and returns its wait status.
inline int wait_for_child(pid_t child) {
  int status = 0;
  pid_t ended = -1;
  while ((ended = ::waitpid(child, &status, 0)) < 0 && errno == EINTR) {
  }
  REQUIRE(ended == child);
  return status;
}

/// The wait status of a child process that runs `body`.
template <class Body>
[[nodiscard]] int status_of_child(Body&& body) {
  return wait_for_child(start_child(body));
}

}  // namespace support
