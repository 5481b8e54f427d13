// SPDX-License-Identifier: MIT
// Tests that every allocation of a run may fail: nothing crashes or hangs, and every account balances. Each run is a child
// process in which the nth allocation fails, for each of the first 100 and every 17th n after that, or for every n.
// usage: failing_allocation_test [every | FIRST LAST]
#include "faults/failing_calls.hpp"
#include "support/scale.hpp"

#include <fapilog/fapilog.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__GLIBC__)

namespace {

using fapilog::kv;
using namespace std::chrono_literals;

struct working_sink {
  void write(fapilog::batch const& entries) { bytes += entries.text().size(); }
  std::size_t bytes = 0;
};
/// Fails, throws and rejects in turn.
struct failing_sink {
  fapilog::write_result write(fapilog::batch const& entries) {
    switch (++calls % 4) {
      case 0: return fapilog::write_result::retry("it fails now and then, for a reason that needs memory");
      case 1: throw std::runtime_error{"it throws now and then, for a reason that needs memory"};
      case 2:
        return fapilog::write_result::rejected({0},
                                               "it rejects now and then, for a reason that needs memory");
      default: break;
    }
    bytes += entries.text().size();
    return {};
  }
  std::size_t calls = 0;
  std::size_t bytes = 0;
};

fapilog::options make_options(std::string const& spool) {
  fapilog::options chosen{.batch_max_size = 4, .lane_bytes = 16'384, .redactors = {}, .sinks = {}};
  chosen.drop_summary_window = 1ms;
  chosen.diagnostics_output = [](std::string_view) {};
  chosen.retry.attempts = 2;
  chosen.retry.first_delay = 1ms;
  chosen.crash.enabled = true;
  chosen.kill_safe.directory = spool + "/kept";
  chosen.flight_recorder.enabled = true;
  chosen.filters.emplace_back([](fapilog::event const& e) { return e.message != "filtered"; });
  chosen.sinks.push_back({working_sink{}, {.name = "shared", .thread = fapilog::sink_thread::shared}});
  chosen.sinks.push_back({failing_sink{}, {.name = "failing", .thread = fapilog::sink_thread::shared}});
  fapilog::delivery_options own{.name = "own", .thread = fapilog::sink_thread::own};
  own.fallback = fapilog::any_sink{working_sink{}};
  own.route.min_level = fapilog::level::warning;
  chosen.sinks.push_back({failing_sink{}, std::move(own)});
  fapilog::delivery_options spooled{.name = "spooled", .thread = fapilog::sink_thread::own};
  spooled.spool.directory = spool;
  chosen.sinks.push_back({failing_sink{}, std::move(spooled)});
  return chosen;
}

void log_everything(fapilog::logger log) {
  std::string const large(20'000, 'x');
  fapilog::scope const outer{kv("request_id", "r-1"),
                             kv("scope", "a string that is long enough for the heap")};
  for (int i = 0; i < 12; ++i) {
    log.info("a number {}", i, kv("i", i));
    log.warning("a string", kv("text", "a string"), kv("list", std::initializer_list<int>{1, 2, 3}));
    log.info("filtered");
    log.debug("a recent record", kv("text", "a string that is long enough for the heap"));
    fapilog::scope const inner{kv("inner", i)};
    log.with(kv("bound", "a value")).error("bound {}", 1.5, fapilog::caught(std::runtime_error{"broken"}));
    if (i % 6 == 0) log.info("large", kv("text", large));
  }
}

int check(bool truth, char const* what, faults::plan const& now, fapilog::account const& a) {
  if (truth) return 0;
  std::fprintf(
      stderr,
      "%s, allocation %zu (%zu): submitted %llu processed %llu filtered %llu dropped %llu rejected %llu "
      "failed %llu spooled %llu pending %llu complete %d\n",
      what, now.first, now.count, static_cast<unsigned long long>(a.submitted),
      static_cast<unsigned long long>(a.processed), static_cast<unsigned long long>(a.filtered),
      static_cast<unsigned long long>(a.dropped.total()), static_cast<unsigned long long>(a.rejected),
      static_cast<unsigned long long>(a.failed), static_cast<unsigned long long>(a.spooled),
      static_cast<unsigned long long>(a.pending), a.complete ? 1 : 0);
  return 1;
}

/// A whole run. Returns the number of failed checks.
int run(faults::state& injected, std::string const& spool) {
  int failed = 0;
  faults::plan const& now = injected.now;
  injected.is_active = true;
  try {
    auto const rt = std::make_unique<fapilog::runtime>(make_options(spool));
    auto const log = rt->get_logger("first");
    std::thread other{[&] {
      try {
        log_everything(rt->get_logger("second"));
      } catch (std::bad_alloc const&) {
      }
    }};
    try {
      log_everything(log);
      (void)rt->flush(20s);
      (void)rt->metrics();
      rt->set_level("second", fapilog::level::debug);
      fapilog::runtime_changes next;
      next.filters.emplace();
      (void)rt->change(std::move(next), 20s);
      log_everything(log);
    } catch (std::bad_alloc const&) {
    }
    other.join();
    auto const end = rt->drain(30s);
    injected.is_active = false;
    failed += check(end.complete, "not complete", now, end);
    failed += check(end.pending == 0 && end.balanced(), "not balanced", now, end);
    for (auto const& [name, a] : rt->sink_counts()) {
      if (a.pending == 0 && a.balanced()) continue;
      ++failed;
      std::fprintf(stderr, "allocation %zu (%zu): sink %s: given %llu pending %llu\n", now.first, now.count,
                   name.c_str(), static_cast<unsigned long long>(a.given),
                   static_cast<unsigned long long>(a.pending));
    }
  } catch (std::exception const&) {
    injected.is_active = false;  // the runtime or a thread could not be made
  }
  return failed;
}

/// The result of a child process in which `count` allocations from the nth on fail: 0, or what went wrong.
int run_in_child(faults::state& injected, std::size_t nth, std::size_t count, std::string const& spool) {
  injected.now = {0, ENOMEM, nth, count};
  injected.calls[0] = 0;
  ::pid_t const child = ::fork();
  if (child == 0) {
    ::alarm(60);
    faults::use(injected);
    ::_exit(run(injected, spool) == 0 ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  if (status == 0) return 0;
  if (WIFSIGNALED(status))
    std::fprintf(stderr, "allocation %zu (%zu): signal %d\n", nth, count, WTERMSIG(status));
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (support::sanitized) return 77;  // the sanitizers replace these functions, too
  char directory[] = "/tmp/fapilog-no-memory-XXXXXX";
  if (::mkdtemp(directory) == nullptr) return 77;
  std::string const spool = directory;
  void* const memory =
      ::mmap(nullptr, sizeof(faults::state), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 77;
  auto& injected = *::new (memory) faults::state;
  int failures = run_in_child(injected, 0, 0, spool);
  std::size_t const allocations = injected.calls[0];
  std::size_t const needed = allocations + allocations / 10;
  std::size_t const first = argc > 2 ? std::strtoull(argv[1], nullptr, 10) : 0;
  std::size_t const last = argc > 2 ? std::strtoull(argv[2], nullptr, 10) : needed;
  std::size_t const step = argc > 1 ? 1 : 17;
  for (std::size_t n = first; n < last && failures <= 20; n += n < first + 100 ? 1 : step) {
    failures += run_in_child(injected, n, 1, spool);
    if (n % 4 == 0) failures += run_in_child(injected, n, 20, spool);
  }
  std::printf("%zu allocations, %d failures\n", needed, failures);
  std::string const remove = "rm -r " + spool;
  return std::system(remove.c_str()) == 0 && failures == 0 ? 0 : 1;
}

#else

int main() { return 77; }

#endif
