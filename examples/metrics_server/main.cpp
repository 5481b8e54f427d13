// SPDX-License-Identifier: MIT
// Shows what a runtime tells of itself: /metrics for Prometheus and /healthz for whoever starts and stops processes.
#include <fapilog/config/config_value.hpp>
#include <fapilog/fapilog.hpp>

#include "http_server.hpp"

#include <unistd.h>

#include <charconv>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using fapilog::kv;
using metrics_server::http_answer;

namespace {

constexpr char usage[] =
    "usage: metrics_server [--address A] [--port N] [--file PATH]\n"
    "Logs some work on standard output and serves /metrics and /healthz until SIGTERM or SIGINT.\n"
    "  --address A   IPv4 address to listen at (default: 127.0.0.1)\n"
    "  --port N      port; 0 takes any free one, and stderr names it (default: 9464)\n"
    "  --file PATH   log to this file, too\n";

struct choices {
  std::string address = "127.0.0.1";
  std::uint16_t port = 9464;
  std::string file;
  bool wants_help = false;
};

bool read(std::vector<std::string_view> const& arguments, choices& chosen) {
  for (std::size_t i = 0; i < arguments.size(); i += 2) {
    if (arguments[i] == "--help") return chosen.wants_help = true;
    if (i + 1 == arguments.size()) return false;
    std::string_view const value = arguments[i + 1];
    if (arguments[i] == "--address") {
      chosen.address = value;
    } else if (arguments[i] == "--file") {
      chosen.file = value;
    } else if (arguments[i] == "--port") {
      auto const [end, error] = std::from_chars(value.data(), value.data() + value.size(), chosen.port);
      if (error != std::errc{} || end != value.data() + value.size()) return false;
    } else {
      return false;
    }
  }
  return true;
}

// A signal handler may do little: it writes a byte, and the poll loop sees it.
int stop_writer = -1;
extern "C" void on_stop(int) {
  char const byte = 0;
  [[maybe_unused]] auto const size = ::write(stop_writer, &byte, 1);
}

// {"healthy":false,"sinks":[{"name":"rotating_file","healthy":false,"detail":"..."}]}
http_answer health_page(fapilog::runtime const& rt) {
  bool is_healthy = true;
  auto sinks = fapilog::config_value::list();
  for (auto const& [name, health] : rt.health()) {
    auto& sink = sinks.push_back(fapilog::config_value::object());
    sink.set("name", name);
    sink.set("healthy", health.healthy);
    sink.set("detail", health.detail);
    is_healthy = is_healthy && health.healthy;
  }
  auto all = fapilog::config_value::object();
  all.set("healthy", is_healthy);
  all.set("sinks", std::move(sinks));
  return {.status = is_healthy ? 200 : 503, .type = "application/json", .body = to_json(all) + '\n'};
}

http_answer page(fapilog::runtime const& rt, std::string_view path) {
  if (path == "/healthz") return health_page(rt);
  if (path != "/metrics") return {.status = 404};
  return {.type = "text/plain; version=0.0.4; charset=utf-8", .body = prometheus_text(rt)};
}

// The program's own work: an order now and then.
void work(std::stop_token const& stop, fapilog::logger const& log) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock{mutex};
  for (int order = 1; !stop.stop_requested(); ++order) {
    log.info("order paid", kv("order", order));
    wake.wait_for(lock, stop, std::chrono::milliseconds{100}, [] { return false; });
  }
}

void run(choices const& chosen, int stop) {
  fapilog::options options{.sinks = {fapilog::sinks::stdout_json{}}};
  if (!chosen.file.empty()) options.sinks.emplace_back(fapilog::sinks::rotating_file{{.path = chosen.file}});
  fapilog::runtime rt{std::move(options)};
  auto const log = rt.get_logger("metrics_server");

  metrics_server::http_server server{chosen.address, chosen.port};
  std::fprintf(stderr, "listening on http://%s:%d\n", chosen.address.c_str(), server.port());
  {
    std::jthread const worker{[&](std::stop_token const& end) { work(end, log); }};
    server.serve(
        stop, [&](std::string_view path) { return page(rt, path); },
        [&](std::string_view method, std::string_view path, int status) {
          log.debug("answered", kv("method", method), kv("path", path), kv("status", status));
        });
  }
  fapilog::account const end = rt.drain();
  std::fprintf(stderr, "%llu of %llu records written%s\n", static_cast<unsigned long long>(end.processed),
               static_cast<unsigned long long>(end.submitted), end ? "" : ", not drained in time");
}

}  // namespace

int main(int argc, char** argv) {
  choices chosen;
  if (!read({argv + 1, argv + argc}, chosen)) return std::fputs(usage, stderr), 2;
  if (chosen.wants_help) return std::fputs(usage, stdout), 0;

  int ends[2];
  if (::pipe(ends) != 0) return 1;
  metrics_server::descriptor const reader{ends[0]};
  metrics_server::descriptor const writer{ends[1]};
  stop_writer = writer.get();
  struct sigaction action {};
  action.sa_handler = on_stop;
  ::sigaction(SIGTERM, &action, nullptr);
  ::sigaction(SIGINT, &action, nullptr);
  ::signal(SIGPIPE, SIG_IGN);  // for systems without MSG_NOSIGNAL
  try {
    run(chosen, reader.get());
  } catch (std::exception const& error) {
    std::fprintf(stderr, "metrics_server: %s\n", error.what());
    return 1;
  }
}
