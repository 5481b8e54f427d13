// SPDX-License-Identifier: MIT
// The macros of spdlog and glog on fapilog, with fields: the only header of the library that defines macros for users.
#pragma once

#include <fapilog/integrations/compat_spdlog.hpp>
#include <fapilog/integrations/log_stream.hpp>

#include <cerrno>
#include <chrono>
#include <optional>
#include <string>

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
#define FAPILOG_DETAIL_END_INFO ::fapilog::compat::detail::log_end
#define FAPILOG_DETAIL_END_WARNING ::fapilog::compat::detail::log_end
#define FAPILOG_DETAIL_END_ERROR ::fapilog::compat::detail::log_end
#define FAPILOG_DETAIL_END_FATAL ::fapilog::compat::detail::log_end_and_abort

#ifdef NDEBUG
#define FAPILOG_DETAIL_LEVEL_DFATAL FAPILOG_DETAIL_LEVEL_ERROR
#define FAPILOG_DETAIL_END_DFATAL FAPILOG_DETAIL_END_ERROR
#define FAPILOG_DETAIL_MUST_RUN_DFATAL FAPILOG_DETAIL_MUST_RUN_ERROR
#else
#define FAPILOG_DETAIL_LEVEL_DFATAL FAPILOG_DETAIL_LEVEL_FATAL
#define FAPILOG_DETAIL_END_DFATAL FAPILOG_DETAIL_END_FATAL
#define FAPILOG_DETAIL_MUST_RUN_DFATAL FAPILOG_DETAIL_MUST_RUN_FATAL
#endif

#define FAPILOG_DETAIL_LOG_STREAM(severity, ...)                                       \
  ::fapilog::compat::detail::log_stream{                                               \
      __VA_ARGS__ __VA_OPT__(, )::fapilog::compat::spdlog::default_logger()->native(), \
      FAPILOG_DETAIL_LEVEL_##severity, ::fapilog::detail::call_site::current()}        \
      .self()
#define FAPILOG_DETAIL_LOG_IS_ON(severity) \
  ::fapilog::compat::spdlog::default_logger()->native().is_enabled(severity)

// FATAL aborts even if its level is off.
#define FAPILOG_DETAIL_MUST_RUN_INFO FAPILOG_DETAIL_LOG_IS_ON(::fapilog::level::info)
#define FAPILOG_DETAIL_MUST_RUN_WARNING FAPILOG_DETAIL_LOG_IS_ON(::fapilog::level::warning)
#define FAPILOG_DETAIL_MUST_RUN_ERROR FAPILOG_DETAIL_LOG_IS_ON(::fapilog::level::error)
#define FAPILOG_DETAIL_MUST_RUN_FATAL true

#define FAPILOG_DETAIL_LOG_WHEN(severity, condition, ...) \
  !(condition) ? (void)0 : FAPILOG_DETAIL_END_##severity{} & FAPILOG_DETAIL_LOG_STREAM(severity, __VA_ARGS__)
#define LOG_IF(severity, condition) \
  FAPILOG_DETAIL_LOG_WHEN(severity, FAPILOG_DETAIL_MUST_RUN_##severity && (condition))
#define LOG(severity) FAPILOG_DETAIL_LOG_WHEN(severity, FAPILOG_DETAIL_MUST_RUN_##severity)
// These add the text of errno behind the message.
#define PLOG_IF(severity, condition)                                                   \
  FAPILOG_DETAIL_LOG_WHEN(severity, FAPILOG_DETAIL_MUST_RUN_##severity && (condition), \
                          std::optional<int>{errno})
#define PLOG(severity) PLOG_IF(severity, true)
#define LOG_IF_EVERY_N(severity, condition, n)                                                         \
  LOG_IF(severity,                                                                                     \
         (condition) && ::fapilog::compat::detail::admits(::fapilog::detail::call_limit::every_nth(n), \
                                                          ::fapilog::detail::call_site::current()))
#define FAPILOG_DETAIL_LOG_LIMITED(severity, rule)                                        \
  LOG_IF(severity, ::fapilog::compat::detail::admits(::fapilog::detail::call_limit::rule, \
                                                     ::fapilog::detail::call_site::current()))
#define LOG_EVERY_N(severity, n) FAPILOG_DETAIL_LOG_LIMITED(severity, every_nth(n))
#define LOG_FIRST_N(severity, n) FAPILOG_DETAIL_LOG_LIMITED(severity, first(n))
#define LOG_EVERY_T(severity, seconds) \
  FAPILOG_DETAIL_LOG_LIMITED(          \
      severity,                        \
      every(std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::duration<double>(seconds))))

#define VLOG_IS_ON(number) (::fapilog::compat::verbosity.load(std::memory_order_relaxed) >= (number))
#define VLOG_IF(number, condition) \
  FAPILOG_DETAIL_LOG_WHEN(INFO, VLOG_IS_ON(number) && FAPILOG_DETAIL_MUST_RUN_INFO && (condition))
#define VLOG(number) VLOG_IF(number, true)

#define CHECK(condition) FAPILOG_DETAIL_LOG_WHEN(FATAL, !(condition)) << "Check failed: " #condition " "
#define PCHECK(condition) \
  FAPILOG_DETAIL_LOG_WHEN(FATAL, !(condition), std::optional<int>{errno}) << "Check failed: " #condition " "
#define FAPILOG_DETAIL_CHECK_OP(a, op, b)                                                             \
  for (std::string fapilog_failed = ::fapilog::compat::detail::failed_check(                          \
           a, b, [](auto const&left, auto const&right) { return left op right; }, #a " " #op " " #b); \
       !fapilog_failed.empty();)                                                                      \
  LOG(FATAL) << fapilog_failed
#define CHECK_EQ(a, b) FAPILOG_DETAIL_CHECK_OP(a, ==, b)
#define CHECK_NE(a, b) FAPILOG_DETAIL_CHECK_OP(a, !=, b)
#define CHECK_LT(a, b) FAPILOG_DETAIL_CHECK_OP(a, <, b)
#define CHECK_LE(a, b) FAPILOG_DETAIL_CHECK_OP(a, <=, b)
#define CHECK_GT(a, b) FAPILOG_DETAIL_CHECK_OP(a, >, b)
#define CHECK_GE(a, b) FAPILOG_DETAIL_CHECK_OP(a, >=, b)
#define CHECK_NEAR(a, b, margin)   \
  do {                             \
    CHECK_LE((a), (b) + (margin)); \
    CHECK_GE((a), (b) - (margin)); \
  } while (false)
#define FAPILOG_DETAIL_CHECK_STRINGS(a, op, b, ...)                                 \
  for (std::string fapilog_failed = ::fapilog::compat::detail::failed_string_check( \
           a, b, #a " " #op " " #b, 0 op 0 __VA_OPT__(, ) __VA_ARGS__);             \
       !fapilog_failed.empty();)                                                    \
  LOG(FATAL) << fapilog_failed
#define CHECK_STREQ(a, b) FAPILOG_DETAIL_CHECK_STRINGS(a, ==, b)
#define CHECK_STRNE(a, b) FAPILOG_DETAIL_CHECK_STRINGS(a, !=, b)
#define CHECK_STRCASEEQ(a, b) FAPILOG_DETAIL_CHECK_STRINGS(a, ==, b, true)
#define CHECK_STRCASENE(a, b) FAPILOG_DETAIL_CHECK_STRINGS(a, !=, b, true)
// The value is the pointer.
#define CHECK_NOTNULL(pointer)                 \
  ::fapilog::compat::detail::checked_not_null( \
      (pointer), [] { LOG(FATAL) << "Check failed: " #pointer " != nullptr "; })

// Without NDEBUG as without the D; with it, they are compiled and do nothing.
#ifdef NDEBUG
#define FAPILOG_DETAIL_DEBUG_ONLY while (false)
#define DLOG(severity) FAPILOG_DETAIL_LOG_WHEN(severity, false)
#define DLOG_IF(severity, condition) FAPILOG_DETAIL_LOG_WHEN(severity, false && (condition))
#define DVLOG(number) FAPILOG_DETAIL_LOG_WHEN(INFO, false && VLOG_IS_ON(number))
#define DCHECK_NOTNULL(pointer) (pointer)
#else
#define FAPILOG_DETAIL_DEBUG_ONLY
#define DLOG(severity) LOG(severity)
#define DLOG_IF(severity, condition) LOG_IF(severity, condition)
#define DVLOG(number) VLOG(number)
#define DCHECK_NOTNULL(pointer) CHECK_NOTNULL(pointer)
#endif
#define DLOG_EVERY_N(severity, n) FAPILOG_DETAIL_DEBUG_ONLY LOG_EVERY_N(severity, n)
#define DCHECK(condition) FAPILOG_DETAIL_DEBUG_ONLY CHECK(condition)
#define DCHECK_EQ(a, b) FAPILOG_DETAIL_DEBUG_ONLY CHECK_EQ(a, b)
#define DCHECK_NE(a, b) FAPILOG_DETAIL_DEBUG_ONLY CHECK_NE(a, b)
#define DCHECK_LT(a, b) FAPILOG_DETAIL_DEBUG_ONLY CHECK_LT(a, b)
#define DCHECK_LE(a, b) FAPILOG_DETAIL_DEBUG_ONLY CHECK_LE(a, b)
#define DCHECK_GT(a, b) FAPILOG_DETAIL_DEBUG_ONLY CHECK_GT(a, b)
#define DCHECK_GE(a, b) FAPILOG_DETAIL_DEBUG_ONLY CHECK_GE(a, b)
// NOLINTEND(readability-identifier-naming, bugprone-macro-parentheses)
