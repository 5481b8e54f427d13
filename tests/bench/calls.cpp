// SPDX-License-Identifier: MIT
// Logs records whose instructions instructions.sh counts: bench_calls num|str|json <records> [<directory> [<rounds>]]; with a
// directory that is not empty, the runtime is kill-safe; with `recorder`, the flight recorder takes the records. Prints the least mean processor time of a call in the second half of the
// rounds (2): with 40 rounds of 20,000 records the calls write to memory that has been written before. Under callgrind with
// --collect-atstart=no, only the log calls are counted on the caller's thread, and on the worker's thread only its work
// from the first of these records until the sink has the last.
#include <fapilog/fapilog.hpp>
#include <fapilog/kill_safe.hpp>

#include <valgrind/callgrind.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <semaphore>
#include <string>
#include <string_view>
#include <thread>

namespace {

/// Blocks the worker at the first batch of a round until all calls are made: the calls find the worker awake, and the worker
/// finds a full lane. Nothing waits while instructions are counted, so the counts are reproducible.
class gate {
 public:
  void begin_round(std::size_t records, bool counts) {
    left_ = records;
    is_open_ = false;
    counts_ = counts;
  }

  /// The sink of the measured runtime.
  void write(fapilog::batch const& entries) {
    if (!is_open_) {
      reached_.release();
      opened_.acquire();
      is_open_ = true;
      if (counts_) CALLGRIND_TOGGLE_COLLECT;
      return;
    }
    left_ -= entries.size();
    if (left_ != 0) return;
    if (counts_) CALLGRIND_TOGGLE_COLLECT;
    done_.release();
  }

  void wait_for_worker() { reached_.acquire(); }
  void open() { opened_.release(); }
  void wait_for_end() { done_.acquire(); }

 private:
  std::size_t left_ = 0;
  bool is_open_ = false;
  bool counts_ = false;
  std::binary_semaphore reached_{0};
  std::binary_semaphore opened_{0};
  std::binary_semaphore done_{0};
};

void log_all(fapilog::logger const& log, std::string_view message, std::size_t records) {
  std::string const user = "user-00012345";
  std::string const path = "/api/v1/orders/8812/items/17";
  std::string const text = "the quick brown fox jumps over the7";
  // The same number of digits in every record.
  if (message == "num") {
    for (std::size_t i = 100'000; i < 100'000 + records; ++i) {
      log.info("number {} and {} and {}", i, i * 2, static_cast<double>(i) * 0.25);
    }
  } else if (message == "str") {
    for (std::size_t i = 100'000; i < 100'000 + records; ++i) {
      log.info("text {} and {} and {}", text, i, static_cast<double>(i) * 0.25);
    }
  } else {
    for (std::size_t i = 100'000; i < 100'000 + records; ++i) {
      log.info("request handled", fapilog::kv("user_id", user),
               fapilog::kv("status", 200 + static_cast<int>(i % 8)),
               fapilog::kv("latency_ms", static_cast<double>(i) * 0.25), fapilog::kv("path", path));
    }
  }
}

/// Processor time of this thread, which other programs on the machine do not change much.
double processor_ns() {
  std::timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e9 + static_cast<double>(now.tv_nsec);
}

void run(std::string_view message, std::size_t records, char const* directory, std::size_t rounds) {
  bool const is_recorded = std::string_view{directory} == "recorder";
  auto const sink = std::make_shared<gate>();
  fapilog::options options;
  options.sinks.clear();
  options.sinks.emplace_back(sink);
  options.lane_bytes = std::size_t{16} << 20;
  options.batch_max_size = 1'000'000;                 // one batch: a full batch would start the helper thread
  options.use_membarrier = RUNNING_ON_VALGRIND == 0;  // valgrind does not support it
  options.when_full = fapilog::when_full::block;
  options.kill_safe.directory = is_recorded ? "" : directory;
  options.flight_recorder.enabled = is_recorded;
  if (is_recorded) options.log_level = fapilog::level::warning;
  fapilog::runtime runtime{options};
  auto const log = runtime.get_logger("bench");
  double min_ns = 1e12;
  for (std::size_t round = 0; round < rounds; ++round) {
    bool const counts = round >= rounds / 2;  // buffers grow before
    sink->begin_round(records, counts && !is_recorded);
    log.warning("first");
    sink->wait_for_worker();
    double const begin = processor_ns();
    if (counts) CALLGRIND_TOGGLE_COLLECT;
    log_all(log, message, records);
    if (counts) CALLGRIND_TOGGLE_COLLECT;
    double const lasted = processor_ns() - begin;
    if (counts) min_ns = (std::min)(min_ns, lasted / static_cast<double>(records));
    sink->open();
    if (is_recorded) (void)runtime.flush();
    else sink->wait_for_end();
  }
  std::printf("%.1f ns\n", min_ns);
}

}  // namespace

int main(int argc, char** argv) {
  std::string_view const message = argc >= 3 && argc <= 5 ? argv[1] : "";
  if (message != "num" && message != "str" && message != "json") {
    std::fprintf(stderr, "usage: %s num|str|json <records> [<directory>|recorder [<rounds>]]\n", argv[0]);
    return 2;
  }
  run(message, std::strtoul(argv[2], nullptr, 10), argc > 3 ? argv[3] : "",
      argc > 4 ? std::strtoul(argv[4], nullptr, 10) : 2);
  return 0;
}
