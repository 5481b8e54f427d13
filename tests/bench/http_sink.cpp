// SPDX-License-Identifier: MIT
// The HTTP sink beside a loop that formats the same lines with fmt and sends them with libcurl in requests of the same size, over one
// connection each: bench_http_sink URL [RECORDS [REPETITIONS]]. The loop escapes nothing, and its ids and times are constant. Prints
// medians and their ratios. http_sink.sh starts a server and runs it.
#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/http.hpp>

#include <fmt/format.h>
#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

namespace {

constexpr std::size_t lines_in_request = 500;

struct cost {
  double seconds = 0;
  double processor_seconds = 0;
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

void log_all(fapilog::logger const& log, std::size_t records) {
  for (std::size_t i = 0; i < records; ++i) {
    log.info("request handled", fapilog::kv("user_id", "user-00012345"),
             fapilog::kv("status", 200 + static_cast<int>(i % 8)),
             fapilog::kv("latency_ms", static_cast<double>(i) * 0.25),
             fapilog::kv("path", "/api/v1/orders/8812/items/17"));
  }
}

/// Prints why and ends.
[[noreturn]] void fail(char const* why) {
  std::fprintf(stderr, "bench_http_sink: %s\n", why);
  std::exit(1);
}

cost by_fapilog(std::string const& url, std::size_t records) {
  meter const time;
  fapilog::runtime rt{{.when_full = fapilog::when_full::block,
                       .sinks = {{fapilog::sinks::http{{.url = url, .batch_size = lines_in_request}},
                                  {.when_queue_full = fapilog::when_queue_full::block}}}}};
  log_all(rt.get_logger("bench"), records);
  if (rt.drain(std::chrono::seconds{300}).processed != records) fail("records of fapilog were not delivered");
  return time.so_far();
}

std::size_t ignore(char*, std::size_t size, std::size_t count, void*) { return size * count; }

cost by_libcurl(std::string const& url, std::size_t records) {
  meter const time;
  std::unique_ptr<CURL, decltype(&::curl_easy_cleanup)> const handle{::curl_easy_init(),
                                                                     &::curl_easy_cleanup};
  std::unique_ptr<curl_slist, decltype(&::curl_slist_free_all)> const headers{
      ::curl_slist_append(nullptr, "Content-Type: application/json"), &::curl_slist_free_all};
  ::curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
  ::curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
  ::curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, &ignore);
  ::curl_easy_setopt(handle.get(), CURLOPT_POST, 1L);
  std::string body;
  for (std::size_t i = 0; i < records;) {
    body = "[";
    for (std::size_t in_body = 0; in_body < lines_in_request && i < records; ++in_body, ++i) {
      if (in_body != 0) body += ',';
      fmt::format_to(
          std::back_inserter(body),
          R"({{"schema_version":"1.1","log":{{"timestamp":"2026-11-28T20:00:00.000Z","level":"INFO","message":"{}",)"
          R"("logger":"bench","context":{{"message_id":"01a223c2-0b9e-7d3a-8e5f-0c2b7a9d4e61","correlation_id":null}},)"
          R"("diagnostics":{{"origin":"native","service":"bench_http_sink","env":"dev","version":"0.0.0","host":"vm","pid":{}}},)"
          R"("data":{{"user_id":"{}","status":{},"latency_ms":{},"path":"{}"}}}}}})",
          "request handled", 12'345, "user-00012345", 200 + static_cast<int>(i % 8),
          static_cast<double>(i) * 0.25, "/api/v1/orders/8812/items/17");
    }
    body += ']';
    ::curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDS, body.data());
    ::curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    long status = 0;
    if (::curl_easy_perform(handle.get()) != CURLE_OK ||
        ::curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status / 100 != 2)
      fail("the server refuses the loop of libcurl");
  }
  return time.so_far();
}

double median(std::vector<double> all) {
  std::sort(all.begin(), all.end());
  return all[all.size() / 2];
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) fail("usage: bench_http_sink URL [RECORDS [REPETITIONS]]");
  std::string const url = argv[1];
  std::size_t const records = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 200'000;
  int const repetitions = argc > 3 ? std::atoi(argv[3]) : 7;
  std::vector<double> ours_rate;
  std::vector<double> plain_rate;
  std::vector<double> ours_ns;
  std::vector<double> plain_ns;
  auto const count = static_cast<double>(records);
  for (int i = 0; i < repetitions; ++i) {
    cost const ours = by_fapilog(url, records);
    cost const plain = by_libcurl(url, records);
    ours_rate.push_back(count / ours.seconds);
    plain_rate.push_back(count / plain.seconds);
    ours_ns.push_back(ours.processor_seconds / count * 1e9);
    plain_ns.push_back(plain.processor_seconds / count * 1e9);
  }
  std::printf("records a second: fapilog %.0f, libcurl %.0f, ratio %.2f\n", median(ours_rate),
              median(plain_rate), median(ours_rate) / median(plain_rate));
  std::printf("processor ns a record: fapilog %.0f, libcurl %.0f\n", median(ours_ns), median(plain_ns));
  return 0;
}
