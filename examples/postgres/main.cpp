// SPDX-License-Identifier: MIT
// Writes an Apache access log into PostgreSQL: one row per record, with typed columns for frequent queries.
#include "../access_log/combined_log.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/plugins/postgres.hpp>
#include <fapilog/settings.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <string>

using fapilog::kv;
using fapilog::level;

namespace {

/// The environment names the server: FAPILOG_POSTGRES__DSN, or __HOST, __DATABASE, __USER, __PASSWORD. Unlike a service, a
/// program that reads a file can wait for the server: `block`.
constexpr char const* configuration = R"({
  "core": {"sinks": ["postgres"], "when_full": "block"},
  "sink_config": {
    "postgres": {
      "table_name": "access",
      "extract_fields": ["timestamp", "level", "logger", "correlation_id", "message", "requested_at:timestamptz",
                         "path", "status:bigint", "bytes:bigint"],
      "delivery": {"when_queue_full": "block"}
    }
  }
})";

level level_of(int status) {
  if (status >= 500) return level::error;
  return status >= 400 ? level::warning : level::info;
}

/// Each request becomes two records with the same correlation id.
void log_line(fapilog::logger const& log, std::string const& line, std::uint64_t number) {
  auto const scope = fapilog::scope(kv("correlation_id", "request-" + std::to_string(number)));
  auto const request = combined_log::parse(line);
  if (!request) {
    log.warning("line is not in the combined format", kv("line", line));
    return;
  }
  log.info("request received", kv("requested_at", request->time), kv("client", request->client),
           kv("method", request->method), kv("path", request->path));
  log.log(level_of(request->status), "{} -> {}", request->line, request->status,
          kv("requested_at", request->time), kv("path", request->path), kv("status", request->status),
          kv("bytes", request->bytes), kv("user", request->user));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: postgres LOG\n", stderr);
    return 2;
  }
  std::ifstream file{argv[1]};
  if (!file) {
    std::fprintf(stderr, "postgres: cannot open %s\n", argv[1]);
    return 2;
  }
  try {
    auto plugins = fapilog::builtin_plugins();
    fapilog::add_postgres(plugins);
    fapilog::runtime rt{fapilog::settings::from_json(configuration, "main.cpp", plugins)
                            .with_environment(fapilog::process_environment())
                            .options()};
    auto const log = rt.get_logger("access_log");
    std::uint64_t count = 0;
    for (std::string line; std::getline(file, line);) log_line(log, line, ++count);
    auto const account = rt.drain(std::chrono::minutes{1});
    std::printf("%llu lines, %llu records stored\n", static_cast<unsigned long long>(count),
                static_cast<unsigned long long>(account.processed));
    return account.complete && account.processed == account.submitted ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (std::exception const& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
