// SPDX-License-Identifier: MIT
// The part of a program that is compiled with -fno-exceptions: it only logs. See with_exceptions.cpp.
#include <fapilog/logger.hpp>

#include <exception>
#include <string>
#include <vector>

#include "throwing_value.hpp"

void log_without_exceptions(fapilog::logger const& log, std::exception_ptr const& error,
                            std::exception const& other) {
  std::vector<int> const list{1, 2, 3};
  fapilog::scope const scoped{fapilog::kv("request_id", "r-1")};
  log.info("order {} of {}", 7, std::string{"Ada"}, fapilog::kv("list", list));
  log.error("pointer", fapilog::caught(error));
  log.error("exception", fapilog::caught(other));
  log.info("value", fapilog::kv("value", throwing_value{}));
  log.info("formatted {}", throwing_format{});
  log.with(fapilog::kv("bound", list)).info("bound");
}
