// SPDX-License-Identifier: MIT
// A process without standard input, output and error: descriptors of the library stay above 2.
#include "support/catch.hpp"

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/standard_descriptors.hpp>
#include <fapilog/detail/os/wake_pipe.hpp>
#include <fapilog/fapilog.hpp>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/temporary_directory.hpp"

namespace {

/// Closes the standard descriptors in a forked child and returns the number of the first check that fails there, or 0.
template <class Checks>
int first_failure_without_standard_descriptors(Checks&& checks) {
  ::pid_t const child = ::fork();
  if (child == 0) {
    for (int descriptor = 0; descriptor <= 2; ++descriptor) ::close(descriptor);
    ::_exit(checks());
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

bool is_refused_as_closed(::ssize_t result) { return result == -1 && errno == EBADF; }

}  // namespace

TEST_CASE("files and pipes of a process without standard descriptors are opened above 2") {
  support::temporary_directory directory;
  std::string const path = directory / "log";
  CHECK(first_failure_without_standard_descriptors([&path] {
          auto const opened = fapilog::detail::open_file(path, fapilog::detail::open_for::append);
          if (opened.handle.descriptor() <= 2) return 1;
          if (::fcntl(opened.handle.descriptor(), F_GETFD) != FD_CLOEXEC) return 2;
          fapilog::detail::wake_pipe const pipe;
          if (::open("/dev/null", O_RDONLY) <= 2) return 3;
          char byte = 'x';
          if (!is_refused_as_closed(::write(1, &byte, 1))) return 4;
          if (!is_refused_as_closed(::write(2, &byte, 1))) return 5;
          if (!is_refused_as_closed(::read(0, &byte, 1))) return 6;
          if (opened.handle.status().size != 0) return 7;
          pipe.wake();
          pipe.wait(-1);
          return 0;
        }) == 0);
}

TEST_CASE("a reserved standard descriptor can be replaced, and is closed in programs that are started") {
  CHECK(first_failure_without_standard_descriptors([] {
          fapilog::detail::reserve_standard_descriptors();
          for (int descriptor = 0; descriptor <= 2; ++descriptor) {
            if (::fcntl(descriptor, F_GETFD) != FD_CLOEXEC) return 1;
          }
          if (::close(0) != 0 || ::open("/dev/null", O_RDONLY) != 0) return 2;
          if (::dup2(0, 2) != 2) return 3;
          fapilog::detail::reserve_standard_descriptors();
          return ::fcntl(0, F_GETFD) == 0 && ::fcntl(2, F_GETFD) == 0 ? 0 : 4;
        }) == 0);
}

TEST_CASE("a descriptor is moved above 2, and an open standard descriptor is left alone") {
  CHECK(first_failure_without_standard_descriptors([] {
          int const low = ::open("/dev/null", O_RDONLY);
          int const moved = fapilog::detail::move_above_standard(low);
          if (low != 0 || moved <= 2) return 1;
          if (::fcntl(low, F_GETFD) != -1) return 2;
          if (fapilog::detail::move_above_standard(moved) != moved) return 3;
          errno = ENOENT;
          if (fapilog::detail::move_above_standard(-1) != -1 || errno != ENOENT) return 4;
          if (::dup2(moved, 1) != 1) return 5;
          fapilog::detail::reserve_standard_descriptors();
          if (errno != ENOENT || ::fcntl(1, F_GETFD) != 0) return 6;
          return 0;
        }) == 0);
}

TEST_CASE("an application without standard output opens no file in its place once a runtime has started") {
  support::temporary_directory directory;
  std::string const path = directory / "data";
  CHECK(first_failure_without_standard_descriptors([&path] {
          fapilog::runtime rt{{.sinks = {fapilog::sinks::stdout_json{}}}};
          int const data = ::open(path.c_str(), O_WRONLY | O_CREAT, 0600);
          if (data <= 2) return 1;
          rt.get_logger().info("for standard output");
          (void)rt.drain(std::chrono::seconds{60});
          return ::lseek(data, 0, SEEK_END) == 0 ? 0 : 2;
        }) == 0);
}
