// SPDX-License-Identifier: MIT
// The smallest program: one line on standard output.
#include <fapilog/fapilog.hpp>

#include <chrono>

int main() {
  fapilog::runtime rt;
  auto log = rt.get_logger("billing");
  log.info("user logged in", fapilog::kv("user_id", 42), fapilog::kv("attempts", 3));
  auto const account = rt.drain(std::chrono::seconds{30});
  return account.submitted == 1 && account.processed == 1 ? 0 : 1;
}
