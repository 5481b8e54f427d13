// SPDX-License-Identifier: MIT
// What the benchmarks of destinations share: the records, the same lines by fmt alone, and the comparison with a plain client.
#pragma once

#include <fapilog/fapilog.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace bench {

struct cost {
  double seconds = 0;
  double processor_seconds = 0;  ///< of all threads
};

/// Starts when it is made.
class meter {
 public:
  [[nodiscard]] cost so_far() const {
    return {std::chrono::duration<double>(std::chrono::steady_clock::now() - begin_).count(),
            processor() - used_};
  }

 private:
  static double processor() {
    std::timespec now{};
    ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
  }
  std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
  double used_ = processor();
};

/// Prints why and ends.
[[noreturn]] inline void fail(char const* why) {
  std::fprintf(stderr, "%s\n", why);
  std::exit(1);
}

inline void log_all(fapilog::logger const& log, std::size_t records) {
  for (std::size_t i = 0; i < records; ++i) {
    log.info("request handled", fapilog::kv("user_id", "user-00012345"),
             fapilog::kv("status", 200 + static_cast<int>(i % 8)),
             fapilog::kv("latency_ms", static_cast<double>(i) * 0.25),
             fapilog::kv("path", "/api/v1/orders/8812/items/17"));
  }
}

/// The records by a runtime with this sink, until all are delivered.
template <class Sink>
cost by_fapilog(Sink sink, std::size_t records) {
  meter const time;
  fapilog::runtime rt{{.when_full = fapilog::when_full::block,
                       .sinks = {{std::move(sink), {.when_queue_full = fapilog::when_queue_full::block}}}}};
  log_all(rt.get_logger("bench"), records);
  if (rt.drain(std::chrono::seconds{300}).processed != records) fail("records of fapilog were not delivered");
  return time.so_far();
}

/// Appends record `i` as the sinks write it. Nothing is escaped; ids and times are constant.
inline void append_line(std::string& to, std::size_t i) {
  fmt::format_to(
      std::back_inserter(to),
      R"({{"schema_version":"1.1","log":{{"timestamp":"2026-11-28T20:00:00.000Z","level":"INFO","message":"{}",)"
      R"("logger":"bench","context":{{"message_id":"01a223c2-0b9e-7d3a-8e5f-0c2b7a9d4e61","correlation_id":null}},)"
      R"("diagnostics":{{"origin":"native","service":"bench_http_sink","env":"dev","version":"0.0.0","host":"vm","pid":{}}},)"
      R"("data":{{"user_id":"{}","status":{},"latency_ms":{},"path":"{}"}}}}}})",
      "request handled", 12'345, "user-00012345", 200 + static_cast<int>(i % 8),
      static_cast<double>(i) * 0.25, "/api/v1/orders/8812/items/17");
}

inline double median(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

/// Runs both in turn and prints medians and their ratios.
template <class Ours, class Plain>
void compare(char const* client, std::size_t records, int repetitions, Ours const& ours, Plain const& plain) {
  std::vector<double> ours_rate;
  std::vector<double> plain_rate;
  std::vector<double> ours_ns;
  std::vector<double> plain_ns;
  auto const count = static_cast<double>(records);
  for (int i = 0; i < repetitions; ++i) {
    cost const by_sink = ours(records);
    cost const by_client = plain(records);
    ours_rate.push_back(count / by_sink.seconds);
    plain_rate.push_back(count / by_client.seconds);
    ours_ns.push_back(by_sink.processor_seconds / count * 1e9);
    plain_ns.push_back(by_client.processor_seconds / count * 1e9);
  }
  std::printf("records a second: fapilog %.0f, %s %.0f, ratio %.2f\n", median(ours_rate), client,
              median(plain_rate), median(ours_rate) / median(plain_rate));
  std::printf("processor ns a record: fapilog %.0f, %s %.0f\n", median(ours_ns), client, median(plain_ns));
}

}  // namespace bench
