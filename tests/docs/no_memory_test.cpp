// SPDX-License-Identifier: MIT
// Tests that a call without memory returns, counts as `no_memory`, and loses no other record.
#include <fapilog/fapilog.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>

#include <sys/resource.h>

namespace {

constexpr std::size_t mib = std::size_t{1} << 20;

int failures = 0;

void check(bool truth, char const* what, fapilog::account const& a) {
  if (truth) return;
  ++failures;
  std::fprintf(stderr, "%s: submitted %llu, processed %llu, no_memory %llu, pending %llu\n", what,
               static_cast<unsigned long long>(a.submitted), static_cast<unsigned long long>(a.processed),
               static_cast<unsigned long long>(a.dropped.no_memory),
               static_cast<unsigned long long>(a.pending));
}

void without_a_lane() {
  fapilog::runtime rt{{.lane_bytes = 1'024 * mib, .sinks = {}}};
  auto const log = rt.get_logger();
  for (int i = 0; i < 3; ++i) log.info("no room for a lane");
  auto const end = rt.drain(std::chrono::seconds{30});
  check(end.complete && end.balanced() && end.submitted == 3 && end.dropped.no_memory == 3, "without a lane",
        end);
}

void without_a_block() {
  fapilog::runtime rt{{.max_record_bytes = 1'024 * mib, .sinks = {}}};
  auto const log = rt.get_logger();
  std::string const text(300 * mib, 'x');
  log.info("before");
  log.info("no room for the record", fapilog::kv("text", text));
  log.info("after");
  auto const end = rt.drain(std::chrono::seconds{30});
  check(end.complete && end.balanced() && end.processed == 2 && end.dropped.no_memory == 1, "without a block",
        end);
}

}  // namespace

int main() {
  ::rlimit limit{};
  ::getrlimit(RLIMIT_AS, &limit);
  limit.rlim_cur = 512 * mib;
  if (::setrlimit(RLIMIT_AS, &limit) != 0) return 77;
  without_a_lane();
  without_a_block();
  return failures == 0 ? 0 : 1;
}
