// SPDX-License-Identifier: MIT
// A first program: messages with typed fields, an exception, and fields bound to a logger and to a block.
#include <fapilog/fapilog.hpp>

#include <chrono>
#include <stdexcept>

using fapilog::kv;

int main() {
  fapilog::runtime rt;
  auto log = rt.get_logger("billing");

  log.info("user logged in", kv("user_id", 42), kv("ip", "203.0.113.7"));
  log.warning("took {} after {} tries", std::chrono::milliseconds{350}, 3, kv("order", 1001));
  try {
    throw std::runtime_error{"card declined"};
  } catch (std::exception const& e) {
    log.error("charge failed", fapilog::caught(e), kv("order", 1001));
  }

  auto request = log.with(kv("request_id", "r-7"));      // added to every record of this logger
  auto scope = fapilog::scope(kv("tenant_id", "acme"));  // added to this thread's records in this block
  request.info("charged", kv("amount", 19.99), kv("retried", true));
}  // the runtime writes the records that are still queued
