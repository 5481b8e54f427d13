// SPDX-License-Identifier: MIT
#include "journald_host.hpp"
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/eventually.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/plugins/builtins.hpp>
#include <fapilog/plugins/journald.hpp>
#include <fapilog/settings.hpp>
#include <fapilog/sinks/journald.hpp>
#include <fapilog/testing/conformance.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

using fapilog::kv;
using support::journal_entry;
using support::journald_host;
using namespace std::chrono_literals;

namespace {

constexpr fapilog::retry_options retry_soon{.attempts = 0, .first_delay = 1ms, .longest_delay = 5ms};
constexpr auto journal_id = "fapilog-test";

fapilog::placed_sink to_journal(std::string socket, std::string spool = {}) {
  return {fapilog::sinks::journald{{.socket = std::move(socket), .identifier = journal_id}},
          {.retry = retry_soon, .spool = {.directory = std::move(spool)}}};
}

std::string only(journal_entry const& entry, std::string const& name) {
  auto const found = entry.find(name);
  if (found == entry.end()) return "<missing>";
  return found->second.size() == 1 ? found->second[0] : "<several>";
}

/// A datagram socket in the place of journald's.
class datagram_receiver {
 public:
  explicit datagram_receiver(std::string path)
      : path_(std::move(path)), socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, sizeof address.sun_path - 1);
    REQUIRE(::bind(socket_, reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0);
  }
  datagram_receiver(datagram_receiver const&) = delete;
  datagram_receiver& operator=(datagram_receiver const&) = delete;
  ~datagram_receiver() {
    ::close(socket_);
    ::unlink(path_.c_str());
  }
  [[nodiscard]] std::string next() const {
    std::string text(1 << 16, '\0');
    ssize_t const got = ::recv(socket_, text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
  }

 private:
  std::string path_;
  int socket_;
};

}  // namespace

TEST_CASE("journald stores every field of a record in a field of its own") {
  if (!journald_host::is_possible()) return;
  journald_host host;
  host.command("start");
  std::string const large(std::size_t{1} << 20, 'x');
  std::string const lines = "first\nMESSAGE=forged\n\nsecond\n";
  std::string const no_utf8 = "\xff\xfe\x80 not utf-8\x00 with a zero";
  std::string const zero{"a\0b", 3};
  {
    fapilog::runtime local{{.max_record_bytes = 4 << 20, .sinks = {to_journal(host.socket())}}};
    auto log = local.get_logger("shop.cart");
    log.error("order {} failed", 7, kv("order", 7), kv("rate", 0.5), kv("paid", false), kv("lines", lines),
              kv("bytes", no_utf8), kv("zero", zero), kv("large", large), kv("empty", ""), kv("took", 1500ms),
              kv("map", std::map<std::string, int>{{"a", 1}, {"b", 2}}), kv("list", std::vector<int>{1, 2}),
              kv("trace_id", "4bf92f3577b34da6a3ce929d0e0e4736"));
    log.info("with\na line break");
    log.audit("who did what");
    REQUIRE(local.drain(30s));
  }
  REQUIRE(support::eventually([&] { return host.entries(journal_id).size() == 3; }));
  auto const entries = host.entries(journal_id);
  journal_entry const& first = entries[0];
  CHECK(only(first, "MESSAGE") == "order 7 failed");
  CHECK(only(first, "PRIORITY") == "3");
  CHECK(only(first, "LEVEL") == "ERROR");
  CHECK(only(first, "LOGGER") == "shop.cart");
  CHECK(only(first, "SYSLOG_IDENTIFIER") == journal_id);
  CHECK(only(first, "_PID") == std::to_string(::getpid()));
  CHECK(only(first, "TID") == std::to_string(::gettid()));
  CHECK(only(first, "CODE_FILE").ends_with("journald_test.cpp"));
  CHECK(std::stoi(only(first, "CODE_LINE")) > 0);
  CHECK(only(first, "CODE_FUNC") != "<missing>");
  CHECK(only(first, "FAPILOG_MESSAGE_ID").size() == 36);
  CHECK(only(first, "TIMESTAMP").size() == std::string_view{"2026-01-27T10:30:00.123456789Z"}.size());
  CHECK(only(first, "MESSAGE_ID") == "<missing>");
  CHECK(only(first, "ORDER") == "7");
  CHECK(only(first, "RATE") == "0.5");
  CHECK(only(first, "PAID") == "false");
  CHECK(only(first, "LINES") == lines);
  CHECK(only(first, "BYTES") == no_utf8);
  CHECK(only(first, "ZERO") == zero);
  CHECK((only(first, "LARGE") == large));
  CHECK(only(first, "EMPTY").empty());
  CHECK(only(first, "TOOK") == "1.5");
  CHECK(only(first, "MAP_A") == "1");
  CHECK(only(first, "MAP_B") == "2");
  CHECK(only(first, "LIST") == "[1,2]");
  CHECK(only(first, "TRACE_ID") == "4bf92f3577b34da6a3ce929d0e0e4736");
  CHECK(only(entries[1], "MESSAGE") == "with\na line break");
  CHECK(only(entries[1], "PRIORITY") == "6");
  CHECK(only(entries[2], "PRIORITY") == "5");
}

TEST_CASE("a record of 9 MiB is passed to journald in sealed memory") {
  if (!journald_host::is_possible()) return;
  journald_host host;
  host.command("start");
  std::string const large(std::size_t{9} << 20, 'x');
  support::events events;
  events.add("before");
  events.add(large);
  events.add("after");
  fapilog::sinks::journald sink{{.socket = host.socket(), .identifier = journal_id}};
  REQUIRE(sink.write(events.batch()));
  REQUIRE(support::eventually([&] { return host.entries(journal_id).size() == 3; }));
  auto const entries = host.entries(journal_id);
  CHECK(only(entries[0], "MESSAGE") == "before");
  CHECK((only(entries[1], "MESSAGE") == large));
  CHECK(only(entries[2], "MESSAGE") == "after");
}

TEST_CASE("keys become valid names of journal fields, and none replaces another") {
  if (!journald_host::is_possible()) return;
  journald_host host;
  host.command("start");
  std::map<std::string, int> many;
  for (int i = 0; i < 1200; ++i) many["n" + std::to_string(i)] = i;
  {
    fapilog::runtime local{{.max_record_bytes = 1 << 20, .sinks = {to_journal(host.socket())}}};
    auto log = local.get_logger("names");
    std::string const longest(100, 'k');
    log.info("names", kv("order.id", 1), kv("order-id", 2), kv("order_id", 3), kv("_hidden", 4),
             kv("9lives", 5), kv("message", "user"), kv("priority", 0), kv("code_file", "x"), kv("errno", 13),
             kv("event_id", "0e4284a0-caca-4bfc-81c0-bb6786972673"),
             kv(fapilog::dynamic_key{"k\xc3\xb6ln"}, 6), kv(fapilog::dynamic_key{longest + "1"}, 7),
             kv(fapilog::dynamic_key{longest + "2"}, 8));
    log.info("many", kv("many", many));
    REQUIRE(local.drain(30s));
  }
  REQUIRE(support::eventually([&] { return host.entries(journal_id).size() == 2; }));
  auto const entries = host.entries(journal_id);
  journal_entry const& first = entries[0];
  std::string const cut(64, 'K');
  for (auto const& [name, value] :
       std::map<std::string, std::string>{{"ORDER_ID", "1"},
                                          {"ORDER_ID_2", "2"},
                                          {"ORDER_ID_3", "3"},
                                          {"FIELD__HIDDEN", "4"},
                                          {"FIELD_9LIVES", "5"},
                                          {"FIELD_MESSAGE", "user"},
                                          {"MESSAGE", "names"},
                                          {"FIELD_PRIORITY", "0"},
                                          {"PRIORITY", "6"},
                                          {"FIELD_CODE_FILE", "x"},
                                          {"ERRNO", "13"},
                                          {"EVENT_ID", "0e4284a0-caca-4bfc-81c0-bb6786972673"},
                                          {"MESSAGE_ID", "0e4284a0caca4bfc81c0bb6786972673"},
                                          {"K__LN", "6"},
                                          {cut, "7"},
                                          {cut.substr(2) + "_2", "8"}}) {
    INFO(name);
    CHECK(only(first, name) == value);
  }
  std::size_t found = 0;
  for (auto const& [name, values] : entries[1]) found += name.starts_with("MANY_N") ? values.size() : 0;
  CHECK(found > 900);
  auto const more = nlohmann::json::parse(only(entries[1], "MORE_FIELDS"));
  CHECK(found + more.size() == many.size());
  for (auto const& [key, value] : more.items()) CHECK(many[key.substr(5)] == value);
}

TEST_CASE("records wait while journald is away, and none is lost when it restarts") {
  if (!journald_host::is_possible()) return;
  journald_host host;
  support::temporary_directory spool;
  int n = 0;
  {
    fapilog::runtime local{{.sinks = {to_journal(host.socket(), spool.path().string())}}};
    auto log = local.get_logger("restart");
    SECTION("with a socket that systemd holds, under load") {
      host.command("hold");
      host.command("start");
      for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 500; ++i) log.info("n", kv("n", n++));
        host.command("stop");
        for (int i = 0; i < 500; ++i) log.info("n", kv("n", n++));
        host.command("start");
      }
    }
    SECTION("with a socket that refuses connections meanwhile") {
      for (int i = 0; i < 100; ++i) log.info("n", kv("n", n++));
      for (int round = 0; round < 2; ++round) {
        host.command("start");
        REQUIRE(support::eventually(
            [&] { return host.entries(journal_id).size() == static_cast<std::size_t>(n); }));
        host.command("stop");
        for (int i = 0; i < 500; ++i) log.info("n", kv("n", n++));
      }
      host.command("start");
    }
    // A drain may leave records in the spool.
    CHECK(support::eventually(
        [&] { return local.sink_counts()[0].second.delivered == static_cast<std::uint64_t>(n); }));
    REQUIRE(local.drain(30s));
    CHECK(local.sink_counts()[0].second.delivered == static_cast<std::uint64_t>(n));
  }
  REQUIRE(
      support::eventually([&] { return host.entries(journal_id).size() == static_cast<std::size_t>(n); }));
  auto const entries = host.entries(journal_id);
  for (int i = 0; i < n; ++i) REQUIRE(only(entries[static_cast<std::size_t>(i)], "N") == std::to_string(i));
}

TEST_CASE("a journald that takes nothing makes records wait, and the sink unhealthy") {
  support::temporary_directory folder;
  datagram_receiver const receiver{folder / "socket"};
  fapilog::sinks::journald sink{{.socket = folder / "socket", .write_timeout = 1ms}};
  support::events events;
  constexpr std::size_t count = 5'000;  // more than a socket holds
  for (std::size_t i = 0; i < count; ++i) events.add("takes nothing");
  fapilog::batch const all = events.batch();
  std::size_t received = 0;
  std::size_t next = 0;
  while (next < count) {
    auto const result = sink.write(all.from(next));
    if (result) {
      next = count;
    } else {
      REQUIRE(result.outcome() == fapilog::write_outcome::retry);
      CHECK(result.reason().find("its socket is full") != std::string::npos);
      CHECK_FALSE(sink.health().healthy);
      next += result.first_to_retry();
    }
    for (; received < next; ++received) REQUIRE(receiver.next().find("MESSAGE=takes nothing\n") == 0);
  }
  CHECK(sink.health().healthy);
}

TEST_CASE("the journald sink conforms to the contract of sinks") {
  if (!journald_host::is_possible()) return;
  journald_host host;
  host.command("start");
  auto const found = fapilog::testing::check_sink(fapilog::sinks::journald{{.socket = host.socket()}});
  CHECK(found == fapilog::testing::findings{});
}

TEST_CASE("settings make a journald sink, and say how to add it") {
  support::temporary_directory folder;
  datagram_receiver const receiver{folder / "socket"};
  std::string const text = R"({"core": {"sinks": ["journald"]}, "sink_config": {"journald": {"socket": ")" +
                           (folder / "socket") + R"(", "identifier": "by-text"}}})";
  auto plugins = fapilog::builtin_plugins();
  CHECK_THROWS_WITH(fapilog::settings::from_json(text, "test", plugins).options(),
                    Catch::Matchers::ContainsSubstring("add_journald"));
  fapilog::add_journald(plugins);
  fapilog::runtime local{fapilog::settings::from_json(text, "test", plugins).options()};
  local.get_logger("text").info("made by text");
  REQUIRE(local.drain(30s));
  std::string const record = receiver.next();
  CHECK(record.find("MESSAGE=made by text\n") == 0);
  CHECK(record.find("SYSLOG_IDENTIFIER=by-text\n") != std::string::npos);
}

TEST_CASE("invalid settings of the journald sink are refused") {
  CHECK_THROWS_WITH(fapilog::sinks::journald{{.socket = std::string(200, 's')}},
                    Catch::Matchers::ContainsSubstring("journald.socket: must be short enough"));
  CHECK_THROWS_AS(fapilog::sinks::journald{{.identifier = "two\nlines"}}, std::invalid_argument);
}
