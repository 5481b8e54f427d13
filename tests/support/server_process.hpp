// SPDX-License-Identifier: MIT
// Starts servers for tests, as a user that is not root.
#pragma once

#include "eventually.hpp"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace support {

/// The user who runs servers if the test runs as root, which they refuse; otherwise null.
inline passwd const* server_user() {
  if (::geteuid() != 0) return nullptr;
  passwd const* who = ::getpwnam("postgres");
  return who != nullptr ? who : ::getpwnam("nobody");
}

/// Makes the server's user the owner of a file or folder.
inline void give_to_server_user(std::string const& path) {
  if (auto const* const who = server_user()) {
    if (::chown(path.c_str(), who->pw_uid, who->pw_gid) != 0) throw std::runtime_error{"chown " + path};
  }
}

/// Starts a program as the server's user; it writes to `log_file` and ends with this process.
[[nodiscard]] inline pid_t spawn_server(std::vector<std::string> arguments, std::string const& log_file) {
  auto const* const who = server_user();
  pid_t const child = ::fork();
  if (child != 0) return child;
  int const out = ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  ::dup2(out, 1);
  ::dup2(out, 2);
  for (int other = 3; other < 256; ++other) ::close(other);
  if (who != nullptr &&
      (::setgroups(0, nullptr) != 0 || ::setgid(who->pw_gid) != 0 || ::setuid(who->pw_uid) != 0))
    ::_exit(126);
  ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (::chdir("/") != 0) ::_exit(126);
  std::vector<char*> argv;
  for (std::string& one : arguments) argv.push_back(one.data());
  argv.push_back(nullptr);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

inline int wait_for_process(pid_t child) {
  int status = -1;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return status;
}

}  // namespace support
