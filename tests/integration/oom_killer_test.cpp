// SPDX-License-Identifier: MIT
// The kernel kills a process that is out of memory; its records outlive it.
#include <fapilog/fapilog.hpp>
#include <fapilog/kill_safe.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <new>
#include <string>
#include <string_view>
#include <system_error>

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/scale.hpp"
#include "support/temporary_directory.hpp"

using namespace std::chrono_literals;

namespace {

/// A control group with a limit on memory, of version 1 or 2.
class memory_group {
 public:
  explicit memory_group(std::string_view bytes) {
    namespace fs = std::filesystem;
    bool const is_old = fs::exists("/sys/fs/cgroup/memory/memory.limit_in_bytes");
    std::string const root = is_old ? "/sys/fs/cgroup/memory" : "/sys/fs/cgroup";
    path_ = root + "/fapilog-test-" + std::to_string(::getpid());
    std::error_code error;
    if (!fs::create_directory(path_, error)) return;
    is_usable_ = put(is_old ? "memory.limit_in_bytes" : "memory.max", bytes);
    (void)put(is_old ? "memory.memsw.limit_in_bytes" : "memory.swap.max", is_old ? bytes : "0");
  }
  memory_group(memory_group const&) = delete;
  memory_group& operator=(memory_group const&) = delete;
  ~memory_group() { ::rmdir(path_.c_str()); }

  [[nodiscard]] bool is_usable() const noexcept { return is_usable_; }
  /// Moves the calling process into the group.
  [[nodiscard]] bool enter() const { return put("cgroup.procs", std::to_string(::getpid())); }

 private:
  [[nodiscard]] bool put(std::string const& file, std::string_view text) const {
    std::ofstream out{path_ + '/' + file};
    out << text << std::flush;
    return out.good();
  }

  std::string path_;
  bool is_usable_ = false;
};

}  // namespace

TEST_CASE("a process that the OOM killer ends loses no record of a call that returned") {
  if (support::sanitized) SKIP("the sanitizers need more memory themselves");
  memory_group const group{"64M"};
  if (!group.is_usable()) SKIP("no control group with a limit on memory can be made here");
  support::temporary_directory folder;
  std::string const path = folder / "app.log";
  auto const options = [&] {
    return fapilog::options{.when_full = fapilog::when_full::block,
                            .sinks = {fapilog::sinks::rotating_file{{.path = path, .max_bytes = 0}}},
                            .kill_safe = {.directory = folder / "kept"}};
  };
  void* const shared =
      ::mmap(nullptr, sizeof(std::uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  REQUIRE(shared != MAP_FAILED);
  auto* const returned = new (shared) std::atomic<std::uint64_t>{0};
  int const status = support::status_of_child([&] {
    if (!group.enter()) ::_exit(1);
    fapilog::runtime rt{options()};
    auto const log = rt.get_logger();
    for (std::uint64_t i = 0;; ++i) {
      log.info("counted", fapilog::kv("i", i));
      returned->store(i + 1);
      constexpr std::size_t step = 4096;
      std::memset(std::malloc(step), 1, step);  // never freed
    }
  });
  REQUIRE(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGKILL);
  CHECK(*returned > 0);
  {
    fapilog::runtime rt{options()};
    CHECK(rt.drain(300s).complete);
  }
  std::uint64_t next = 0;
  std::ifstream file{path};
  for (std::string line; std::getline(file, line);) {
    auto const whole = nlohmann::json::parse(line, nullptr, false);
    if (whole.is_discarded())
      continue;  // the line that was being written; the next process has written it again
    REQUIRE(whole.at("log").at("data").at("i") == next);
    ++next;
  }
  CHECK(next >= *returned);
  CHECK(next <= *returned + 1);
  ::munmap(shared, sizeof(std::uint64_t));
}
