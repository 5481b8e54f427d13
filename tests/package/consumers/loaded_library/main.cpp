// SPDX-License-Identifier: MIT
// The program owns the runtime, loads the library and logs in a scope before, during and after the library's work. Then it
// closes the library while records of it wait for a sink. With a directory, a process that has loaded the library is killed, and
// this one, which has not, delivers its records.
// usage: loaded_library LIBRARY [DIRECTORY]
#include "library.hpp"

#include <fapilog/kill_safe.hpp>
#include <fapilog/runtime.hpp>

#include <dlfcn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <future>
#include <string>

namespace {

fapilog::logger program_log;

void log_from_program() { program_log.info("from the program, called by the library"); }

std::promise<void> sink_is_busy;
std::promise<void> library_is_closed;

/// Prints records once the library is closed.
struct late_sink {
  void write(fapilog::batch const& entries) {
    if (!has_waited) sink_is_busy.set_value();
    if (!has_waited) library_is_closed.get_future().wait();
    has_waited = true;
    for (auto const& each : entries) std::puts(std::string{each.json}.c_str());
  }
  bool has_waited = false;
};

/// Keeps all records from being released.
struct stuck_sink {
  void write(fapilog::batch const&) const {
    for (;;) pause();
  }
};

[[noreturn]] void log_and_be_killed(char const* library, char const* directory) {
  void* const loaded = dlopen(library, RTLD_NOW | RTLD_LOCAL);
  if (loaded == nullptr) _exit(1);
  fapilog::runtime rt{{.sinks = {stuck_sink{}}, .kill_safe = {.directory = directory}}};
  program_log = rt.get_logger("program");
  reinterpret_cast<work*>(dlsym(loaded, "library_works"))(rt.get_logger("library"), log_from_program);
  for (;;) kill(getpid(), SIGKILL);
}

int deliver_of_killed(char const* library, char const* directory) {
  pid_t const child = fork();
  if (child == 0) log_and_be_killed(library, directory);
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) return 1;
  fapilog::runtime rt{{.kill_safe = {.directory = directory}}};
  return rt.drain(std::chrono::seconds{30}).processed == 8 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3) return deliver_of_killed(argv[1], argv[2]);
  void* const library = dlopen(argc == 2 ? argv[1] : "", RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) {
    std::fprintf(stderr, "%s\n", dlerror());
    return 1;
  }
  auto* const library_works = reinterpret_cast<work*>(dlsym(library, "library_works"));
  auto* const library_scopes = reinterpret_cast<scopes*>(dlsym(library, "library_scopes"));
  if (library_works == nullptr || library_scopes == nullptr) return 1;
  if (library_scopes() == &fapilog::detail::this_thread_scope) {
    std::fputs("the library shares the program's scopes: this build tests nothing\n", stderr);
    return 1;
  }

  fapilog::runtime rt;
  program_log = rt.get_logger("program");
  {
    auto scope = fapilog::scope(fapilog::kv("tenant_id", "t-1"), fapilog::kv("region", "program"));
    program_log.info("from the program");
    library_works(rt.get_logger("library"), log_from_program);
    program_log.info("after the library");
  }
  library_works(rt.get_logger("library").with(fapilog::kv("round", 2)), [] {});
  program_log.info("after all");
  auto const account = rt.drain(std::chrono::seconds{30});
  program_log = {};
  if (account.submitted != 18 || account.processed != 18) return 1;

  fapilog::runtime late{{.sinks = {late_sink{}}}};
  late.get_logger("program").info("first of the late ones");
  sink_is_busy.get_future().wait();
  library_works(late.get_logger("library").with(fapilog::kv("round", 3)), [] {});
  dlclose(library);
  library_is_closed.set_value();
  return late.drain(std::chrono::seconds{30}).processed == 8 ? 0 : 1;
}
