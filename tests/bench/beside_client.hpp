// SPDX-License-Identifier: MIT
// What the benchmarks of destinations share: the records, the content that a plain client makes with fmt, and the comparison.
#pragma once

#include <fapilog/fapilog.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

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

/// What a program without fapilog needs for a record: the time of the call, an id, and escaped strings. As a careful program does
/// it: the date is made once a second, and a string without special characters is copied at once.
class plain_content {
 public:
  /// Takes the time and the next id, which are a timestamp with this many digits (3 to 9) and a UUID of version 7.
  void next(unsigned digits) {
    std::timespec now{};
    ::clock_gettime(CLOCK_REALTIME, &now);
    if (now.tv_sec != second_) {
      second_ = now.tv_sec;
      std::tm utc{};
      ::gmtime_r(&now.tv_sec, &utc);
      date_.resize(32);
      date_.resize(std::strftime(date_.data(), date_.size(), "%Y-%m-%dT%H:%M:%S", &utc));
    }
    long fraction = now.tv_nsec;
    for (unsigned i = digits; i < 9; ++i) fraction /= 10;
    time_.clear();
    fmt::format_to(std::back_inserter(time_), "{}.{:0{}}Z", date_, fraction, digits);
    auto const ms =
        static_cast<std::uint64_t>(now.tv_sec) * 1'000 + static_cast<std::uint64_t>(now.tv_nsec) / 1'000'000;
    ++count_;
    id_.clear();
    fmt::format_to(std::back_inserter(id_), "{:08x}-{:04x}-7{:03x}-8{:03x}-{:012x}", ms >> 16, ms & 0xFFFF,
                   count_ >> 60, (count_ >> 48) & 0xFFF, count_ & 0xFFFFFFFFFFFF);
  }
  [[nodiscard]] std::string const& time() const noexcept { return time_; }
  [[nodiscard]] std::string const& id() const noexcept { return id_; }

  /// Appends a string of JSON without its quotes, or a parameter of RFC 5424, in which `]` is escaped, too.
  static void append(std::string& to, std::string_view text, bool escapes_bracket = false) {
    auto const is_special = [escapes_bracket](char c) {
      return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\' || (c == ']' && escapes_bracket);
    };
    if (std::none_of(text.begin(), text.end(), is_special)) {
      to += text;
      return;
    }
    for (char const c : text) {
      if (static_cast<unsigned char>(c) < 0x20) {
        fmt::format_to(std::back_inserter(to), "\\u{:04x}", static_cast<unsigned>(c));
        continue;
      }
      if (is_special(c)) to += '\\';
      to += c;
    }
  }

 private:
  std::string date_;
  std::string time_;
  std::string id_;
  std::time_t second_ = 0;
  std::uint64_t count_ = static_cast<std::uint64_t>(::getpid()) << 40;
};

/// Appends record `i` as the sinks write it, by fmt.
inline void append_line(std::string& to, plain_content& content, std::size_t i) {
  auto const out = [&to] { return std::back_inserter(to); };
  content.next(3);
  fmt::format_to(out(), R"({{"schema_version":"1.1","log":{{"timestamp":"{}","level":"INFO","message":")",
                 content.time());
  plain_content::append(to, "request handled");
  fmt::format_to(out(),
                 R"(","logger":"bench","context":{{"message_id":"{}","correlation_id":null,"user_id":")",
                 content.id());
  plain_content::append(to, "user-00012345");
  fmt::format_to(
      out(),
      R"("}},"diagnostics":{{"origin":"native","service":"bench_client_sinks","env":"dev","version":"0.0.0","host":"vm",)"
      R"("pid":{}}},"data":{{"status":{},"latency_ms":{},"path":")",
      12'345, 200 + static_cast<int>(i % 8), static_cast<double>(i) * 0.25);
  plain_content::append(to, "/api/v1/orders/8812/items/17");
  to += R"("}}})";
}

inline double median(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

/// Runs both in turn, and prints medians of both and of the ratios of each turn: above 1, the sink is faster or takes less.
template <class Ours, class Plain>
void compare(char const* client, std::size_t records, int repetitions, Ours const& ours, Plain const& plain) {
  std::vector<double> ours_rate;
  std::vector<double> plain_rate;
  std::vector<double> ours_ns;
  std::vector<double> plain_ns;
  std::vector<double> rate_ratio;
  std::vector<double> time_ratio;
  auto const count = static_cast<double>(records);
  for (int i = 0; i < repetitions; ++i) {
    cost const by_sink = ours(records);
    cost const by_client = plain(records);
    ours_rate.push_back(count / by_sink.seconds);
    plain_rate.push_back(count / by_client.seconds);
    ours_ns.push_back(by_sink.processor_seconds / count * 1e9);
    plain_ns.push_back(by_client.processor_seconds / count * 1e9);
    rate_ratio.push_back(by_client.seconds / by_sink.seconds);
    time_ratio.push_back(by_client.processor_seconds / by_sink.processor_seconds);
  }
  std::printf("records a second: fapilog %.0f, %s %.0f, ratio %.2f\n", median(ours_rate), client,
              median(plain_rate), median(rate_ratio));
  std::printf("processor ns a record: fapilog %.0f, %s %.0f, ratio %.2f\n", median(ours_ns), client,
              median(plain_ns), median(time_ratio));
}

}  // namespace bench
