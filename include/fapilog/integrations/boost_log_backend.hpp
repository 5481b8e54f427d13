// SPDX-License-Identifier: MIT
// A sink backend for Boost.Log that logs to fapilog: a program that uses Boost.Log keeps its macros and changes where they go.
#pragma once

#include <fapilog/detail/os/system.hpp>
#include <fapilog/integrations/foreign_record.hpp>
#include <fapilog/process_end.hpp>

#include <boost/date_time/posix_time/posix_time_types.hpp>
#include <boost/log/attributes/named_scope.hpp>
#include <boost/log/attributes/value_visitation.hpp>
#include <boost/log/core/record_view.hpp>
#include <boost/log/sinks/basic_sink_backend.hpp>
#include <boost/log/sinks/frontend_requirements.hpp>
#include <boost/log/trivial.hpp>
#include <boost/mpl/vector.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <functional>
#include <list>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::integrations {

/// Logs each record of Boost.Log to one logger, with its message, severity (trace as level 5, named TRACE; fatal as critical),
/// channel (as logger name), time and scopes (field `scope`), and each other attribute of a number, bool, string, time or
/// duration as a typed field. Other attributes are left out, and so are those for the thread and the process, which a record has
/// anyway. Formatters have no effect.
///
/// Use it with `boost::log::sinks::unlocked_sink`: it needs no lock. `flush` waits until the sinks of all runtimes have what was
/// logged. A record that comes from the delivery of records is refused and counted (`refused_foreign_records`). Thread: any.
class boost_log_backend
    : public boost::log::sinks::basic_sink_backend<boost::log::sinks::combine_requirements<
          boost::log::sinks::concurrent_feeding, boost::log::sinks::flushing>::type> {
 public:
  /// Finds the level of a record whose severity is a type of the program.
  using severity_of = std::function<level(boost::log::record_view const&)>;

  /// `severity`: empty, if the program uses `boost::log::trivial::severity_level`; a record without it is INFO.
  /// `flush_timeout`: how long one flush waits at most.
  explicit boost_log_backend(logger log, severity_of severity = {},
                             std::chrono::milliseconds flush_timeout = std::chrono::seconds{2})
      : log_(std::move(log)), severity_(std::move(severity)), flush_timeout_(flush_timeout) {}

  void consume(boost::log::record_view const& record) {
    reading now{{}, {}, {}, {}, 0};
    for (auto const& [name, value] : record.attribute_values()) {
      std::string_view const key = name.string();
      if (key == "ThreadID" || key == "ProcessID") continue;
      boost::log::visit<types>(value, [&](auto const& one) { now.add(key, one); });
    }
    if (severity_) now.copy.severity = severity_(record);
    now.copy.typed_fields = {now.fields.data(), now.count};
    (void)log_foreign(log_, now.copy);
  }

  void flush() {
    if (!is_recursive_here(log_)) (void)flush_all(flush_timeout_);
  }

 private:
  using scopes = boost::log::attributes::named_scope::value_type;
  using types = boost::mpl::vector<bool, char, signed char, unsigned char, short, unsigned short, int,
                                   unsigned int, long, unsigned long, long long, unsigned long long, float,
                                   double, std::string, boost::log::trivial::severity_level,
                                   boost::posix_time::ptime, boost::posix_time::time_duration, scopes>::type;

  /// What has been found in the attributes of a record. The strings are those of the attributes.
  struct reading {
    foreign_record copy;
    std::array<field, 32> fields;
    std::list<std::string> texts;  ///< of values that have no type of their own here
    std::list<std::chrono::nanoseconds> durations;
    std::size_t count;

    template <class T>
    void add(std::string_view key, T const& value) {
      if (count < fields.size()) detail::field_copy::assign(fields[count++], kv(dynamic_key(key), value));
    }
    void add(std::string_view key, std::string const& value) {
      if (key == "Message") copy.message = value;
      else if (key == "Channel") copy.origin.logger = value;
      else add<std::string>(key, value);
    }
    void add(std::string_view, boost::log::trivial::severity_level value) {
      using enum level;
      static constexpr std::array levels{trace, debug, info, warning, error, critical};
      auto const at = static_cast<std::size_t>(value);
      copy.severity = at < levels.size() ? levels[at] : critical;
    }
    void add(std::string_view key, boost::posix_time::time_duration const& value) {
      if (value.is_special()) return;
      add(key, durations.emplace_back(std::chrono::microseconds{value.total_microseconds()}));
    }
    void add(std::string_view key, boost::posix_time::ptime const& value) {
      if (value.is_special()) return;
      if (key == "TimeStamp") {
        copy.origin.unix_ns = unix_ns(value);
      } else {
        std::tm const parts = to_parts(value);
        char text[32];
        std::size_t const size = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
        add<std::string>(key, texts.emplace_back(text, size));
      }
    }
    void add(std::string_view, scopes const& value) {
      std::string all;
      for (auto const& one : value) {
        if (!all.empty()) all += "->";
        all.append(one.scope_name.c_str(), one.scope_name.size());
      }
      if (!all.empty()) add<std::string>("scope", texts.emplace_back(std::move(all)));
    }
  };

  static std::tm to_parts(boost::posix_time::ptime const& value) {
    auto const date = value.date().year_month_day();
    auto const time = value.time_of_day();
    std::tm parts{};
    parts.tm_year = static_cast<int>(date.year) - 1900;
    parts.tm_mon = static_cast<int>(date.month.as_number()) - 1;
    parts.tm_mday = static_cast<int>(date.day.as_number());
    parts.tm_hour = static_cast<int>(time.hours());
    parts.tm_min = static_cast<int>(time.minutes());
    parts.tm_sec = static_cast<int>(time.seconds());
    parts.tm_isdst = -1;
    return parts;
  }
  /// A time stamp of Boost.Log is local time or UTC, and does not say which: the one that is nearer to the present. 0, which
  /// means the present, if neither is within ten minutes, because time zones differ by a quarter of an hour at least.
  static std::int64_t unix_ns(boost::posix_time::ptime const& value) {
    constexpr std::int64_t second = 1'000'000'000;
    static boost::posix_time::ptime const epoch{boost::gregorian::date{1970, 1, 1}};
    std::int64_t const utc = (value - epoch).total_microseconds() * 1000;
    std::tm parts = to_parts(value);
    std::int64_t const local = std::int64_t{std::mktime(&parts)} * second + utc % second;
    std::int64_t const now = std::chrono::duration_cast<std::chrono::nanoseconds>(
                                 std::chrono::system_clock::now().time_since_epoch())
                                 .count();
    for (std::int64_t const candidate : {utc, local}) {
      if (candidate > now - 600 * second && candidate < now + 600 * second) return candidate;
    }
    return 0;
  }

  logger log_;
  severity_of severity_;
  std::chrono::milliseconds flush_timeout_;
};

}  // namespace fapilog::inline v0_1::integrations
