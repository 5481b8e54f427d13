// SPDX-License-Identifier: MIT
// Runs a part of a test in a child process.
#pragma once

#include "support/catch.hpp"

#include <cstdio>
#include <iostream>

#include <sys/wait.h>
#include <unistd.h>

namespace support {

/// Starts a child process that runs `body`, which should not return. An alarm kills a child that hangs.
template <class Body>
pid_t start_child(Body const& body) {
  std::cout.flush();  // the child must not write what Catch has buffered
  std::fflush(nullptr);
  pid_t const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    ::alarm(120);
    body();
    ::_exit(99);
  }
  return child;
}

/// Waits for the end of a child and returns its wait status.
inline int wait_for_child(pid_t child) {
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  return status;
}

template <class Body>
int status_of_child(Body const& body) {
  return wait_for_child(start_child(body));
}

}  // namespace support
