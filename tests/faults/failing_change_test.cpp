// SPDX-License-Identifier: MIT
// Tests that a change of a running pipeline takes effect completely or not at all, whichever allocation fails meanwhile.
#include "faults/failing_calls.hpp"
#include "support/scale.hpp"

#include <fapilog/fapilog.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <new>
#include <string>
#include <utility>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__GLIBC__)

namespace {

using namespace std::chrono_literals;

struct counting_sink {
  static constexpr bool may_block = false;
  void write(fapilog::batch const& entries) { records += entries.size(); }
  std::size_t records = 0;
};

/// Requests a change of filters, levels and routes, and returns what is wrong afterwards, or null.
char const* change_everything(faults::state& injected) {
  fapilog::options chosen{.sinks = {}};
  chosen.sinks.push_back({counting_sink{}, {.name = "first"}});
  chosen.diagnostics_output = [](std::string_view) {};
  fapilog::runtime rt{std::move(chosen)};
  auto const log = rt.get_logger("a_logger_with_a_long_name");
  log.info("before");
  if (!rt.flush(30s)) return "not flushed";
  bool is_applied = false;
  injected.is_active = true;
  try {
    fapilog::runtime_changes next;
    next.filters.emplace().emplace_back([](fapilog::event const& e) { return e.message != "filtered"; });
    next.log_levels.emplace().emplace_back("a_logger_with_a_long_name", fapilog::level::debug);
    next.routes.emplace().push_back({.logger = "a_logger_with_a_long_name"});
    is_applied = rt.change(std::move(next), 30s);
    if (!is_applied) return "the change was neither applied nor refused";
  } catch (std::bad_alloc const&) {
  }
  injected.is_active = false;
  bool const has_levels = log.is_enabled(fapilog::level::debug);
  log.info("filtered");
  rt.get_logger("other").info("not routed");
  auto const end = rt.drain(30s);
  if (!end.complete || !end.balanced()) return "not balanced";
  std::uint64_t const filtered = has_levels ? 2 : 0;  // one by the filter, the other by the route
  if (has_levels != is_applied) return "the caller was not told what happened";
  if (end.filtered != filtered) return "only some of filters, routes and levels were changed";
  return nullptr;
}

int run_in_child(faults::state& injected, std::size_t nth) {
  injected.now = {0, ENOMEM, nth, 1};
  injected.calls[0] = 0;
  ::pid_t const child = ::fork();
  if (child == 0) {
    ::alarm(60);
    faults::use(injected);
    char const* const problem = change_everything(injected);
    if (problem != nullptr) std::fprintf(stderr, "allocation %zu: %s\n", nth, problem);
    ::_exit(problem == nullptr ? 0 : 1);
  }
  int status = -1;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFSIGNALED(status)) std::fprintf(stderr, "allocation %zu: signal %d\n", nth, WTERMSIG(status));
  return status == 0 ? 0 : 1;
}

}  // namespace

int main() {
  if (support::sanitized) return 77;  // the sanitizers replace these functions, too
  void* const memory =
      ::mmap(nullptr, sizeof(faults::state), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 77;
  auto& injected = *::new (memory) faults::state;
  int failures = 0;
  std::size_t runs = 0;
  do {
    failures += run_in_child(injected, runs);
  } while (injected.calls[0] > runs++);
  std::printf("%zu runs, %d failures\n", runs, failures);
  return failures == 0 && runs > 10 ? 0 : 1;
}

#else

int main() { return 77; }

#endif
