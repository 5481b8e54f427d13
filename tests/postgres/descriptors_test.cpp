// SPDX-License-Identifier: MIT
// A service that runs without standard input, output and error.
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/postgres.hpp>

#include <chrono>
#include <string>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/postgres_server.hpp"

using support::shared_server;
using namespace std::chrono_literals;

namespace {

bool has_socket_below_3() {
  for (int descriptor = 0; descriptor <= 2; ++descriptor) {
    struct ::stat status {};
    if (::fstat(descriptor, &status) == 0 && S_ISSOCK(status.st_mode)) return true;
  }
  return false;
}

/// Logs while another sink reports problems on standard error. Returns the number of delivered records, or 255.
int log_without_standard_descriptors(fapilog::sinks::postgres_config const& config) {
  for (int descriptor = 0; descriptor <= 2; ++descriptor) ::close(descriptor);
  fapilog::runtime rt{{.sinks = {fapilog::sinks::postgres{config},
                                 fapilog::sinks::rotating_file{{.path = "/proc/none/x.log"}}},
                       .shutdown_timeout = 60s}};
  auto const log = rt.get_logger("svc");
  for (int i = 0; i < 40; ++i) {
    log.info("n {}", i);
    (void)rt.flush(100ms);
    std::string const noise = "text for standard error\n";
    [[maybe_unused]] auto const written = ::write(2, noise.data(), noise.size());
  }
  (void)rt.drain();
  if (has_socket_below_3()) return 255;
  for (auto const& [name, counts] : rt.sink_counts()) {
    if (name == "postgres") return static_cast<int>(counts.delivered);
  }
  return 255;
}

}  // namespace

TEST_CASE(
    "a service without standard descriptors stores every record, and no other text gets into the "
    "connection") {
  auto& server = shared_server();
  auto config = server.config_in("closed_descriptors");
  server.sql("DROP SCHEMA IF EXISTS closed_descriptors CASCADE;" + fapilog::sinks::postgres_ddl(config));
  ::pid_t const child = ::fork();
  if (child == 0) ::_exit(log_without_standard_descriptors(config));
  int status = -1;
  ::waitpid(child, &status, 0);
  REQUIRE(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 40);
  CHECK(server.count("closed_descriptors.logs") == 40);
  CHECK(server.log().find("invalid frontend message") == std::string::npos);
}
