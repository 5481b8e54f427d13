// SPDX-License-Identifier: MIT
// The macros of spdlog and glog on fapilog, with fields: the only header of the library that defines macros for users.
#pragma once

#include <fapilog/integrations/compat_spdlog.hpp>
#include <fapilog/integrations/log_stream.hpp>

#if defined(SPDLOG_INFO) || defined(LOG_IF) || defined(VLOG)
#error \
    "fapilog: compat_macros.hpp replaces the macros of spdlog, glog and absl; do not include both in one file"
#endif

// NOLINTBEGIN(readability-identifier-naming, bugprone-macro-parentheses): the names and the grammar of these libraries
// --- spdlog: SPDLOG_INFO("took {} ms", n, fapilog::kv("order", id)) ---

#define SPDLOG_LEVEL_TRACE 0
#define SPDLOG_LEVEL_DEBUG 1
#define SPDLOG_LEVEL_INFO 2
#define SPDLOG_LEVEL_WARN 3
#define SPDLOG_LEVEL_ERROR 4
#define SPDLOG_LEVEL_CRITICAL 5
#define SPDLOG_LEVEL_OFF 6
#ifndef SPDLOG_ACTIVE_LEVEL
#define SPDLOG_ACTIVE_LEVEL SPDLOG_LEVEL_INFO
#endif

#define FAPILOG_DETAIL_SPDLOG_CALL(number, log, call)           \
  do {                                                          \
    if constexpr (SPDLOG_ACTIVE_LEVEL <= (number)) (log)->call; \
  } while (false)

#define SPDLOG_LOGGER_TRACE(log, ...) FAPILOG_DETAIL_SPDLOG_CALL(SPDLOG_LEVEL_TRACE, log, trace(__VA_ARGS__))
#define SPDLOG_LOGGER_DEBUG(log, ...) FAPILOG_DETAIL_SPDLOG_CALL(SPDLOG_LEVEL_DEBUG, log, debug(__VA_ARGS__))
#define SPDLOG_LOGGER_INFO(log, ...) FAPILOG_DETAIL_SPDLOG_CALL(SPDLOG_LEVEL_INFO, log, info(__VA_ARGS__))
#define SPDLOG_LOGGER_WARN(log, ...) FAPILOG_DETAIL_SPDLOG_CALL(SPDLOG_LEVEL_WARN, log, warn(__VA_ARGS__))
#define SPDLOG_LOGGER_ERROR(log, ...) FAPILOG_DETAIL_SPDLOG_CALL(SPDLOG_LEVEL_ERROR, log, error(__VA_ARGS__))
#define SPDLOG_LOGGER_CRITICAL(log, ...) \
  FAPILOG_DETAIL_SPDLOG_CALL(SPDLOG_LEVEL_CRITICAL, log, critical(__VA_ARGS__))
#define SPDLOG_TRACE(...) SPDLOG_LOGGER_TRACE(::fapilog::compat::spdlog::default_logger(), __VA_ARGS__)
#define SPDLOG_DEBUG(...) SPDLOG_LOGGER_DEBUG(::fapilog::compat::spdlog::default_logger(), __VA_ARGS__)
#define SPDLOG_INFO(...) SPDLOG_LOGGER_INFO(::fapilog::compat::spdlog::default_logger(), __VA_ARGS__)
#define SPDLOG_WARN(...) SPDLOG_LOGGER_WARN(::fapilog::compat::spdlog::default_logger(), __VA_ARGS__)
#define SPDLOG_ERROR(...) SPDLOG_LOGGER_ERROR(::fapilog::compat::spdlog::default_logger(), __VA_ARGS__)
#define SPDLOG_CRITICAL(...) SPDLOG_LOGGER_CRITICAL(::fapilog::compat::spdlog::default_logger(), __VA_ARGS__)

// --- glog and absl: LOG(INFO) << "took " << n << " ms" << fapilog::kv("order", id) ---

#define FAPILOG_DETAIL_LEVEL_INFO ::fapilog::level::info
#define FAPILOG_DETAIL_LEVEL_WARNING ::fapilog::level::warning
#define FAPILOG_DETAIL_LEVEL_ERROR ::fapilog::level::error
#define FAPILOG_DETAIL_LEVEL_FATAL ::fapilog::level::critical
#define FAPILOG_DETAIL_END_INFO ::fapilog::compat::log_end
#define FAPILOG_DETAIL_END_WARNING ::fapilog::compat::log_end
#define FAPILOG_DETAIL_END_ERROR ::fapilog::compat::log_end
#define FAPILOG_DETAIL_END_FATAL ::fapilog::compat::log_end_and_abort

#define FAPILOG_DETAIL_LOG_STREAM(severity)                                                      \
  ::fapilog::compat::log_stream(::fapilog::compat::spdlog::default_logger()->native(), severity, \
                                ::fapilog::detail::call_site::current())                         \
      .self()
#define FAPILOG_DETAIL_LOG_IS_ON(severity) \
  ::fapilog::compat::spdlog::default_logger()->native().is_enabled(severity)

// FATAL aborts even if its level is off.
#define FAPILOG_DETAIL_MUST_RUN_INFO FAPILOG_DETAIL_LOG_IS_ON(::fapilog::level::info)
#define FAPILOG_DETAIL_MUST_RUN_WARNING FAPILOG_DETAIL_LOG_IS_ON(::fapilog::level::warning)
#define FAPILOG_DETAIL_MUST_RUN_ERROR FAPILOG_DETAIL_LOG_IS_ON(::fapilog::level::error)
#define FAPILOG_DETAIL_MUST_RUN_FATAL true

#define LOG_IF(severity, condition)                    \
  !(FAPILOG_DETAIL_MUST_RUN_##severity && (condition)) \
      ? (void)0                                        \
      : FAPILOG_DETAIL_END_##severity{} & FAPILOG_DETAIL_LOG_STREAM(FAPILOG_DETAIL_LEVEL_##severity)
#define LOG(severity) LOG_IF(severity, true)
#define FAPILOG_DETAIL_LOG_LIMITED(severity, rule)                                \
  LOG_IF(severity, ::fapilog::compat::admits(::fapilog::detail::call_limit::rule, \
                                             ::fapilog::detail::call_site::current()))
#define LOG_EVERY_N(severity, n) FAPILOG_DETAIL_LOG_LIMITED(severity, every_nth(n))
#define LOG_FIRST_N(severity, n) FAPILOG_DETAIL_LOG_LIMITED(severity, first(n))
#define LOG_EVERY_T(severity, seconds) \
  FAPILOG_DETAIL_LOG_LIMITED(          \
      severity,                        \
      every(std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds))))

#define VLOG_IS_ON(number) (::fapilog::compat::verbosity.load(std::memory_order_relaxed) >= (number))
#define VLOG_IF(number, condition) LOG_IF(INFO, VLOG_IS_ON(number) && (condition))
#define VLOG(number) VLOG_IF(number, true)

#ifdef NDEBUG
#define DLOG(severity) LOG_IF(severity, false)
#define DCHECK(condition) \
  while (false) CHECK(condition)
#else
#define DLOG(severity) LOG(severity)
#define DCHECK(condition) CHECK(condition)
#endif

#define CHECK(condition) LOG_IF(FATAL, !(condition)) << "Check failed: " #condition " "
#define FAPILOG_DETAIL_CHECK_OP(a, op, b)                                                             \
  for (std::string fapilog_failed = ::fapilog::compat::failed_check(                                  \
           a, b, [](auto const&left, auto const&right) { return left op right; }, #a " " #op " " #b); \
       !fapilog_failed.empty();)                                                                      \
  LOG(FATAL) << fapilog_failed
#define CHECK_EQ(a, b) FAPILOG_DETAIL_CHECK_OP(a, ==, b)
#define CHECK_NE(a, b) FAPILOG_DETAIL_CHECK_OP(a, !=, b)
#define CHECK_LT(a, b) FAPILOG_DETAIL_CHECK_OP(a, <, b)
#define CHECK_LE(a, b) FAPILOG_DETAIL_CHECK_OP(a, <=, b)
#define CHECK_GT(a, b) FAPILOG_DETAIL_CHECK_OP(a, >, b)
#define CHECK_GE(a, b) FAPILOG_DETAIL_CHECK_OP(a, >=, b)
#define CHECK_NOTNULL(pointer) CHECK((pointer) != nullptr)
// NOLINTEND(readability-identifier-naming, bugprone-macro-parentheses)
