// SPDX-License-Identifier: MIT
// The cost of redaction: realistic records to a file under the options of `production` and of `hardened`, alternately with
// and without their stages. usage: bench_stages [records] [folder]
#include "harness/measure.hpp"

#include <fapilog/fapilog.hpp>

#include <cstddef>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>

#include <unistd.h>

namespace {

/// Records of a web shop: requests, queries, calls of other services, orders, warnings.
void log_some(auto const& log, std::size_t i) {
  using fapilog::kv;
  static std::string const user = "user-00012345";
  static std::string const path = "/api/v1/orders/8812/items/17";
  static std::string const agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
  static std::string const query =
      "SELECT id, total, created_at FROM orders WHERE customer = $1 ORDER BY id LIMIT 50";
  static std::string const url = "https://payments.example.com/v2/charges?order=8812&currency=EUR";
  auto const ms = static_cast<double>(i % 100'000) * 1.37;
  switch (i % 6) {
    case 0:
    case 1:
      return log.info("request handled", kv("user_id", user), kv("status", 200 + i % 8), kv("latency_ms", ms),
                      kv("path", path), kv("method", "GET"), kv("user_agent", agent),
                      kv("bytes", i % 65'536));
    case 2:
      return log.debug("query took {} ms", ms, kv("query", query), kv("rows", i % 50), kv("table", "orders"));
    case 3:
      return log.info("upstream answered", kv("url", url), kv("status", 200), kv("attempt", 1),
                      kv("latency_ms", ms), kv("api_key", "sk_live_3f9a8b7c6d5e"));
    case 4:
      return log.info("order {} of {} accepted", i, user, kv("total", ms), kv("currency", "EUR"),
                      kv("items", 3), kv("email", "jane.doe@example.com"), kv("is_first", false));
    default:
      return log.warning("cache miss for key {}", path, kv("region", "eu-1"), kv("ttl_s", 300),
                         kv("size", i));
  }
}

/// Returns nanoseconds per record until all are in the file.
template <fapilog::preset const& P>
double time_of(std::size_t records, std::string const& path, bool with_stages) {
  fapilog::basic_options<P> o{.log_level = fapilog::level::debug};
  o.when_full = fapilog::when_full::block;
  o.adaptive.enabled = false;  // it would drop records under this load
  if (!with_stages) o.redactors.clear();
  o.sinks.clear();
  o.sinks.emplace_back(fapilog::sinks::rotating_file{{.path = path, .max_bytes = 0}});
  double took = 0;
  {
    fapilog::basic_runtime<P> rt{std::move(o)};
    auto const log = rt.get_logger("shop.web");
    log_some(log, 0);
    (void)rt.flush(std::chrono::minutes{1});
    auto const begin = bench::clock::now();
    for (std::size_t i = 0; i < records; ++i) log_some(log, i);
    auto const end = rt.flush(std::chrono::minutes{5});
    took = std::chrono::duration<double, std::nano>(bench::clock::now() - begin).count();
    if (end.processed != records + 1) {
      std::fprintf(stderr, "%llu of %zu records are in the file\n",
                   static_cast<unsigned long long>(end.processed), records + 1);
      std::exit(2);
    }
  }
  ::unlink(path.c_str());
  return took / static_cast<double>(records);
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t const records = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 300'000;
  std::string const path =
      std::string{argc > 2 ? argv[2] : "/dev/shm"} + "/fapilog-bench-stages-" + std::to_string(::getpid());
  for (bool const with_stages : {false, true}) {
    char const* const which = with_stages ? "with" : "without";
    bench::report{"fapilog", "production", "stages", which}(
        "total_ns", time_of<fapilog::presets::production>(records, path, with_stages));
    bench::report{"fapilog", "hardened", "stages", which}(
        "total_ns", time_of<fapilog::presets::hardened>(records, path, with_stages));
  }
  return 0;
}
