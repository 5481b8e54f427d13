// SPDX-License-Identifier: MIT
// The program owns the runtime, loads the library and logs in a scope before, during and after the library's work.
// usage: loaded_library LIBRARY
#include "library.hpp"

#include <fapilog/fapilog.hpp>

#include <dlfcn.h>

#include <chrono>
#include <cstdio>

namespace {

fapilog::logger program_log;

void log_from_program() { program_log.info("from the program, called by the library"); }

}  // namespace

int main(int argc, char** argv) {
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
  dlclose(library);
  return account.submitted == 18 && account.processed == 18 ? 0 : 1;
}
