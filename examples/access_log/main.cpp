// SPDX-License-Identifier: MIT
// Logs each request of an Apache access log (combined format) as JSON with typed fields, from several threads.
#include "combined_log.hpp"

#include <fapilog/fapilog.hpp>

#include <fmt/format.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <istream>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

using fapilog::kv;
using fapilog::level;

namespace {

constexpr std::string_view usage =
    "usage: access_log [--threads N] [FILE]\n"
    "Reads an Apache access log in the combined format from FILE, or from standard input.\n"
    "Writes each line as one JSON record to standard output, then their account to standard error.\n"
    "  --threads N   number of threads that parse and log, 1 to 256 (default: 4)\n"
    "  --help        print this help\n"
    "Status: 0 if every line was logged, 1 if not, 2 for wrong usage or a file that cannot be opened.\n";

struct arguments {
  unsigned threads = 4;
  std::string file = "-";
  bool help = false;
};

std::optional<arguments> parse_arguments(std::vector<std::string_view> const& words) {
  arguments chosen;
  bool has_file = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string_view const word = words[i];
    if (word == "--help") {
      chosen.help = true;
    } else if (word == "--threads" && i + 1 < words.size()) {
      chosen.threads = combined_log::parse_number<unsigned>(words[++i]).value_or(0);
      if (chosen.threads < 1 || chosen.threads > 256) return std::nullopt;
    } else if (!has_file && (word == "-" || !word.starts_with('-'))) {
      chosen.file = word;
      has_file = true;
    } else {
      return std::nullopt;
    }
  }
  return chosen;
}

/// Distributes the lines of a stream among threads.
class line_source {
 public:
  explicit line_source(std::istream& in) : in_(in) {}

  /// Takes the next line and returns its number, from 1; 0 after the last.
  std::uint64_t next(std::string& line) {
    std::lock_guard const lock{mutex_};
    return std::getline(in_, line) ? ++count_ : 0;
  }
  /// Number of lines read so far. Call it only after all threads have finished.
  [[nodiscard]] std::uint64_t count() const { return count_; }

 private:
  std::mutex mutex_;
  std::istream& in_;
  std::uint64_t count_ = 0;
};

level level_of(int status) {
  if (status >= 500) return level::error;
  return status >= 400 ? level::warning : level::info;
}

/// Logs all lines and returns how many of them were not in the combined format.
std::uint64_t log_lines(fapilog::logger const& log, line_source& lines) {
  std::uint64_t unreadable = 0;
  std::string line;
  while (auto const number = lines.next(line)) {
    auto const scope = fapilog::scope(kv("request_id", number));
    auto const request = combined_log::parse(line);
    if (!request) {
      ++unreadable;
      log.warning("line is not in the combined format", kv("line", line));
      continue;
    }
    log.log(level_of(request->status), "{} -> {}", request->line, request->status,
            kv("client", request->client), kv("user", request->user), kv("requested_at", request->time),
            kv("method", request->method), kv("path", request->path), kv("protocol", request->protocol),
            kv("status", request->status), kv("bytes", request->bytes), kv("referrer", request->referrer),
            kv("user_agent", request->user_agent));
  }
  return unreadable;
}

std::string to_text(fapilog::account const& a) {
  return fmt::format(
      "submitted {} = processed {} + filtered {} + dropped {} (queue_full {}, closed {}, no_memory {}, "
      "reentrant {}) + failed {} + pending {}; retried {}, most bytes waiting in a lane {}, "
      "drained in {:.3f} s, {}, {}",
      a.submitted, a.processed, a.filtered, a.dropped.total(), a.dropped.queue_full, a.dropped.closed,
      a.dropped.no_memory, a.dropped.reentrant, a.failed, a.pending, a.retried, a.queue_depth_high_watermark,
      a.flush_latency, a.complete ? "complete" : "NOT COMPLETE", a.balanced() ? "balanced" : "NOT BALANCED");
}

}  // namespace

int main(int argc, char** argv) {
  std::ios_base::sync_with_stdio(false);
  auto const chosen = parse_arguments({argv + 1, argv + argc});
  if (!chosen || chosen->help) {
    (chosen ? std::cout : std::cerr) << usage;
    return chosen ? 0 : 2;
  }
  std::ifstream file;
  if (chosen->file != "-") {
    file.open(chosen->file);
    if (!file) {
      fmt::print(stderr, "access_log: cannot open {}\n", chosen->file);
      return 2;
    }
  }
  std::istream& in = chosen->file == "-" ? std::cin : file;

  fapilog::runtime rt{{.log_level = level::info,
                       .when_full = fapilog::when_full::block,  // calls wait for room: nothing is lost
                       .sinks = {fapilog::sinks::stdout_json{}}}};
  auto const log = rt.get_logger("access_log");

  line_source lines{in};
  std::atomic<std::uint64_t> unreadable = 0;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < chosen->threads; ++i) {
    threads.emplace_back([&] { unreadable += log_lines(log, lines); });
  }
  for (std::thread& thread : threads) thread.join();

  auto const account = rt.drain(std::chrono::minutes{1});
  fmt::print(stderr, "access_log: {} lines, {} of them not in the combined format, {} threads: {}\n",
             lines.count(), unreadable.load(), threads.size(), to_text(account));
  if (in.bad()) fmt::print(stderr, "access_log: {} could not be read to its end\n", chosen->file);

  bool const all_there =
      account.complete && account.balanced() && account.processed == lines.count() && !in.bad();
  return all_there ? EXIT_SUCCESS : EXIT_FAILURE;
}
