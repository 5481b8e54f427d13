// SPDX-License-Identifier: MIT
// Tests that every call of the C library may fail. Each run is a child process with several sinks in which one call fails
// once: it must end in time, its accounts must balance, and its files must contain exactly the records that the accounts
// report as delivered, each as a line of strict JSON. So must what the receivers of its syslog and journald sinks have got.
// usage: failing_call_test [FUNCTION [ERROR [NUMBER]]]. By default one call for each function and error fails; with the
// environment variable FAPILOG_EVERY_FAULT, each call that a run makes. Without arguments all functions are tested, but
// `allocate` only with the variable.
#include "faults/failing_calls.hpp"
#include "faults/log_receiver.hpp"
#include "support/eventually.hpp"
#include "support/scale.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/integrations/descriptor_capture.hpp>
#include <fapilog/settings_watch.hpp>
#include <fapilog/sinks/journald.hpp>
#include <fapilog/sinks/rotating_file.hpp>
#include <fapilog/sinks/stdout_json.hpp>
#include <fapilog/sinks/syslog.hpp>

#include <nlohmann/json.hpp>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <new>
#include <set>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zlib.h>

#if defined(__GLIBC__)

namespace {

using fapilog::kv;
using namespace std::chrono_literals;

constexpr std::size_t sink_count = 6;
constexpr char const* sink_names[sink_count] = {"rotating", "plain", "stdout", "down", "syslog", "journald"};
constexpr std::size_t down = 3;

/// Where a run writes.
struct places {
  std::string directory;
  std::uint16_t syslog_port = 0;
  std::string journal_socket;
};

/// What a run reports to its parent process, in shared memory.
struct report {
  faults::state injected;
  std::atomic<std::size_t> calls{0};   ///< log calls that passed their level
  std::atomic<bool> was_made{false};   ///< the runtime was made
  std::atomic<bool> has_ended{false};  ///< the run reached its end
  fapilog::account account;
  fapilog::sink_account sinks[sink_count];
  std::uint64_t recovered = 0;  ///< records that a second runtime found in the spool
};

/// Refuses everything until it is up. Then it writes to a file.
struct down_sink {
  static constexpr bool may_block = true;
  std::shared_ptr<std::atomic<bool>> is_up;
  std::string path;

  fapilog::write_result write(fapilog::batch const& entries) const {
    if (!*is_up) return fapilog::write_result::retry("it is down");
    faults::spared const own_calls;
    std::ofstream{path, std::ios::app} << entries.text();
    return {};
  }
};

fapilog::options make_options(fapilog::settings const& chosen, places const& where,
                              std::shared_ptr<std::atomic<bool>> const& is_up) {
  std::string const& directory = where.directory;
  fapilog::options made = chosen.options();
  made.batch_max_size = 8;
  made.lane_bytes = 16'384;
  made.when_full = fapilog::when_full::block;
  made.crash.enabled = true;
  made.kill_safe.directory = directory + "/kept";
  made.flight_recorder.enabled = true;
  made.retry.first_delay = 1ms;
  made.sinks.clear();
  using fapilog::sinks::rotating_file;
  made.sinks.push_back(
      {rotating_file{
           {.path = directory + "/logs/rotating.log", .max_bytes = 4'096, .compress_rotated = true}},
       {.name = "rotating"}});
  made.sinks.push_back(
      {rotating_file{{.path = directory + "/logs/plain.log", .sync = fapilog::sinks::file_sync::batch}},
       {.name = "plain"}});
  made.sinks.push_back({fapilog::sinks::stdout_json{}, {.name = "stdout"}});
  fapilog::delivery_options spooled{.name = "down"};
  spooled.retry = {.attempts = 2, .first_delay = 1ms, .longest_delay = 1ms};
  spooled.spool = {.directory = directory + "/spool", .segment_bytes = 8'192, .sync = true};
  made.sinks.push_back({down_sink{is_up, directory + "/down.log"}, std::move(spooled)});
  made.sinks.push_back({fapilog::sinks::syslog{{.transport = fapilog::sinks::syslog_transport::tcp,
                                                .host = "127.0.0.1",
                                                .port = where.syslog_port,
                                                .framing = fapilog::sinks::syslog_framing::newline}},
                        {.name = "syslog"}});
  made.sinks.push_back({fapilog::sinks::journald{{.socket = where.journal_socket}}, {.name = "journald"}});
  return made;
}

void log_records(fapilog::logger const& log, report& to, int writer) {
  for (int i = 0; i < 30; ++i) {
    to.calls.fetch_add(1);
    log.info("record {} of {}", i, writer, kv("n", writer * 1'000 + i), kv("text", "to be \"quoted\"\n"));
  }
  to.calls.fetch_add(1);
  log.info("record", kv("n", writer * 1'000 + 999), kv("text", std::string(2'500, 'x')));
}

/// Lines that are written to standard error become records.
void log_captured(fapilog::runtime& rt, report& to) {
  constexpr int lines = 5;
  fapilog::integrations::descriptor_capture errors{2, rt.get_logger("captured")};
  {
    faults::spared const own_calls;
    for (int i = 0; i < lines; ++i) ::dprintf(2, "line %d\n", i);
    to.calls.fetch_add(lines);
  }
  (void)errors.flush(30s);
}

/// What a program does that logs.
void run(places const& where, report& to) {
  auto const is_up = std::make_shared<std::atomic<bool>>(false);
  auto const maker = [&](fapilog::settings const& s) { return make_options(s, where, is_up); };
  std::string const file = where.directory + "/settings.json";
  auto const chosen = fapilog::settings::from_file(file);
  auto rt = std::make_unique<fapilog::runtime>(maker(chosen));
  to.was_made = true;
  try {
    auto const log = rt->get_logger("first");
    std::thread other{[&] {
      try {
        log_records(rt->get_logger("second"), to, 2);
      } catch (std::bad_alloc const&) {
      }
    }};
    try {
      log_records(log, to, 1);
      (void)rt->flush(30s);
      fapilog::settings_watch watch{*rt, chosen, {.interval = 0ms, .on_sighup = true}, maker};
      {
        faults::spared const own_calls;
        std::ofstream{file} << R"({"core": {"log_levels": {"quiet": "DEBUG"}}})";
      }
      (void)watch.reload();
      ::raise(SIGHUP);
      auto const quiet = rt->get_logger("quiet");
      if (quiet.is_enabled(fapilog::level::debug)) log_records(quiet, to, 3);
      rt->set_level("first", fapilog::level::debug);
      (void)rt->metrics();
      (void)rt->health();
      rt->reopen();
      (void)rt->flush(30s);
      log_records(log, to, 4);
      try {
        log_captured(*rt, to);
      } catch (std::system_error const&) {  // no descriptor or thread: nothing is captured
      }
      *is_up = true;
      log_records(log, to, 5);
    } catch (std::exception const& error) {
      std::fprintf(stderr, "threw: %s\n", error.what());
    }
    other.join();
  } catch (std::exception const& error) {
    std::fprintf(stderr, "threw: %s\n", error.what());
  }
  *is_up = true;
  to.account = rt->drain(40s);
  auto const counts = rt->sink_counts();
  for (std::size_t i = 0; i < sink_count; ++i) to.sinks[i] = counts[i].second;
  rt.reset();
}

/// Delivers what the run has left in its spool.
void recover(places const& where, report& to) {
  auto const is_up = std::make_shared<std::atomic<bool>>(true);
  fapilog::options made = make_options(fapilog::settings::from_json("{}"), where, is_up);
  fapilog::placed_sink only = std::move(made.sinks[down]);
  made.sinks.clear();
  made.sinks.push_back(std::move(only));
  fapilog::runtime rt{std::move(made)};
  (void)support::eventually([&] { return rt.sink_counts()[0].second.recovered >= to.sinks[down].spooled; },
                            10s);
  (void)rt.drain(30s);
  to.recovered = rt.sink_counts()[0].second.recovered;
}

// --- the parent process --------------------------------------------------------------------------------------

/// How standard output of a run is opened, so that each function is called.
enum class output { pipe, socket, file };

output output_for(std::string_view function) {
  if (function == "send" || function == "getsockopt") return output::socket;
  return function == "pwritev2" ? output::file : output::pipe;
}

std::string read_all(int descriptor) {
  std::string all;
  char piece[4'096];
  for (::ssize_t got = 0; (got = ::read(descriptor, piece, sizeof piece)) > 0;)
    all.append(piece, static_cast<std::size_t>(got));
  return all;
}

std::string content_of(std::filesystem::path const& path) {
  ::gzFile const file = ::gzopen(path.c_str(), "rb");  // reads files that are not compressed, too
  if (file == nullptr) return {};
  std::string all;
  char piece[4'096];
  int got = 0;
  while ((got = ::gzread(file, piece, sizeof piece)) > 0) all.append(piece, static_cast<std::size_t>(got));
  if (got < 0) all += "(damaged)";
  ::gzclose(file);
  return all;
}

/// A run and the check of what it left.
class trial {
 public:
  trial(report& shared, std::string_view function)
      : shared_(shared), kind_(output_for(function)), finds_literals_(function == "futimens") {}

  /// Returns what is wrong, or an empty string.
  std::string run_with(faults::plan const& now) {
    std::destroy_at(&shared_);
    std::construct_at(&shared_);
    shared_.injected.now = now;
    support::temporary_directory const directory;
    std::ofstream{directory / "settings.json"} << "{}";
    faults::log_receiver receiver{directory / "journal"};
    if (!receiver.is_open()) return "the test has no sockets";
    std::string const printed = directory / "stdout.log";
    int ends[2] = {-1, -1};
    bool const is_open = kind_ == output::pipe ? ::pipe2(ends, O_CLOEXEC) == 0
                         : kind_ == output::socket
                             ? ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0
                             : (ends[1] = ::open(printed.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)) >= 0;
    if (!is_open) return "the test has no descriptors";
    ::pid_t const child = ::fork();
    if (child == 0) {
      ::dup2(ends[1], 1);
      int const errors = ::open((directory / "stderr.log").c_str(), O_WRONLY | O_CREAT, 0600);
      ::dup2(errors, 2);
      for (int const one : {ends[0], ends[1], errors}) ::close(one);
      ::alarm(60);
      run_child({directory.path().string(), receiver.port(), receiver.path()});
    }
    ::close(ends[1]);
    receiver.begin();
    std::string text = ends[0] >= 0 ? read_all(ends[0]) : std::string{};
    if (ends[0] >= 0) ::close(ends[0]);
    int status = -1;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    receiver.end();
    if (kind_ == output::file) text = content_of(printed);
    std::string problems = WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status)) + "; "
                           : status != 0       ? "status " + std::to_string(WEXITSTATUS(status)) + "; "
                                               : check(directory.path(), text, receiver);
    if (!problems.empty()) problems += "\n" + content_of(directory.path() / "stderr.log");
    return problems;
  }

 private:
  [[noreturn]] void run_child(places const& where) {
    faults::use(shared_.injected);
    if (finds_literals_) {  // which an earlier process kept
      fapilog::runtime earlier{{.sinks = {down_sink{std::make_shared<std::atomic<bool>>(true), "/dev/null"}},
                                .kill_safe = {.directory = where.directory + "/kept"}}};
      earlier.get_logger().info("earlier");
    }
    shared_.injected.is_active = true;
    try {
      run(where, shared_);
    } catch (std::exception const& error) {
      shared_.injected.is_active = false;
      std::fprintf(stderr, "threw: %s\n", error.what());
      ::_exit(shared_.was_made ? 3 : 0);  // a runtime that cannot be made says so
    }
    shared_.injected.is_active = false;
    try {
      recover(where, shared_);
      shared_.has_ended = true;
    } catch (std::exception const& error) {
      std::fprintf(stderr, "threw: %s\n", error.what());
    }
    ::_exit(shared_.has_ended ? 0 : 4);
  }

  std::string check(std::filesystem::path const& directory, std::string const& printed,
                    faults::log_receiver const& receiver) const {
    if (!shared_.was_made) return {};
    std::string problems;
    auto const require = [&](bool truth, std::string const& what) {
      if (!truth) problems += what + "; ";
    };
    fapilog::account const& a = shared_.account;
    require(a.complete && a.pending == 0, "not complete");
    require(a.balanced(), "not balanced");
    require(a.submitted == shared_.calls, "submitted " + std::to_string(a.submitted) + " of " +
                                              std::to_string(shared_.calls.load()) + " calls");
    std::string const files[down + 1] = {files_of(directory / "logs", "rotating"),
                                         content_of(directory / "logs" / "plain.log"), printed,
                                         content_of(directory / "down.log")};
    std::string unread;
    found const received[sink_count] = {records_in(files[0], unread),
                                        records_in(files[1], unread),
                                        records_in(files[2], unread),
                                        records_in(files[3], unread),
                                        records_in(receiver.lines(), " n=\"", unread),
                                        records_in(receiver.entries(), "\nN=", unread)};
    require(unread.empty(), unread);
    for (std::size_t i = 0; i < sink_count; ++i) {
      fapilog::sink_account const& sink = shared_.sinks[i];
      std::string const name = sink_names[i];
      require(sink.pending == 0 && sink.balanced(), name + ": not balanced");
      std::uint64_t const expected = sink.delivered + (i == down ? shared_.recovered : 0);
      require(i != down || shared_.recovered == sink.spooled,
              name + ": spooled " + std::to_string(sink.spooled) + ", recovered " +
                  std::to_string(shared_.recovered));
      std::uint64_t const different = received[i].numbers.size() + received[i].reports;
      require(received[i].records == different,
              name + ": " + std::to_string(received[i].records - different) + " twice");
      require(different == expected,
              name + ": delivered " + std::to_string(expected) + ", found " + std::to_string(different));
    }
    return problems;
  }

  /// The contents of an active file and its rotated files. A file that is there twice counts twice.
  static std::string files_of(std::filesystem::path const& directory, std::string const& name) {
    std::string all;
    std::error_code error;
    for (auto const& item : std::filesystem::directory_iterator{directory, error}) {
      std::string const file = item.path().filename().string();
      if (file.starts_with(name) && !file.ends_with(".tmp")) all += content_of(item.path());
    }
    return all;
  }

  /// What a sink has got.
  struct found {
    std::uint64_t records = 0;
    std::uint64_t reports =
        0;                  ///< of fapilog itself, about records that another sink lost, and captured lines
    std::set<int> numbers;  ///< of the others
  };

  static found records_in(std::string const& text, std::string& unread) {
    found all;
    for (std::size_t at = 0; at < text.size(); ++all.records) {
      std::size_t const end = text.find('\n', at);
      if (end == std::string::npos) {
        unread += "a file ends with a part of a line";
        return all;
      }
      auto const line = nlohmann::json::parse(text.substr(at, end - at), nullptr, false);
      if (line.is_discarded()) {
        unread += "not JSON: " + text.substr(at, end - at);
        return all;
      }
      auto const& data = line.at("log").at("data");
      if (auto const n = data.find("n"); n != data.end()) all.numbers.insert(n->get<int>());
      else ++all.reports;
      at = end + 1;
    }
    return all;
  }

  /// `before`: what stands before the number of a record.
  static found records_in(std::vector<std::string> const& all_texts, std::string_view before,
                          std::string& unread) {
    found all;
    for (std::string const& text : all_texts) {
      ++all.records;
      std::size_t const at = text.find(before);
      if (at == std::string::npos) ++all.reports;
      else if (int const n = std::atoi(text.c_str() + at + before.size()); n > 0) all.numbers.insert(n);
      else unread += "no number: " + text;
    }
    return all;
  }

  report& shared_;
  output kind_;
  bool finds_literals_;
};

struct totals {
  std::size_t runs = 0;
  std::size_t failures = 0;
};

void try_call(report& shared, faults::plan const& now, totals& all) {
  faults::failing_function const& function = faults::functions()[now.function];
  ++all.runs;
  std::string const problems = trial{shared, function.name}.run_with(now);
  if (problems.empty()) return;
  ++all.failures;
  std::string const error{faults::error_name(now.error)};
  std::printf("%s %s %zu: %s\n", std::string{function.name}.c_str(), error.c_str(), now.first,
              problems.c_str());
  std::fflush(stdout);
}

int run_all(int argc, char** argv, report& shared) {
  constexpr std::size_t max_failures = 400;
  bool const every = std::getenv("FAPILOG_EVERY_FAULT") != nullptr;
  totals all;
  auto const functions = faults::functions();
  for (std::size_t f = 0; f < functions.size() && all.failures < max_failures; ++f) {
    faults::failing_function const& function = functions[f];
    if (argc > 1 && function.name != argv[1]) continue;
    if (argc == 1 && !every && function.name == "allocate") continue;  // failing_allocation_test has more
    std::string const problems = trial{shared, function.name}.run_with({f, 0, 0, 0});
    if (!problems.empty()) {
      std::printf("without a fault: %s\n", problems.c_str());
      return 1;
    }
    std::size_t const calls = shared.injected.calls[f];
    std::size_t const step =
        function.errors.size() == 1 && !every ? 12 : 1;  // of a sample, for a single error
    totals const before = all;
    for (std::size_t e = 0; e < function.errors.size() * step; ++e) {
      int const error = function.errors[e / step];
      if (argc > 2 && faults::error_name(error) != argv[2]) continue;
      if (argc > 3) {
        try_call(shared, {f, error, std::strtoull(argv[3], nullptr, 10), 1}, all);
      } else if (!every) {
        std::size_t const share = 2 * e + 1;  // spread over the run
        if (calls != 0)
          try_call(shared, {f, error, calls * share / (2 * function.errors.size() * step), 1}, all);
      } else {
        for (std::size_t n = 0; all.failures < max_failures; ++n) {
          try_call(shared, {f, error, n, 1}, all);
          if (shared.injected.calls[f] <= n) break;
        }
      }
    }
    std::printf("%-20s %6zu calls, %5zu runs, %zu failures\n", std::string{function.name}.c_str(), calls,
                all.runs - before.runs, all.failures - before.failures);
    std::fflush(stdout);
  }
  std::printf("%zu runs, %zu failures\n", all.runs, all.failures);
  return all.failures == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (support::sanitized) return 77;  // the sanitizers replace these functions, too
  void* const memory =
      ::mmap(nullptr, sizeof(report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return 77;
  return run_all(argc, argv, *::new (memory) report);
}

#else

int main() { return 77; }

#endif
