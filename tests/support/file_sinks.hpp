// SPDX-License-Identifier: MIT
// What tests of file sinks set up: a clock, a collector of reports, and a user to whom permissions apply.
#pragma once

#include "support/batches.hpp"
#include "support/child_process.hpp"
#include "support/files.hpp"

#include <fapilog/sinks/sink.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace support {

/// A wall clock that moves only when the test moves it; copies share it.
struct shared_clock {
  static constexpr std::int64_t first = 1'769'509'800 * one_second;  ///< 2026-01-27T10:30:00Z

  [[nodiscard]] std::function<std::int64_t()> function() const {
    return [ns = ns] { return *ns; };
  }
  void advance(std::int64_t seconds) const { *ns += seconds * one_second; }

  std::shared_ptr<std::int64_t> ns = std::make_shared<std::int64_t>(first);
};

/// Collects the problems that a sink reports.
struct collected_reports {
  [[nodiscard]] fapilog::start_context context() const {
    return fapilog::start_context{[all = all](std::string_view message, std::string_view detail) {
      all->push_back(std::string{message} + ": " + std::string{detail});
    }};
  }

  std::shared_ptr<std::vector<std::string>> all = std::make_shared<std::vector<std::string>>();
};

/// Runs `action` in a child process as a user to whom permissions apply. Returns the child's exit code.
template <class F>
[[nodiscard]] int code_as_nobody(F&& action) {
  int const status = status_of_child([&] {
    if (::geteuid() == 0 && ::setresuid(65534, 65534, 65534) != 0) return 90;
    return action();
  });
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace support
