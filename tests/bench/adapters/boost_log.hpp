// SPDX-License-Identifier: MIT
// Boost.Log: an asynchronous sink with its defaults (an unbounded queue, one thread), fields as attributes.
#pragma once

#include "../harness/adapter.hpp"

#include <boost/log/attributes/clock.hpp>
#include <boost/log/attributes/current_thread_id.hpp>
#include <boost/log/core.hpp>
#include <boost/log/expressions.hpp>
#include <boost/log/sinks/async_frontend.hpp>
#include <boost/log/sinks/basic_sink_backend.hpp>
#include <boost/log/sinks/text_ostream_backend.hpp>
#include <boost/log/sources/record_ostream.hpp>
#include <boost/log/sources/severity_logger.hpp>
#include <boost/log/support/date_time.hpp>
#include <boost/log/trivial.hpp>
#include <boost/log/utility/manipulators/add_value.hpp>
#include <boost/make_shared.hpp>
#include <boost/smart_ptr/shared_ptr.hpp>
#include <boost/version.hpp>

#include <array>
#include <fstream>
#include <functional>

namespace bench {

class adapter {
 public:
  static constexpr std::string_view name = "boost_log";
  static std::string version() {
    return std::to_string(BOOST_VERSION / 100'000) + '.' + std::to_string(BOOST_VERSION / 100 % 1000) + '.' +
           std::to_string(BOOST_VERSION % 100);
  }
  static constexpr std::array configs{"async"};
  static constexpr bool writes_json = true;
  static constexpr bool custom_sink = true;

  explicit adapter(setup const& s) {
    namespace sinks = boost::log::sinks;
    auto const core = boost::log::core::get();
    core->add_global_attribute("TimeStamp", boost::log::attributes::utc_clock{});
    core->add_global_attribute("ThreadID", boost::log::attributes::current_thread_id{});
    if (s.sink != nullptr) {
      use(boost::make_shared<sinks::asynchronous_sink<calls>>(boost::make_shared<calls>(s.sink)));
      return;
    }
    auto const backend = boost::make_shared<sinks::text_ostream_backend>();
    backend->add_stream(boost::make_shared<std::ofstream>(s.path));
    auto const target = boost::make_shared<sinks::asynchronous_sink<sinks::text_ostream_backend>>(backend);
    set_format(*target, s.json);
    use(target);
  }
  ~adapter() {
    boost::log::core::get()->remove_sink(sink_);
    stop_();
  }

  void prepare_thread() {}
  void num(std::uint64_t a, std::uint64_t b, double c) {
    BOOST_LOG_SEV(log_, info) << "number " << a << " and " << b << " and " << c;
  }
  void str(std::string const& a, std::uint64_t b, double c) {
    BOOST_LOG_SEV(log_, info) << "text " << a << " and " << b << " and " << c;
  }
  void json(std::string const& user, int status, double ms, std::string const& path) {
    BOOST_LOG_SEV(log_, info) << boost::log::add_value("user_id", user)
                              << boost::log::add_value("status", status)
                              << boost::log::add_value("latency_ms", ms)
                              << boost::log::add_value("path", path) << "request handled";
  }
  void flush() { sink_->flush(); }

 private:
  using severity = boost::log::trivial::severity_level;
  static constexpr severity info = severity::info;

  class calls : public boost::log::sinks::basic_sink_backend<boost::log::sinks::synchronized_feeding> {
   public:
    explicit calls(void (*each)()) : each_(each) {}
    void consume(boost::log::record_view const&) { each_(); }

   private:
    void (*each_)();
  };

  template <class Sink>
  void use(boost::shared_ptr<Sink> const& target) {
    sink_ = target;
    stop_ = [target] {
      target->stop();
      target->flush();
    };
    boost::log::core::get()->add_sink(target);
  }

  template <class Sink>
  static void set_format(Sink& target, bool json) {
    namespace expr = boost::log::expressions;
    using boost::posix_time::ptime;
    using thread_id = boost::log::attributes::current_thread_id::value_type;
    if (!json) {
      target.set_formatter(expr::stream << expr::format_date_time<ptime>("TimeStamp", "%H:%M:%S.%f") << " ["
                                        << expr::attr<thread_id>("ThreadID") << "] "
                                        << expr::attr<severity>("Severity") << ' ' << expr::smessage);
      return;
    }
    // C's escapes, which equal JSON's for these strings.
    target.set_formatter(expr::stream << R"({"timestamp":")"
                                      << expr::format_date_time<ptime>("TimeStamp", "%Y-%m-%dT%H:%M:%S.%fZ")
                                      << R"(","level":")" << expr::attr<severity>("Severity")
                                      << R"(","logger":"bench","thread_id":")"
                                      << expr::attr<thread_id>("ThreadID") << R"(","message":")"
                                      << expr::c_decor[expr::stream << expr::smessage] << R"(","user_id":")"
                                      << expr::c_decor[expr::stream << expr::attr<std::string>("user_id")]
                                      << R"(","status":)" << expr::attr<int>("status") << R"(,"latency_ms":)"
                                      << expr::attr<double>("latency_ms") << R"(,"path":")"
                                      << expr::c_decor[expr::stream << expr::attr<std::string>("path")]
                                      << "\"}");
  }

  boost::log::sources::severity_logger_mt<severity> log_;
  boost::shared_ptr<boost::log::sinks::sink> sink_;
  std::function<void()> stop_;
};

}  // namespace bench
