// SPDX-License-Identifier: MIT
// Serves the metrics of a runtime: /metrics for Prometheus, /healthz for an orchestrator; /levels shows and changes levels.
#include <fapilog/fapilog.hpp>
#include <fapilog/integrations/httplib_requests.hpp>

#include <httplib.h>

#include <sys/socket.h>

#include <charconv>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

using fapilog::kv;

namespace {

constexpr char usage[] =
    "usage: metrics_server [--address A] [--port N] [--file PATH] [--requests on|off]\n"
    "Logs some work on standard output and serves /metrics, /healthz and /levels until SIGTERM or SIGINT.\n"
    "To see db.* at DEBUG for ten minutes: curl -X PUT "
    "'HOST:PORT/levels?loggers=db.*&level=debug&seconds=600'\n"
    "  --address A   address to listen at (default: 127.0.0.1)\n"
    "  --port N      port to listen at; 0 takes a free one, which is printed on stderr (default: 9464)\n"
    "  --file PATH   also log to this file\n"
    "  --requests on log one access record for each request (default: off)\n";

struct arguments {
  std::string address = "127.0.0.1";
  int port = 9464;
  std::string file;
  bool logs_requests = false;
  bool wants_help = false;
};

/// Returns false for wrong arguments.
bool parse(std::vector<std::string_view> const& words, arguments& parsed) {
  for (std::size_t i = 0; i < words.size(); i += 2) {
    if (words[i] == "--help") return parsed.wants_help = true;
    if (i + 1 == words.size()) return false;
    std::string_view const value = words[i + 1];
    if (words[i] == "--address") {
      parsed.address = value;
    } else if (words[i] == "--file") {
      parsed.file = value;
    } else if (words[i] == "--requests") {
      if (value != "on" && value != "off") return false;
      parsed.logs_requests = value == "on";
    } else if (words[i] == "--port") {
      auto const [end, error] = std::from_chars(value.data(), value.data() + value.size(), parsed.port);
      if (error != std::errc{} || end != value.data() + value.size()) return false;
      if (parsed.port < 0 || parsed.port > 65535) return false;
    } else {
      return false;
    }
  }
  return true;
}

// A JSON string.
std::string json_string(std::string_view text) {
  std::string result = "\"";
  for (char const c : text) {
    bool const is_control = static_cast<unsigned char>(c) < 0x20;
    if (c == '"' || c == '\\') result += '\\';
    result += is_control ? ' ' : c;
  }
  return result + '"';
}

// {"healthy":false,"sinks":[{"name":"rotating_file","healthy":false,"detail":"..."}]}
void write_health(fapilog::runtime const& rt, httplib::Response& response) {
  bool is_healthy = true;
  std::string sinks;
  for (auto const& [name, health] : rt.health()) {
    if (!sinks.empty()) sinks += ',';
    sinks += "{\"name\":" + json_string(name) + ",\"healthy\":" + (health.healthy ? "true" : "false") +
             ",\"detail\":" + json_string(health.detail) + '}';
    is_healthy = is_healthy && health.healthy;
  }
  response.status = is_healthy ? 200 : 503;
  response.set_content(
      std::string{"{\"healthy\":"} + (is_healthy ? "true" : "false") + ",\"sinks\":[" + sinks + "]}\n",
      "application/json");
}

// [{"loggers":"*","level":"INFO"},{"loggers":"db.*","level":"DEBUG","seconds":598}]
void write_levels(fapilog::runtime const& rt, httplib::Response& response) {
  std::string all;
  for (fapilog::level_rule const& rule : rt.levels()) {
    all += (all.empty() ? "[" : ",") + ("{\"loggers\":" + json_string(rule.pattern) + ",\"level\":") +
           json_string(fapilog::level_name(rule.lowest));
    auto const seconds = std::chrono::ceil<std::chrono::seconds>(rule.expires_after).count();
    if (seconds != 0) all += ",\"seconds\":" + std::to_string(seconds);
    all += '}';
  }
  response.set_content(all + "]\n", "application/json");
}

// Changes a level for at most an hour. Whoever reaches this port can do so: keep it inside, or ask for a password.
void change_level(fapilog::runtime& rt, httplib::Request const& request, httplib::Response& response) {
  auto const lowest = fapilog::parse_level(request.get_param_value("level"));
  std::string const loggers = request.get_param_value("loggers");
  std::string const text = request.get_param_value("seconds");
  int seconds = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  bool const is_number = error == std::errc{} && end == text.data() + text.size();
  if (!lowest || loggers.empty() || !is_number || seconds < 1 || seconds > 3600) {
    response.status = 400;
    response.set_content("expected ?loggers=db.*&level=debug&seconds=600, at most 3600 seconds\n",
                         "text/plain");
    return;
  }
  rt.set_level(loggers, lowest.value,
               {.expires_after = std::chrono::seconds{seconds}, .changed_by = request.remote_addr});
  write_levels(rt, response);
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

int run(arguments const& chosen, sigset_t const& stop_signals) {
  fapilog::options options{.sinks = {fapilog::sinks::stdout_json{}}};
  if (!chosen.file.empty()) options.sinks.emplace_back(fapilog::sinks::rotating_file{{.path = chosen.file}});
  fapilog::runtime rt{std::move(options)};
  auto const log = rt.get_logger("metrics_server");

  httplib::Server server;
  std::optional<fapilog::integrations::httplib_requests> requests;
  if (chosen.logs_requests) requests.emplace(server, rt.get_logger("http"));
  server.set_keep_alive_max_count(
      1);  // one request per connection, so that stopping waits for no idle connection
  server.set_socket_options([](auto socket) {  // the default would let two programs listen at the same port
    int const yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
  server.Get("/metrics", [&rt](httplib::Request const&, httplib::Response& response) {
    response.set_content(prometheus_text(rt), "text/plain; version=0.0.4; charset=utf-8");
  });
  server.Get("/healthz",
             [&rt](httplib::Request const&, httplib::Response& response) { write_health(rt, response); });
  server.Get("/levels",
             [&rt](httplib::Request const&, httplib::Response& response) { write_levels(rt, response); });
  server.Put("/levels", [&rt](httplib::Request const& request, httplib::Response& response) {
    change_level(rt, request, response);
  });

  int port = chosen.port;
  if (port == 0) port = server.bind_to_any_port(chosen.address);
  else if (!server.bind_to_port(chosen.address, port)) port = -1;
  if (port < 0) {
    std::fprintf(stderr, "metrics_server: cannot listen at %s:%d\n", chosen.address.c_str(), chosen.port);
    return 1;
  }
  {
    std::jthread const serving{[&server] { server.listen_after_bind(); }};
    while (!server.is_running()) std::this_thread::yield();  // a stop before that would have no effect
    std::jthread const worker{[&log](std::stop_token const& stop) { work(stop, log); }};
    std::fprintf(stderr, "listening on http://%s:%d\n", chosen.address.c_str(), port);
    int received = 0;
    ::sigwait(&stop_signals, &received);
    server.stop();
  }
  fapilog::account const end = rt.drain();
  std::fprintf(stderr, "%llu of %llu records written%s\n", static_cast<unsigned long long>(end.processed),
               static_cast<unsigned long long>(end.submitted), end ? "" : ", not drained in time");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  arguments chosen;
  if (!parse({argv + 1, argv + argc}, chosen)) return std::fputs(usage, stderr), 2;
  if (chosen.wants_help) return std::fputs(usage, stdout), 0;

  // Blocked in every thread, so that only sigwait gets them.
  sigset_t stop_signals;
  sigemptyset(&stop_signals);
  sigaddset(&stop_signals, SIGTERM);
  sigaddset(&stop_signals, SIGINT);
  ::pthread_sigmask(SIG_BLOCK, &stop_signals, nullptr);
  return run(chosen, stop_signals);
}
