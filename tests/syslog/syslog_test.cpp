// SPDX-License-Identifier: MIT
#include "killed_receiver.hpp"
#include "receivers.hpp"
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/loopback_socket.hpp"
#include "support/scale.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/plugins/builtins.hpp>
#include <fapilog/plugins/syslog.hpp>
#include <fapilog/settings.hpp>
#include <fapilog/sinks/syslog.hpp>
#include <fapilog/stages/enrichers/static_fields.hpp>
#include <fapilog/testing/conformance.hpp>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

using fapilog::kv;
using fapilog::sinks::syslog_config;
using fapilog::sinks::syslog_format;
using fapilog::sinks::syslog_framing;
using fapilog::sinks::syslog_transport;
using namespace std::chrono_literals;

namespace {

constexpr fapilog::retry_options keep_trying{.attempts = 0, .first_delay = 1ms, .longest_delay = 20ms};

/// A text, and what arrives of it.
struct hostile_text {
  std::string text;
  std::string arrives;
};
std::vector<hostile_text> const& hostile_texts() {
  static std::vector<hostile_text> const all{
      {"plain", "plain"},
      {"quote \" backslash \\ bracket ] [ = end\\", "quote \" backslash \\ bracket ] [ = end\\"},
      {"line\nbreak\ttab\r", "line\\nbreak\\ttab\\r"},
      {"<14>1 2026-01-27T10:30:00Z forged - - - -\n<14>forged",
       "<14>1 2026-01-27T10:30:00Z forged - - - -\\n<14>forged"},
      {"\x1b[31mred \x01", "\\x1b[31mred \\x01"},
      {std::string{"zero \0 end", 10}, "zero \\x00 end"},
      {"h\xc3\xa9llo \xe6\xbc\xa2\xe5\xad\x97 \xf0\x9f\x98\x80",
       "h\xc3\xa9llo \xe6\xbc\xa2\xe5\xad\x97 \xf0\x9f\x98\x80"},
      {"bad \xff utf-8 \xc3", "bad \xEF\xBF\xBD utf-8 \xEF\xBF\xBD"},
      {"%n %msg% $MSG {}", "%n %msg% $MSG {}"},
  };
  return all;
}

struct way {
  char const* name;
  syslog_transport transport;
  syslog_framing framing = syslog_framing::octet_counting;
};

syslog_config config_for(support::syslog_daemon const& daemon, way const& by) {
  syslog_config config{.transport = by.transport, .host = "127.0.0.1", .framing = by.framing};
  config.message = {
      .facility = fapilog::sinks::syslog_facility::local3, .hostname = "db 1", .app_name = "shop"};
  bool const is_newline = by.framing == syslog_framing::newline;
  switch (by.transport) {
    case syslog_transport::udp: config.port = daemon.udp_port; break;
    case syslog_transport::tcp: config.port = is_newline ? daemon.newline_port : daemon.tcp_port; break;
    case syslog_transport::relp: config.port = daemon.relp_port; break;
    case syslog_transport::unix_datagram: config.path = daemon.datagram_path(); break;
    case syslog_transport::unix_stream: config.path = daemon.stream_path(); break;
  }
  return config;
}

/// Logs records with every hostile text and compares what arrives one by one.
void compare_records(support::syslog_daemon& daemon, way const& by) {
  // The kernel drops datagrams of UDP that a daemon does not read at once.
  std::size_t const count = by.transport == syslog_transport::udp ? 40 : 300;
  INFO(by.name);
  auto const& texts = hostile_texts();
  std::size_t const before = daemon.messages().size();
  {
    fapilog::runtime local{
        {.sinks = {{fapilog::sinks::syslog{config_for(daemon, by)}, {.retry = keep_trying}}}}};
    auto log = local.get_logger("cart");
    for (std::size_t i = 0; i < count; ++i)
      log.error("{}", texts[i % texts.size()].text, kv("n", i), kv("text", texts[i % texts.size()].text),
                kv("order", std::map<std::string, int>{{"id", 7}}), kv("rate", 0.5));
    REQUIRE(local.drain(30s));
    CHECK(local.sink_counts()[0].second.delivered == count);
  }
  REQUIRE(daemon.wait_for(before + count));
  auto const messages = daemon.messages();
  REQUIRE(messages.size() == before + count);
  for (std::size_t i = 0; i < count; ++i) {
    auto const& message = messages[before + i];
    auto const& expected = texts[i % texts.size()].arrives;
    INFO(i);
    REQUIRE(message.fields["n"] == std::to_string(i));
    REQUIRE(message.text == expected);
    REQUIRE(message.fields["text"] == expected);
    REQUIRE(message.fields["level"] == "ERROR");
    REQUIRE(message.fields["logger"] == "cart");
    REQUIRE(message.fields["message_id"].get<std::string>().size() == 36);
    REQUIRE(message.fields["order.id"] == "7");
    REQUIRE(message.fields["rate"] == "0.5");
    REQUIRE(message.priority == std::to_string(19 * 8 + 3));
    REQUIRE(message.host == "db_1");
    REQUIRE(message.app == "shop");
    REQUIRE(message.process == std::to_string(::getpid()));
  }
}

/// A socket of this process that receives what a sink sends: UDP, or connections of TCP.
class loopback_receiver : public support::loopback_socket {
 public:
  using loopback_socket::loopback_socket;

  [[nodiscard]] std::string next() const { return receive(descriptor()); }
  static std::string receive(int socket) {
    std::string text(1 << 17, '\0');
    ssize_t const got = ::recv(socket, text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }
};

/// What a sink sends for an event.
std::string message_of(fapilog::sinks::syslog_message config, support::events const& events) {
  loopback_receiver const receiver{SOCK_DGRAM};
  config.hostname = "host";
  config.app_name = "app";
  fapilog::sinks::syslog sink{{.transport = syslog_transport::udp,
                               .host = "127.0.0.1",
                               .port = receiver.port(),
                               .message = std::move(config)}};
  REQUIRE(sink.write(events.batch()));
  return receiver.next();
}

std::string const long_text(1'000, 'x');
std::string const own_id = std::to_string(::getpid());
std::string const fixed =
    "level=\"INFO\" logger=\"billing\" message_id=\"00000000-0000-0000-0000-000000000000\"";

}  // namespace

TEST_CASE("a syslog message of RFC 5424 has header, structured data and text") {
  support::events events;
  auto& e = events.add("paid");
  e.data.push_back({"a b=]\"", fapilog::value::of_string("x \"y\" \\ ]")});
  e.data.push_back({"a_b___", fapilog::value::of_number(2)});
  e.data.push_back({"level", fapilog::value::of_string("user's")});
  e.data.push_back(
      {std::string_view{"a_name_that_is_longer_than_thirty_two_characters"}, fapilog::value::of_bool(true)});
  e.data.push_back({"event_id", fapilog::value::of_string("PAID 1")});
  CHECK(message_of({}, events) ==
        "<14>1 2026-01-27T10:30:00.123456Z host app " + own_id + " PAID_1 [fapilog@32473 " + fixed +
            R"( a_b___="x \"y\" \\ \]" a_b____2="2" level_2="user's" a_name_that_is_longer_than_thirt="true")"
            R"( event_id="PAID 1"] paid)");
  CHECK(message_of({.sd_id = ""}, events) ==
        "<14>1 2026-01-27T10:30:00.123456Z host app " + own_id + " PAID_1 - paid");
}

TEST_CASE("fields that an enricher adds keep their values and get unique names, whatever the record has") {
  using fapilog::enrichers::static_fields;
  auto const target = fapilog::enrichers::field_target::diagnostics;
  static_fields common{{.target = target, .fields = {{"tenant_id", "a ] b"}, {"zone", "eu"}}}};
  static_fields other{{.target = target, .fields = {{"zone", "us"}}}};
  support::events events;
  auto const add = [&events](static_fields& by) -> fapilog::event& {
    auto& e = events.add("paid");
    by.enrich(e);
    return e;
  };
  add(common);
  add(common).context.push_back({"tenant_id", fapilog::value::of_string("t1")});
  add(common).data.push_back({"zone", fapilog::value::of_string("own")});
  add(other);
  add(common).data.push_back({"long", fapilog::value::of_string(long_text)});
  add(common);
  std::string const both = R"( tenant_id="a \] b" zone="eu")";
  std::vector<std::string> const expected{both + "] paid",
                                          R"( tenant_id="t1" tenant_id_2="a \] b" zone="eu"] paid)",
                                          both + R"( zone_2="own"] paid)",
                                          R"( zone="us"] paid)",
                                          both + " long=\"" + long_text.substr(0, 200),
                                          both + "] paid"};
  loopback_receiver const receiver{SOCK_DGRAM};
  fapilog::sinks::syslog sink{{.transport = syslog_transport::udp,
                               .host = "127.0.0.1",
                               .port = receiver.port(),
                               .message = {.max_bytes = 512}}};
  REQUIRE(sink.write(events.batch()));
  for (std::string const& fields : expected) {
    std::string const message = receiver.next();
    CHECK(message.find(fixed + fields) != std::string::npos);
    CHECK(message.size() <= 512);
  }
}

TEST_CASE("a syslog message that is not ASCII begins with a byte order mark, unless that is off") {
  support::events events;
  events.add("h\xc3\xa9");
  CHECK(message_of({}, events).ends_with("] \xEF\xBB\xBFh\xc3\xa9"));
  CHECK(message_of({.utf8_bom = false}, events).ends_with("] h\xc3\xa9"));
}

TEST_CASE("the severity of a syslog message follows the level") {
  for (auto const& [severity, wanted] :
       std::vector<std::pair<fapilog::level, std::string>>{{fapilog::level::debug, "<7>"},
                                                           {fapilog::level::info, "<6>"},
                                                           {fapilog::custom_level(25), "<5>"},
                                                           {fapilog::level::warning, "<4>"},
                                                           {fapilog::level::error, "<3>"},
                                                           {fapilog::level::critical, "<2>"},
                                                           {fapilog::level::audit, "<5>"},
                                                           {fapilog::level::security, "<4>"}}) {
    support::events events;
    events.add("severity", severity);
    CHECK(message_of({.facility = fapilog::sinks::syslog_facility::kern}, events).starts_with(wanted));
  }
}

TEST_CASE("a syslog message that is too long is cut at a character and marked, and its header stays") {
  std::string text;
  while (text.size() < 5'000) text += "\xe6\xbc\xa2";
  std::string const brackets(5'000, ']');
  for (std::uint32_t const limit : {512U, 1'000U, 1'001U, 1'002U, 2'048U, 60'000U}) {
    support::events events;
    auto& e = events.add(text);
    e.data.push_back({"first", fapilog::value::of_number(1)});
    e.data.push_back(
        {"long", fapilog::value::of_string(limit == 60'000 ? std::string_view{"short"} : brackets)});
    e.data.push_back({"last", fapilog::value::of_number(2)});
    std::string const message = message_of({.max_bytes = limit}, events);
    INFO(limit);
    CHECK(message.size() <= limit);
    CHECK(message.find(" first=\"1\"") != std::string::npos);
    CHECK((message.find(" truncated=\"true\"] ") != std::string::npos) == (limit != 60'000));
    CHECK(fapilog::detail::is_utf8(message));
    if (limit == 60'000) {
      CHECK(message.ends_with(text));
    } else {
      CHECK(message.size() + 4 >= limit);  // no room is left unused, except for a part of a character
    }
  }
}

TEST_CASE("a syslog message of RFC 3164 has local time, a tag, and the fields behind the text") {
  ::setenv("TZ", "UTC-2", 1);
  ::tzset();
  support::events events;
  auto& e = events.add("paid\nin full");
  e.data.push_back({"order", fapilog::value::of_number(7)});
  e.data.push_back({"by", fapilog::value::of_string("a \"card\"")});
  fapilog::sinks::syslog_message const config{.format = syslog_format::rfc3164};
  CHECK(message_of(config, events) ==
        "<14>Jan 27 12:30:00 host app[" + own_id + "]: paid\\nin full order=7 by=\"a \\\"card\\\"\"");
  support::events large;
  std::string const text(3'000, 'x');
  large.add(text);
  std::string const cut = message_of(config, large);
  CHECK(cut.size() == 1'024);
  CHECK(cut.ends_with("xxx..."));
  ::unsetenv("TZ");
  ::tzset();
}

TEST_CASE("rsyslog receives every record by every transport, field by field") {
  if (!support::rsyslog::is_installed()) SKIP("rsyslog is not installed");
  support::rsyslog daemon;
  daemon.start();
  compare_records(daemon, {"tcp", syslog_transport::tcp});
  compare_records(daemon, {"tcp, newline", syslog_transport::tcp, syslog_framing::newline});
  compare_records(daemon, {"udp", syslog_transport::udp});
  compare_records(daemon, {"unix_datagram", syslog_transport::unix_datagram});
  compare_records(daemon, {"unix_stream", syslog_transport::unix_stream});
  if (support::rsyslog::has_relp()) compare_records(daemon, {"relp", syslog_transport::relp});
}

TEST_CASE("syslog-ng receives every record by every transport, field by field") {
  if (!support::syslog_ng::is_installed()) SKIP("syslog-ng is not installed");
  support::syslog_ng daemon;
  daemon.start();
  compare_records(daemon, {"tcp", syslog_transport::tcp});
  compare_records(daemon, {"tcp, newline", syslog_transport::tcp, syslog_framing::newline});
  compare_records(daemon, {"udp", syslog_transport::udp});
  compare_records(daemon, {"unix_datagram", syslog_transport::unix_datagram});
  compare_records(daemon, {"unix_stream", syslog_transport::unix_stream, syslog_framing::newline});
}

TEST_CASE("with RELP no record is lost while the receiver is killed and restarted") {
  if (!support::rsyslog::is_installed() || !support::rsyslog::has_relp())
    SKIP("rsyslog-relp is not installed");
  support::rsyslog daemon;
  support::temporary_directory spool;
  constexpr int rounds = 3;
  int const in_round = support::chaos_records(rounds * 1'500) / rounds;
  daemon.start();
  {
    fapilog::runtime local{
        {.when_full = fapilog::when_full::block,
         .sinks = {{fapilog::sinks::syslog{config_for(daemon, {"relp", syslog_transport::relp})},
                    {.retry = keep_trying, .spool = {.directory = spool.path().string()}}}}}};
    auto log = local.get_logger("relp");
    for (int round = 0; round < rounds; ++round) {
      for (int i = 0; i < in_round; ++i) {
        log.info("relp", kv("n", round * in_round + i));
        if (i == in_round / 2) daemon.stop(SIGKILL);
      }
      daemon.start();
    }
    REQUIRE(support::eventually(
        [&] { return local.sink_counts()[0].second.delivered == std::uint64_t(rounds * in_round); },
        support::long_deadline));
    REQUIRE(local.drain(60s));
    auto const counts = local.sink_counts()[0].second;
    CHECK(counts.balanced());
  }
  std::set<std::string> ids;
  std::set<int> numbers;
  for (auto const& message : daemon.messages()) {
    ids.insert(message.fields["message_id"].get<std::string>());
    numbers.insert(std::stoi(message.fields["n"].get<std::string>()));
  }
  CHECK(numbers.size() == std::size_t(rounds * in_round));
  CHECK(ids.size() == numbers.size());
}

TEST_CASE("over TCP, records that a killed receiver had not read are lost, and no others") {
  if (!support::rsyslog::is_installed()) SKIP("rsyslog is not installed");
  support::rsyslog daemon;
  support::check_killed_receiver(daemon,
                                 fapilog::sinks::syslog{config_for(daemon, {"tcp", syslog_transport::tcp})});
}

TEST_CASE("a TCP connection that the receiver has closed is noticed before a record is written to it") {
  loopback_receiver const receiver{SOCK_STREAM};
  fapilog::sinks::syslog sink{
      {.transport = syslog_transport::tcp, .host = "127.0.0.1", .port = receiver.port()}};
  for (int i = 0; i < 3; ++i) {
    support::events events;
    std::string const text = "number " + std::to_string(i);
    events.add(text);
    REQUIRE(sink.write(events.batch()));
    int const connection = receiver.accept();
    CHECK(loopback_receiver::receive(connection).ends_with(text));
    ::close(connection);
  }
}

TEST_CASE("records wait while a receiver of TCP is away, and the account is exact") {
  std::uint16_t const port = support::free_port();
  support::events events;
  events.add("waits");
  fapilog::sinks::syslog sink{{.transport = syslog_transport::tcp, .host = "127.0.0.1", .port = port}};
  auto const result = sink.write(events.batch());
  CHECK(result.outcome() == fapilog::write_outcome::retry);
  CHECK(result.reason().find("cannot connect to 127.0.0.1 port " + std::to_string(port)) == 0);
  CHECK_FALSE(sink.health().healthy);
}

TEST_CASE("a receiver of UDP that is not there is noticed on this machine, and the record is kept") {
  std::uint16_t const port = support::free_port();
  support::events events;
  for (int i = 0; i < 3; ++i) events.add("refused");
  fapilog::sinks::syslog sink{{.transport = syslog_transport::udp, .host = "127.0.0.1", .port = port}};
  auto const result = sink.write(events.batch());
  CHECK(result.outcome() == fapilog::write_outcome::retry);
  CHECK(result.first_to_retry() == 0);
}

TEST_CASE("a UDP message that is larger than a datagram is cut and marked") {
  std::string const text(100'000, 'x');
  support::events events;
  events.add(text);
  std::string const message = message_of({.max_bytes = 1 << 20}, events);
  CHECK(message.size() > 30'000);
  CHECK(message.find(" truncated=\"true\"] xxx") != std::string::npos);
}

TEST_CASE("a receiver of TCP that reads nothing makes records wait, whole") {
  loopback_receiver const receiver{SOCK_STREAM};
  fapilog::sinks::syslog sink{{.transport = syslog_transport::tcp,
                               .host = "127.0.0.1",
                               .port = receiver.port(),
                               .write_timeout = 50ms,
                               .message = {.hostname = "host", .app_name = "app", .max_bytes = 8'192}}};
  support::events events;
  std::string const text(7'000, 'x');
  for (int i = 0; i < 3'000; ++i) events.add(text);
  auto const result = sink.write(events.batch());
  CHECK(result.outcome() == fapilog::write_outcome::retry);
  CHECK(result.reason() == "the receiver takes nothing");
  CHECK(result.first_to_retry() > 0);
  CHECK(result.first_to_retry() < 3'000);
  // Those that it took whole, and no others, arrive.
  int const connection = receiver.accept();
  std::size_t bytes = 0;
  for (std::string part = "-"; !part.empty(); bytes += part.size())
    part = loopback_receiver::receive(connection);
  ::close(connection);
  support::events one;
  one.add(text);
  std::size_t const message = message_of({.max_bytes = 8'192}, one).size();
  std::size_t const frame = std::to_string(message).size() + 1 + message;
  CHECK(bytes / frame == result.first_to_retry());
}

TEST_CASE("the syslog sink conforms to the contract of sinks") {
  loopback_receiver const receiver{SOCK_DGRAM};
  auto const found = fapilog::testing::check_sink(fapilog::sinks::syslog{
      {.transport = syslog_transport::udp, .host = "127.0.0.1", .port = receiver.port()}});
  CHECK(found == fapilog::testing::findings{});
}

TEST_CASE("settings make a syslog sink, and say how to add it") {
  loopback_receiver const receiver{SOCK_DGRAM};
  std::string const text = R"({"core": {"sinks": ["syslog"]}, "sink_config": {"syslog": {"transport": "udp",
      "host": "127.0.0.1", "message": {"facility": "local7", "app_name": "by-text"}, "port": )" +
                           std::to_string(receiver.port()) + "}}}";
  auto plugins = fapilog::builtin_plugins();
  CHECK_THROWS_WITH(fapilog::settings::from_json(text, "test", plugins).options(),
                    Catch::Matchers::ContainsSubstring("add_syslog"));
  fapilog::add_syslog(plugins);
  fapilog::runtime local{fapilog::settings::from_json(text, "test", plugins).options()};
  local.get_logger("text").info("made by text");
  REQUIRE(local.drain(30s));
  std::string const message = receiver.next();
  CHECK(message.starts_with("<190>1 "));
  CHECK(message.find(" by-text ") != std::string::npos);
  CHECK(message.ends_with("] made by text"));
}

TEST_CASE("invalid settings of the syslog sink are refused") {
  using Catch::Matchers::ContainsSubstring;
  CHECK_THROWS_WITH((fapilog::sinks::syslog{{.path = std::string(200, 's')}}),
                    ContainsSubstring("syslog.path: must be short enough"));
  CHECK_THROWS_WITH((fapilog::sinks::syslog{{.message = {.sd_id = "a b"}}}),
                    ContainsSubstring("syslog.message.sd_id"));
  CHECK_THROWS_WITH((fapilog::sinks::syslog{{.message = {.max_bytes = 100}}}),
                    ContainsSubstring("must be 0, or 512 or more"));
}
