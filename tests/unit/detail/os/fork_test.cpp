// SPDX-License-Identifier: MIT
// Forks of a process in which no runtime was made.
#include "support/catch.hpp"
#include "support/child_process.hpp"

#include <fapilog/detail/os/fork.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>

#include <sys/wait.h>
#include <unistd.h>

TEST_CASE("in a program without a runtime", "[.fresh_process]") {
  auto const before = fapilog::detail::watched_fork_generation();
  int const status = support::status_of_child(
      [before] { ::_exit(fapilog::detail::watched_fork_generation() == before ? 1 : 42); });
  CHECK(WEXITSTATUS(status) == 42);
  CHECK(fapilog::detail::watched_fork_generation() == before);
}

TEST_CASE("a fork is noticed in a program that uses a sink without a runtime") {
  // Other tests of this program make runtimes, which count forks, too.
  auto const self = std::filesystem::read_symlink("/proc/self/exe").string();
  int const status = std::system(("'" + self + "' 'in a program without a runtime' >/dev/null").c_str());
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
