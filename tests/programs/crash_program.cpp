// SPDX-License-Identifier: MIT
// usage: fapilog_crash_program FILE abort|segv|throw: logs 1,000 records to FILE and crashes.
#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/rotating_file.hpp>

#include <cstdlib>
#include <stdexcept>
#include <string_view>
#include <utility>

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  fapilog::options options{.sinks = {fapilog::sinks::rotating_file{{.path = argv[1]}}}};
  options.when_full = fapilog::when_full::block;
  options.crash.enabled = true;
  fapilog::runtime rt{std::move(options)};
  auto const log = rt.get_logger();
  for (int i = 0; i < 1'000; ++i) log.info("before the crash", fapilog::kv("i", i));
  std::string_view const way = argv[2];
  if (way == "abort") std::abort();
  if (way == "throw") throw std::runtime_error{"uncaught"};
  *const_cast<int volatile*>(static_cast<int*>(nullptr)) = 1;
}
