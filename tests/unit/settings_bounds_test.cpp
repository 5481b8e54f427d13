// SPDX-License-Identifier: MIT
// Every setting has the same bounds, verdicts and messages in code and in text.
#include "support/catch.hpp"

#include <fapilog/config/config_value.hpp>
#include <fapilog/config/setting_reader.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/detail/settings/setting_value.hpp>
#include <fapilog/plugins/builtins.hpp>
#include <fapilog/setup/options.hpp>
#include <fapilog/sinks/clickhouse/config.hpp>
#include <fapilog/sinks/http/config.hpp>
#include <fapilog/sinks/http/datadog_config.hpp>
#include <fapilog/sinks/http/elasticsearch_config.hpp>
#include <fapilog/sinks/http/loki_config.hpp>
#include <fapilog/sinks/http/splunk_config.hpp>
#include <fapilog/sinks/http/webhook_config.hpp>
#include <fapilog/sinks/journald.hpp>
#include <fapilog/sinks/kafka/config.hpp>
#include <fapilog/sinks/nats/config.hpp>
#include <fapilog/sinks/otlp/config.hpp>
#include <fapilog/sinks/otlp/grpc_config.hpp>
#include <fapilog/sinks/postgres/config.hpp>
#include <fapilog/sinks/rotating_file.hpp>
#include <fapilog/sinks/stdout_json.hpp>
#include <fapilog/sinks/stdout_pretty.hpp>
#include <fapilog/sinks/syslog.hpp>
#include <fapilog/sinks/syslog/tls_config.hpp>
#include <fapilog/sinks/windows_event_log/config.hpp>
#include <fapilog/stages/enrichers/kubernetes.hpp>
#include <fapilog/stages/enrichers/runtime_info.hpp>
#include <fapilog/stages/enrichers/static_fields.hpp>
#include <fapilog/stages/enrichers/thread_name.hpp>
#include <fapilog/stages/filters/adaptive_sampling.hpp>
#include <fapilog/stages/filters/error_dedupe.hpp>
#include <fapilog/stages/filters/first_occurrence.hpp>
#include <fapilog/stages/filters/level.hpp>
#include <fapilog/stages/filters/rate_limit.hpp>
#include <fapilog/stages/filters/sampling.hpp>
#include <fapilog/stages/filters/trace_sampling.hpp>
#include <fapilog/stages/processors/size_guard.hpp>
#include <fapilog/stages/redactors/by_name.hpp>
#include <fapilog/stages/redactors/field_blocker.hpp>
#include <fapilog/stages/redactors/field_mask.hpp>
#include <fapilog/stages/redactors/regex_mask.hpp>
#include <fapilog/stages/redactors/string_truncate.hpp>
#include <fapilog/stages/redactors/url_credentials.hpp>
#include <fapilog/stages/redactors/value_detectors.hpp>

#include <cmath>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using fapilog::setting;
using fapilog::detail::config_value;
using fapilog::detail::setting_kind;
using fapilog::detail::setting_member;
using fapilog::detail::setting_scalar;
using fapilog::detail::setting_type;

namespace {

/// An aggregate with one value of one setting, checked both ways. Each returns the message, or an empty string.
struct both_ways {
  std::function<std::string()> in_code;
  std::function<std::string(config_value const&)> in_text;
};

config_value tree_of(std::string_view path, config_value value) {
  std::size_t const dot = path.find('.');
  config_value tree = config_value::object();
  if (dot == std::string_view::npos) tree.set(path, std::move(value));
  else tree.set(path.substr(0, dot), tree_of(path.substr(dot + 1), std::move(value)));
  return tree;
}

/// A number of a setting as a file has it.
config_value written(setting const& s, setting_type const& type, double number) {
  if (s.form == fapilog::setting_form::octal) {
    return config_value{fapilog::detail::octal_text(static_cast<std::uint64_t>(number))};
  }
  if (type.kind == setting_kind::integer || type.kind == setting_kind::level)
    return config_value{static_cast<std::int64_t>(number)};
  return config_value{number};
}

setting_scalar scalar(setting const& s, setting_type const& type, double number) {
  double const ns = number * fapilog::detail::plain_unit_ns(s);
  if (type.kind == setting_kind::duration) return {ns, std::llround(ns)};
  return {number, static_cast<std::int64_t>(number)};
}

/// Bounds of a number and values just beyond them.
std::vector<double> candidates(setting const& s, setting_type const& type) {
  if (type.kind == setting_kind::level) return {0, 99, 100};
  std::vector<double> all;
  bool const is_whole =
      type.kind == setting_kind::integer || (type.kind == setting_kind::duration && !type.is_fractional);
  double const step = is_whole ? 1 : 0.125;
  double const min = fapilog::detail::lower_bound_of(s, type);
  bool const may_be_less = type.is_signed || min >= step || type.kind != setting_kind::integer;
  if (min > -setting::no_bound) all.push_back(min);
  if (min > -setting::no_bound && may_be_less) all.push_back(min - step);
  if (s.max < setting::no_bound) all.insert(all.end(), {s.max, s.max + step});
  return all;
}

/// True if the declaration of the setting allows the number; rules across members may still refuse it.
bool is_within_bounds(setting const& s, setting_type const& type, double number) {
  double const min = fapilog::detail::lower_bound_of(s, type);
  double const max = type.kind == setting_kind::level ? 99 : s.max;
  return (s.above_min ? number > min : number >= min) && number <= max;
}

int check_members(both_ways const& ways, std::vector<setting_member> const& members,
                  std::string const& above) {
  int checked = 0;
  for (setting_member const& member : members) {
    std::string const path = above + std::string{member.row.name};
    CAPTURE(path);
    switch (member.type->kind) {
      case setting_kind::object:
        checked += check_members(ways, members_of(member.value, *member.type), path + '.');
        break;
      case setting_kind::integer:
      case setting_kind::number:
      case setting_kind::duration:
      case setting_kind::level: {
        setting_scalar const before = member.type->load(member.value);
        for (double const number : candidates(member.row, *member.type)) {
          CAPTURE(number);
          member.type->store(member.value, scalar(member.row, *member.type, number));
          std::string const code = ways.in_code();
          std::string text = ways.in_text(tree_of(path, written(member.row, *member.type, number)));
          CHECK(text == code);
          if (!is_within_bounds(member.row, *member.type, number)) CHECK_FALSE(code.empty());
          else CHECK(code.find("out of range") == std::string::npos);
          ++checked;
        }
        member.type->store(member.value, before);
        break;
      }
      case setting_kind::string: {
        auto& value = *static_cast<std::string*>(member.value);
        std::string const before = std::exchange(value, {});
        CHECK(ways.in_text(tree_of(path, config_value{""})) == ways.in_code());
        value = before;
        break;
      }
      default: break;
    }
  }
  return checked;
}

/// How many values of the settings of T were checked.
template <class T>
int check_both_ways(std::string const& owner, T value = {}) {
  both_ways const ways{
      .in_code =
          [&] {
            try {
              fapilog::check_settings(owner, value);
            } catch (std::invalid_argument const& error) {
              return std::string{error.what()};
            }
            return std::string{};
          },
      .in_text =
          [&](config_value const& given) {
            std::vector<fapilog::settings_error::problem> problems;
            T read = value;
            fapilog::detail::setting_reader{problems}.read(given, owner, read);
            std::string all;
            for (auto const& problem : problems) {
              CHECK(problem.message() == "fapilog: " + problem.path + ": " + problem.text + " [code]");
              all += (all.empty() ? "fapilog: " : "\nfapilog: ") + problem.path + ": " + problem.text;
            }
            return all;
          }};
  CHECK(ways.in_code() == "");
  return check_members(ways, members_of(&value, fapilog::detail::setting_type_of<T>), "");
}

/// Settings of a sink over HTTP, whose address has no default.
template <class T>
T with_url() {
  T config;
  config.url = "http://127.0.0.1/";
  return config;
}

}  // namespace

TEST_CASE("the options of a runtime have the same bounds in code and in text") {
  using options = fapilog::basic_options<fapilog::presets::minimal>;
  CHECK(check_both_ways<options>("core", options{.sinks = {}}) > 50);
}

TEST_CASE("the delivery to a sink has the same bounds in code and in text") {
  CHECK(check_both_ways<fapilog::delivery_options>("sink_config.x.delivery") > 10);
}

TEST_CASE("each stage and sink has the same bounds in code and in text") {
  using namespace fapilog;
  int checked = 0;
  checked += check_both_ways<sinks::stdout_json_config>("stdout_json");
  checked += check_both_ways<sinks::stdout_pretty_config>("stdout_pretty");
  checked += check_both_ways<sinks::rotating_file_config>("rotating_file");
  checked += check_both_ways<sinks::postgres_config>("postgres");
  checked += check_both_ways<sinks::clickhouse_config>("clickhouse", with_url<sinks::clickhouse_config>());
  checked += check_both_ways<sinks::http_config>("http", with_url<sinks::http_config>());
  checked += check_both_ways<sinks::datadog_config>("datadog");
  checked +=
      check_both_ways<sinks::elasticsearch_config>("elasticsearch", with_url<sinks::elasticsearch_config>());
  checked += check_both_ways<sinks::loki_config>("loki", with_url<sinks::loki_config>());
  checked += check_both_ways<sinks::splunk_config>("splunk", with_url<sinks::splunk_config>());
  auto webhook = with_url<sinks::webhook_config>();
  webhook.secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
  checked += check_both_ways<sinks::webhook_config>("webhook", webhook);
  checked += check_both_ways<sinks::otlp_config>("otlp");
  checked += check_both_ways<sinks::otlp_grpc_config>("otlp_grpc");
  checked += check_both_ways<sinks::kafka_config>("kafka");
  checked += check_both_ways<sinks::nats_config>("nats");
  checked += check_both_ways<sinks::journald_config>("journald");
  checked += check_both_ways<sinks::windows_event_log_config>("windows_event_log");
  checked += check_both_ways<sinks::syslog_config>("syslog");
  checked += check_both_ways<sinks::syslog_tls_config>("syslog_tls");
  checked += check_both_ways<filters::level_config>("level");
  checked += check_both_ways<filters::sampling_config>("sampling");
  checked += check_both_ways<filters::rate_limit_config>("rate_limit");
  checked += check_both_ways<filters::adaptive_sampling_config>("adaptive_sampling");
  checked += check_both_ways<filters::trace_sampling_config>("trace_sampling");
  checked += check_both_ways<filters::first_occurrence_config>("first_occurrence");
  checked += check_both_ways<filters::error_dedupe_config>("error_dedupe");
  checked += check_both_ways<enrichers::kubernetes_config>("kubernetes");
  checked += check_both_ways<enrichers::runtime_info_config>("runtime_info");
  checked += check_both_ways<enrichers::thread_name_config>("thread_name");
  checked += check_both_ways<enrichers::static_fields_config>("static_fields");
  checked += check_both_ways<redactors::by_name_config>("by_name");
  checked += check_both_ways<redactors::field_blocker_config>("field_blocker");
  checked += check_both_ways<redactors::field_mask_config>("field_mask");
  checked += check_both_ways<redactors::regex_mask_config>("regex_mask");
  checked += check_both_ways<redactors::string_truncate_config>("string_truncate");
  checked += check_both_ways<redactors::url_credentials_config>("url_credentials");
  checked += check_both_ways<redactors::value_detectors_config>("value_detectors");
  checked += check_both_ways<processors::size_guard_config>("size_guard");
  CHECK(checked > 250);
}

TEST_CASE("messages name the setting, its value and its bounds") {
  fapilog::basic_options<fapilog::presets::minimal> options{.sinks = {}};
  options.batch_max_size = 0;
  options.shutdown_timeout = std::chrono::nanoseconds{-1};
  options.when_full = static_cast<fapilog::when_full>(9);
  std::string found;
  try {
    fapilog::check_settings("core", options);
  } catch (std::invalid_argument const& error) {
    found = error.what();
  }
  CHECK(found ==
        "fapilog: core.batch_max_size: 0 is out of range (1 to 1000000)\n"
        "fapilog: core.when_full: 9 is invalid; expected one of drop, wait, block\n"
        "fapilog: core.shutdown_timeout_seconds: -1ns is out of range (0s or more)");
}
