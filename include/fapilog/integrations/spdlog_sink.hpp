// SPDX-License-Identifier: MIT
// A sink for spdlog that logs to fapilog: a program that uses spdlog keeps its calls and changes where they go.
#pragma once

#include <fapilog/integrations/foreign_record.hpp>
#include <fapilog/process_end.hpp>

#include <spdlog/common.h>
#include <spdlog/details/log_msg.h>
#include <spdlog/formatter.h>
#include <spdlog/sinks/sink.h>
#include <spdlog/spdlog.h>
#include <spdlog/version.h>

#if defined(__has_include)
#if SPDLOG_VERSION >= 11400 && !defined(SPDLOG_NO_TLS) && __has_include(<spdlog/mdc.h>)
#include <spdlog/mdc.h>
#define FAPILOG_DETAIL_SPDLOG_HAS_MDC 1
#endif
#endif

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::integrations {

/// Logs each record of spdlog to one logger, with its level, logger name, time, source and
/// thread, and with the entries of spdlog's MDC (1.14 and newer) as fields. The level of the logger applies besides those of
/// spdlog. Patterns and formatters have no effect, because the record is not text. `flush` waits until the sinks of all
/// runtimes have what was logged.
///
/// A record that comes from the delivery of records (a sink of fapilog that logs by spdlog) is refused and counted
/// (`refused_foreign_records`). May be used before, during and after the life of the runtime. Thread: any; needs no lock.
class spdlog_sink final : public spdlog::sinks::sink {
 public:
  /// `flush_timeout`: how long one flush waits at most.
  explicit spdlog_sink(fapilog::logger log, std::chrono::milliseconds flush_timeout = std::chrono::seconds{2})
      : log_(std::move(log)), flush_timeout_(flush_timeout) {}

  void log(spdlog::details::log_msg const& record) override {
    foreign_record copy;
    copy.severity = severity_of(record.level);
    copy.message = view(record.payload);
    copy.origin.unix_ns = detail::number_cast<std::int64_t>(
        std::chrono::duration_cast<std::chrono::nanoseconds>(record.time.time_since_epoch()).count());
    copy.origin.thread_id = record.thread_id;
    copy.origin.logger = view(record.logger_name);
    if (!record.source.empty()) {
      if (record.source.filename != nullptr) copy.origin.file = record.source.filename;
      if (record.source.funcname != nullptr) copy.origin.function = record.source.funcname;
      copy.origin.line = static_cast<std::uint32_t>(record.source.line < 0 ? 0 : record.source.line);
    }
#ifdef FAPILOG_DETAIL_SPDLOG_HAS_MDC
    std::array<foreign_field, 32> fields;
    std::size_t count = 0;
    for (auto const& [key, value] : spdlog::mdc::get_context()) {
      if (count < fields.size()) fields[count++] = {key, value};
    }
    copy.fields = {fields.data(), count};
#endif
    (void)log_foreign(log_, copy);
  }

  void flush() override {
    if (!is_recursive_here(log_)) (void)flush_all(flush_timeout_);
  }
  void set_pattern(std::string const&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

 private:
  template <class View>
  static std::string_view view(View const& text) noexcept {
    return {text.data(), text.size()};
  }
  static fapilog::level severity_of(spdlog::level::level_enum value) noexcept {
    using enum fapilog::level;
    constexpr std::array levels{trace, debug, info, warning, error, critical};
    auto const at = static_cast<std::size_t>(value);
    return at < levels.size() ? levels[at] : critical;
  }

  fapilog::logger log_;
  std::chrono::milliseconds flush_timeout_;
};

/// Makes a `spdlog_sink` the only sink of every logger that spdlog has registered, also of its default logger, and returns the
/// number of those loggers. Their names, levels and flush levels stay. spdlog's own sinks are released, and their files closed
/// if nothing else holds them. A logger that is registered later keeps its sinks until the next call.
///
/// Call it where logging is set up, before other threads log: spdlog does not lock the list of sinks of a logger.
/// `flush_timeout` is that of `spdlog_sink`.
inline std::size_t redirect_spdlog_loggers(fapilog::logger log,
                                           std::chrono::milliseconds flush_timeout = std::chrono::seconds{
                                               2}) {
  auto const sink = std::make_shared<spdlog_sink>(std::move(log), flush_timeout);
  std::size_t redirected = 0;
  spdlog::apply_all([&](std::shared_ptr<spdlog::logger> const& each) {
    each->sinks().assign(1, sink);
    ++redirected;
  });
  return redirected;
}

}  // namespace fapilog::inline v0_1::integrations
