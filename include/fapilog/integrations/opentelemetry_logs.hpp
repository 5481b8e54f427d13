// SPDX-License-Identifier: MIT
// A provider of loggers for the Logs API of OpenTelemetry that logs to fapilog.
#pragma once

#include <fapilog/integrations/foreign_record.hpp>

#include <opentelemetry/common/attribute_value.h>
#include <opentelemetry/common/key_value_iterable.h>
#include <opentelemetry/common/timestamp.h>
#include <opentelemetry/logs/event_id.h>
#include <opentelemetry/logs/log_record.h>
#include <opentelemetry/logs/logger.h>
#include <opentelemetry/logs/logger_provider.h>
#include <opentelemetry/logs/severity.h>
#include <opentelemetry/nostd/shared_ptr.h>
#include <opentelemetry/nostd/span.h>
#include <opentelemetry/nostd/string_view.h>
#include <opentelemetry/nostd/unique_ptr.h>
#include <opentelemetry/nostd/variant.h>
#include <opentelemetry/trace/span_id.h>
#include <opentelemetry/trace/trace_flags.h>
#include <opentelemetry/trace/trace_id.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

namespace fapilog::inline v0_1::integrations {

/// Logs what is logged by the Logs API to one logger, with its body as message, severity (trace as level 5, named TRACE;
/// fatal as critical), time, name of the logger, ids of its span, name of its event (`event_name`), and attributes as typed
/// fields, arrays included. At most 32 fields. A record that comes from the delivery of records is refused and counted
/// (`refused_foreign_records`), so a sink may use the API. Set it by `opentelemetry::logs::Provider::SetLoggerProvider`. Without
/// memory the process ends, as with the API itself. Thread: any.
class opentelemetry_logs final : public opentelemetry::logs::LoggerProvider {
 public:
  explicit opentelemetry_logs(logger log) : log_(std::move(log)) {}

  using opentelemetry::logs::LoggerProvider::GetLogger;
  opentelemetry::nostd::shared_ptr<opentelemetry::logs::Logger> GetLogger(
      opentelemetry::nostd::string_view logger_name, opentelemetry::nostd::string_view /*library*/,
      opentelemetry::nostd::string_view /*version*/, opentelemetry::nostd::string_view /*schema_url*/,
      opentelemetry::common::KeyValueIterable const& /*attributes*/) override {
    return opentelemetry::nostd::shared_ptr<opentelemetry::logs::Logger>{
        new named_logger{log_, std::string{logger_name.data(), logger_name.size()}}};
  }

 private:
  using attribute = opentelemetry::common::AttributeValue;
  using kept_value =
      std::variant<bool, std::int64_t, std::uint64_t, double, std::string, std::vector<std::int64_t>,
                   std::vector<std::uint64_t>, std::vector<double>, std::vector<std::string>>;

  static std::string text(opentelemetry::nostd::string_view value) { return {value.data(), value.size()}; }

  /// A copy with the widest type of its kind.
  struct copier {
    kept_value operator()(bool value) const { return value; }
    kept_value operator()(double value) const { return value; }
    kept_value operator()(char const* value) const { return std::string{value}; }
    kept_value operator()(opentelemetry::nostd::string_view value) const { return text(value); }
    kept_value operator()(opentelemetry::nostd::span<opentelemetry::nostd::string_view const> all) const {
      std::vector<std::string> copy;
      for (auto const one : all) copy.push_back(text(one));
      return copy;
    }
    template <class T>
    kept_value operator()(T value) const {
      if constexpr (std::is_signed_v<T>) return std::int64_t{value};
      else return std::uint64_t{value};
    }
    template <class T>
    kept_value operator()(opentelemetry::nostd::span<T const> all) const {
      if constexpr (std::is_floating_point_v<T>) return std::vector<double>(all.begin(), all.end());
      else if constexpr (std::is_signed_v<T>) return std::vector<std::int64_t>(all.begin(), all.end());
      else return std::vector<std::uint64_t>(all.begin(), all.end());
    }
  };

  class kept_record final : public opentelemetry::logs::LogRecord {
   public:
    void SetTimestamp(opentelemetry::common::SystemTimestamp time) noexcept override {
      copy.origin.unix_ns = static_cast<std::int64_t>(time.time_since_epoch().count());
    }
    void SetObservedTimestamp(opentelemetry::common::SystemTimestamp) noexcept override {}
    void SetSeverity(opentelemetry::logs::Severity severity) noexcept override {
      copy.severity = level_of(severity);
    }
    void SetBody(attribute const& body) noexcept override {
      kept_value value = opentelemetry::nostd::visit(copier{}, body);
      if (auto* const string = std::get_if<std::string>(&value)) message = std::move(*string);
      else fields.emplace_back("body", std::move(value));
    }
    void SetAttribute(opentelemetry::nostd::string_view key, attribute const& value) noexcept override {
      fields.emplace_back(text(key), opentelemetry::nostd::visit(copier{}, value));
    }
    void SetEventId(std::int64_t, opentelemetry::nostd::string_view name) noexcept override {
      if (!name.empty()) fields.emplace_back("event_name", text(name));
    }
    void SetTraceId(opentelemetry::trace::TraceId const& id) noexcept override { set_id<32>("trace_id", id); }
    void SetSpanId(opentelemetry::trace::SpanId const& id) noexcept override { set_id<16>("span_id", id); }
    void SetTraceFlags(opentelemetry::trace::TraceFlags const&) noexcept override {}

    foreign_record copy;
    std::string message;
    std::vector<std::pair<std::string, kept_value>> fields;

   private:
    template <std::size_t Size, class Id>
    void set_id(char const* key, Id const& id) {
      if (!id.IsValid()) return;
      char digits[Size];
      id.ToLowerBase16(opentelemetry::nostd::span<char, Size>{digits});
      fields.emplace_back(key, std::string{digits, Size});
    }
  };

  class named_logger final : public opentelemetry::logs::Logger {
   public:
    named_logger(logger log, std::string name) : log_(std::move(log)), name_(std::move(name)) {
      SetMinimumSeverity(1);  // the level of the logger decides
    }

    using opentelemetry::logs::Logger::EmitLogRecord;
    opentelemetry::nostd::string_view const GetName() noexcept override {
      return {name_.data(), name_.size()};
    }
    opentelemetry::nostd::unique_ptr<opentelemetry::logs::LogRecord> CreateLogRecord() noexcept override {
      return opentelemetry::nostd::unique_ptr<opentelemetry::logs::LogRecord>{new kept_record};
    }
    /// The record must be one of `CreateLogRecord`.
    void EmitLogRecord(
        opentelemetry::nostd::unique_ptr<opentelemetry::logs::LogRecord>&& emitted) noexcept override {
      if (emitted == nullptr) return;
      auto& record = static_cast<kept_record&>(*emitted);
      record.copy.message = record.message;
      record.copy.origin.logger = name_;
      std::array<field, 32> fields;
      std::size_t count = 0;
      for (auto const& [key, value] : record.fields) {
        if (count == fields.size()) break;
        std::visit(
            [&, name = std::string_view{key}](auto const& one) {
              detail::field_copy::assign(fields[count++], kv(dynamic_key(name), one));
            },
            value);
      }
      record.copy.typed_fields = {fields.data(), count};
      (void)log_foreign(log_, record.copy);
    }

   protected:
    bool EnabledImplementation(opentelemetry::logs::Severity severity,
                               opentelemetry::logs::EventId const&) const noexcept override {
      return log_.is_enabled(level_of(severity));
    }
    bool EnabledImplementation(opentelemetry::logs::Severity severity, std::int64_t) const noexcept override {
      return log_.is_enabled(level_of(severity));
    }

   private:
    logger log_;
    std::string name_;
  };

  /// There are four severities for each level; 0 is none.
  static level level_of(opentelemetry::logs::Severity severity) noexcept {
    using enum level;
    constexpr std::array levels{trace, debug, info, warning, error, critical};
    auto const number = static_cast<std::size_t>(severity);
    return number == 0 ? info : number > 24 ? critical : levels[(number - 1) / 4];
  }

  logger log_;
};

}  // namespace fapilog::inline v0_1::integrations
