// SPDX-License-Identifier: MIT
// Writes an Apache access log to ClickHouse and to an OpenTelemetry collector: one typed row and one log record a request.
#include "../access_log/combined_log.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/plugins/http.hpp>
#include <fapilog/settings.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <exception>
#include <fstream>
#include <string>
#include <vector>

using fapilog::kv;
using fapilog::level;

namespace {

/// The environment names the server, FAPILOG_CLICKHOUSE__URL, and the collector, FAPILOG_OTLP__URL; FAPILOG_CORE__SINKS chooses
/// among them. Unlike a service, a program that reads a file can wait for its destinations: `block`.
constexpr char const* configuration = R"({
  "core": {"sinks": ["clickhouse", "otlp"], "when_full": "block"},
  "sink_config": {
    "clickhouse": {
      "table_name": "access",
      "extract_fields": ["timestamp", "level:low_cardinality", "message", "requested_at:datetime", "client",
                         "method:low_cardinality", "path", "status:int64", "bytes:int64"],
      "delivery": {"when_queue_full": "block"}
    },
    "otlp": {
      "resource_attributes": ["service.name=access_log"],
      "delivery": {"when_queue_full": "block"}
    }
  }
})";

level level_of(int status) {
  if (status >= 500) return level::error;
  return status >= 400 ? level::warning : level::info;
}

void log_line(fapilog::logger const& log, std::string const& line) {
  auto const request = combined_log::parse(line);
  if (!request) return log.warning("line is not in the combined format", kv("line", line));
  log.log(level_of(request->status), "{} -> {}", request->line, request->status,
          kv("requested_at", request->time), kv("client", request->client), kv("method", request->method),
          kv("path", request->path), kv("status", request->status), kv("bytes", request->bytes),
          kv("user", request->user), kv("user_agent", request->user_agent));
}

}  // namespace

int main(int argc, char** argv) {
  unsigned const times = argc == 3 ? combined_log::parse_number<unsigned>(argv[2]).value_or(0) : 1;
  if (argc < 2 || argc > 3 || times == 0) {
    std::fputs("usage: clickhouse LOG [TIMES]\nWrites the log TIMES times (default: 1).\n", stderr);
    return 2;
  }
  std::ifstream file{argv[1]};
  if (!file) {
    std::fprintf(stderr, "clickhouse: cannot open %s\n", argv[1]);
    return 2;
  }
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  try {
    auto plugins = fapilog::builtin_plugins();
    fapilog::add_http(plugins);
    fapilog::runtime rt{fapilog::settings::from_json(configuration, "main.cpp", plugins)
                            .with_environment(fapilog::process_environment())
                            .options()};
    auto const log = rt.get_logger("access_log");
    auto const begin = std::chrono::steady_clock::now();
    for (unsigned i = 0; i < times; ++i) {
      for (std::string const& line : lines) log_line(log, line);
    }
    auto const account = rt.drain(std::chrono::minutes{10});
    std::chrono::duration<double> const took = std::chrono::steady_clock::now() - begin;
    std::printf("%llu records delivered\n", static_cast<unsigned long long>(account.processed));
    std::fprintf(stderr, "%.2f s, of which %.2f s CPU of this process\n", took.count(),
                 static_cast<double>(std::clock()) / CLOCKS_PER_SEC);
    return account.complete && account.processed == account.submitted ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (std::exception const& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 2;
  }
}
