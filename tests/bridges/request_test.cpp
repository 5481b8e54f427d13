// SPDX-License-Identifier: MIT
// Tests integrations/request.hpp, trace_context.hpp and client_address.hpp: ids, access records and hostile input.
#include <fapilog/integrations/request.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/logged.hpp"

namespace {

using namespace std::chrono_literals;
using fapilog::level;
using fapilog::integrations::ip_address;
using fapilog::integrations::is_valid_tracestate;
using fapilog::integrations::parse_traceparent;
using fapilog::integrations::request;
using fapilog::integrations::request_level;
using fapilog::integrations::request_log;
using fapilog::integrations::request_log_config;
using fapilog::integrations::request_start;
using fapilog::integrations::signed_request_levels;
using fapilog::integrations::trusted_proxies;

constexpr std::string_view valid_parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

request_start get(std::string_view path) {
  request_start start;
  start.method = "GET";
  start.path = path;
  start.peer = "192.0.2.1";
  return start;
}

}  // namespace

TEST_CASE("a valid traceparent is continued with a new span") {
  auto const trace = parse_traceparent(valid_parent, "congo=t61rcWkgMzE,rojo@vendor=00f067aa0ba902b7");
  REQUIRE(trace);
  CHECK(trace->trace_id == "4bf92f3577b34da6a3ce929d0e0e4736");
  CHECK(trace->parent_span_id == "00f067aa0ba902b7");
  CHECK(trace->span_id.size() == 16);
  CHECK(trace->span_id != trace->parent_span_id);
  CHECK(trace->flags == 1);
  CHECK(trace->tracestate == "congo=t61rcWkgMzE,rojo@vendor=00f067aa0ba902b7");
  CHECK(trace->traceparent() == "00-" + trace->trace_id + "-" + trace->span_id + "-01");
  CHECK(parse_traceparent(trace->traceparent()));
  CHECK(parse_traceparent("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-09-what-the-future-brings")
            ->flags == 1);
}

TEST_CASE("an invalid traceparent is refused") {
  for (std::string_view const text : {"", "00", "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                      "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
                                      "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
                                      "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
                                      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-more",
                                      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0",
                                      "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0x",
                                      "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                      "0g-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                      "cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01.",
                                      " 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
                                      "00-4bf92f3577b34da6a3ce929d0e0e473 -00f067aa0ba902b7-01"}) {
    INFO(text);
    CHECK_FALSE(parse_traceparent(text));
  }
  for (std::size_t i = 0; i < valid_parent.size(); ++i) {
    for (char const c : {'\0', '\n', '\x80', 'G'}) {
      std::string broken{valid_parent};
      broken[i] = c;
      CHECK_FALSE(parse_traceparent(broken));
    }
    CHECK_FALSE(parse_traceparent(valid_parent.substr(0, i)));
  }
}

TEST_CASE("an invalid tracestate is not passed on") {
  CHECK(is_valid_tracestate("a=1"));
  CHECK(is_valid_tracestate("a=1, b=2 ,,c/*-_=x y"));
  CHECK(is_valid_tracestate("1tenant@sys=v"));
  for (std::string_view const text :
       {"", ",", "a", "=1", "a=", "A=1", "1a=1", "a=1,a=2", "a=b=c", "a=\x01", "t@=1", "@s=1", "a@1s=1"}) {
    INFO(text);
    CHECK_FALSE(is_valid_tracestate(text));
  }
  std::string many;
  for (int i = 0; i < 33; ++i) many += "k" + std::to_string(i) + "=v,";
  CHECK_FALSE(is_valid_tracestate(many));
  CHECK_FALSE(is_valid_tracestate("a=" + std::string(257, 'x')));
  CHECK_FALSE(is_valid_tracestate(std::string(513, ' ') + "a=1"));
  CHECK(parse_traceparent(valid_parent, "A=1")->tracestate.empty());
}

TEST_CASE("addresses are read in all forms, and nothing else is") {
  for (char const* text : {"1.2.3.4", "::", "::1", "1::", "2001:db8::8:800:200c:417a", "1:2:3:4:5:6:7:8",
                           "::ffff:1.2.3.4", "64:ff9b::192.0.2.33", "1:2:3:4:5:6:1.2.3.4", "FE80::A"}) {
    INFO(text);
    CHECK(ip_address::parse(text));
  }
  for (char const* text : {"",
                           "1.2.3",
                           "1.2.3.4.5",
                           "1.2.3.256",
                           "01.2.3.4",
                           "1.2.3.4 ",
                           "a.b.c.d",
                           ":",
                           ":::",
                           "1:2:3:4:5:6:7",
                           "1:2:3:4:5:6:7:8:9",
                           "1::2::3",
                           "12345::",
                           "g::",
                           "1:2:3:4:5:6:7:1.2.3.4",
                           "::1.2.3",
                           "1:",
                           ":1",
                           "1:2:3:4:5:6:7:8::",
                           "fe80::1%eth0",
                           "unknown"}) {
    INFO(text);
    CHECK_FALSE(ip_address::parse(text));
  }
  CHECK_THROWS_AS(trusted_proxies{{"10.0.0.0/33"}}, std::invalid_argument);
  CHECK_THROWS_AS(trusted_proxies{{"proxy.example"}}, std::invalid_argument);
  CHECK_THROWS_AS(trusted_proxies{{"10.0.0.0/"}}, std::invalid_argument);
}

TEST_CASE("the client's address is read from the right, up to the first address that is not trusted") {
  trusted_proxies const proxies{{"10.0.0.0/8", "fd00::/8", "192.0.2.7"}};
  CHECK(proxies.client("203.0.113.9", "1.1.1.1") == "203.0.113.9");  // not a proxy: the header may be forged
  CHECK(proxies.client("10.1.2.3", "6.6.6.6, 203.0.113.9, 192.0.2.7") == "203.0.113.9");
  CHECK(proxies.client("10.1.2.3", "203.0.113.9:4711") == "203.0.113.9");
  CHECK(proxies.client("fd00::1", "[2001:db8::1]:80") == "2001:db8::1");
  CHECK(proxies.client("::ffff:10.1.2.3", "203.0.113.9") == "203.0.113.9");
  CHECK(proxies.client("10.1.2.3", "") == "10.1.2.3");
  CHECK(proxies.client("10.1.2.3", "10.9.9.9") == "10.9.9.9");
  CHECK(proxies.client("10.1.2.3", "1.1.1.1, nonsense") == "10.1.2.3");
  CHECK(proxies.client("10.1.2.3", "1.1.1.1,<script>,10.4.4.4") == "10.4.4.4");
  CHECK(proxies.client("10.1.2.3", "",
                       R"(for=6.6.6.6;proto=http, For="[2001:db8:cafe::17]:4711";by=10.0.0.1)") ==
        "2001:db8:cafe::17");
  CHECK(proxies.client("10.1.2.3", "", "for=_hidden") == "10.1.2.3");
  CHECK(proxies.client("10.1.2.3", "", "proto=http;;;=") == "10.1.2.3");
  CHECK(proxies.client("10.1.2.3", std::string(100'000, ',')) == "10.1.2.3");
  CHECK(trusted_proxies{}.client("10.1.2.3", "1.1.1.1") == "10.1.2.3");
  CHECK(proxies.client("no address", "1.1.1.1") == "no address");
}

TEST_CASE("a request has one access record with typed fields, and its ids on all its records") {
  support::logged test;
  request_log const requests{test.log, {.shown_query = {"page"}}};
  auto start = get("/orders/7");
  start.query = "page=2&token=secret&flag";
  start.traceparent = valid_parent;
  start.request_id = "client-1";
  start.user_agent = "curl/8";
  {
    request served{requests, start};
    {
      auto const attached = served.attach();
      test.log.info("inside");
    }
    std::thread{[&] {
      auto const attached = served.attach();
      test.log.info("on another thread");
    }}.join();
    test.log.info("outside");
    served.set_route("/orders/{id}");
    served.set_status(200);
    served.set_bytes_out(5);
    served.finish();
    served.finish();
  }
  auto const records = test.records();
  REQUIRE(records.size() == 4);
  for (std::size_t const i : {0U, 1U, 3U}) {
    CHECK(records[i].at("context").at("request_id") == "client-1");
    CHECK(records[i].at("context").at("trace_id") == "4bf92f3577b34da6a3ce929d0e0e4736");
    CHECK(records[i].at("context").at("span_id") == records[0].at("context").at("span_id"));
  }
  CHECK_FALSE(records[2].at("context").contains("request_id"));
  auto const& access = records[3];
  CHECK(access.at("message") == "GET /orders/{id} 200");
  CHECK(access.at("level") == "INFO");
  auto const& data = access.at("data");
  CHECK(data.at("method") == "GET");
  CHECK(data.at("route") == "/orders/{id}");
  CHECK(data.at("path") == "/orders/7");
  CHECK(data.at("query") == "page=2&token=***&***");
  CHECK(data.at("status") == 200);
  CHECK(data.at("bytes_out") == 5);
  CHECK(data.at("client") == "192.0.2.1");
  CHECK(data.at("user_agent") == "curl/8");
  CHECK(data.at("parent_span_id") == "00f067aa0ba902b7");
  CHECK(data.contains("duration"));
}

TEST_CASE("an exception and a status of 500 make the access record an error") {
  support::logged test;
  request_log const requests{test.log};
  {
    request served{requests, get("/a")};
    served.set_status(500);
    served.set_exception(std::make_exception_ptr(std::runtime_error("no database")));
  }
  CHECK(test.last().at("level") == "ERROR");
  CHECK(test.last().at("diagnostics").at("exception").at("error.message") == "no database");
  {
    request served{requests, get("/b")};
    served.set_status(503);
  }
  CHECK(test.last().at("level") == "ERROR");
  CHECK(test.records().size() == 2);
}

TEST_CASE("ids that a client may not choose are replaced") {
  support::logged test;
  request_log const requests{test.log};
  std::set<std::string> ids;
  for (std::string const& id : {std::string{}, std::string(129, 'a'), std::string{"a b"}, std::string{"a\nb"},
                                std::string{"\"},{"}, std::string{"\xff"}, std::string("a\0b", 3)}) {
    auto start = get("/");
    start.request_id = id;
    start.traceparent = "00-bad";
    request const served{requests, start};
    CHECK(served.id() != id);
    CHECK(request::is_valid_id(served.id()));
    CHECK(parse_traceparent(served.trace().traceparent()));
    ids.insert(served.id());
  }
  CHECK(ids.size() == 7);
  request_log const own{test.log, {.accepts_request_id = false, .accepts_trace = false}};
  auto start = get("/");
  start.request_id = "client-1";
  start.traceparent = valid_parent;
  request const served{own, start};
  CHECK(served.id() != "client-1");
  CHECK(served.trace().parent_span_id.empty());
}

TEST_CASE("hostile strings of a request are bounded") {
  support::logged test;
  request_log const requests{test.log};
  std::string const huge(1'000'000, '\x81');
  {
    auto start = get(huge);
    start.method = huge;
    start.query = huge;
    start.user_agent = huge;
    start.request_id = huge;
    start.traceparent = huge;
    start.tracestate = huge;
    start.x_forwarded_for = huge;
    request served{requests, start};
    served.set_status(400);
  }
  CHECK(test.data().at("method") == "-");
  CHECK(test.data().at("query") == "***");
  CHECK(test.last_line().size() < 16'000);
}

TEST_CASE("sampling keeps or drops a trace as a whole, and always keeps failed and slow requests") {
  support::logged test;
  request_log const none{test.log, {.share = 0}};
  {
    request served{none, get("/")};
    served.set_status(200);
  }
  CHECK(test.records().empty());
  {
    request served{none, get("/")};
    served.set_status(500);
  }
  CHECK(test.records().size() == 1);
  request_log const slow{test.log, {.share = 0, .slow = 0ns}};
  { request const served{slow, get("/")}; }
  CHECK(test.records().size() == 2);

  request_log const half{test.log, {.share = 0.5}};
  std::size_t const before = test.records().size();
  for (int i = 0; i < 400; ++i) request{half, get("/")}.set_status(200);
  std::size_t const kept = test.records().size() - before;
  CHECK(kept > 100);
  CHECK(kept < 300);
  for (std::string_view const parent : {"00-00000000000000000000000000000001-00f067aa0ba902b7-01",
                                        "00-0000000000000000000fffffffffffff-00f067aa0ba902b7-01"}) {
    std::size_t const start_count = test.records().size();
    for (int i = 0; i < 3; ++i) {
      auto start = get("/");
      start.traceparent = parent;
      request{half, start}.set_status(200);
    }
    CHECK(test.records().size() - start_count == (parent[34] == '1' ? 3 : 0));
  }
  CHECK_THROWS_AS((request_log{test.log, {.share = 1.5}}), std::invalid_argument);
}

TEST_CASE("a client chooses the level of its request only if the application accepts it") {
  support::logged test;
  auto const db = test.rt.get_logger("db");
  std::string const key(32, 'k');
  signed_request_levels const levels{key};
  auto const serve = [&](request_log const& requests, std::string_view header) {
    auto start = get("/");
    start.request_id = "r-1";
    start.log_level = header;
    request served{requests, start};
    std::thread{[&] {
      auto const attached = served.attach();
      db.debug("details");
    }}.join();
    db.debug("of nobody");
    served.set_status(200);
  };
  std::string const valid = levels.sign(level::debug, std::chrono::system_clock::now() + 1min, "alice");

  serve(request_log{test.log}, valid);
  CHECK(test.records().size() == 1);  // off by default
  CHECK_FALSE(test.data().contains("log_level_refused"));

  request_log const accepting{test.log, {.accepts_level = levels}};
  serve(accepting, {});
  CHECK(test.records().size() == 2);
  serve(accepting, "DEBUG");
  CHECK(test.records().size() == 3);
  CHECK(test.data().at("log_level_refused") == true);
  serve(accepting, valid);
  auto const all = test.records();
  REQUIRE(all.size() == 6);
  CHECK(all[3].at("level") == "AUDIT");
  CHECK(all[3].at("message") == "The level was lowered for a request");
  CHECK(all[3].at("data").at("level") == "DEBUG");
  CHECK(all[3].at("data").at("changed_by") == "alice");
  CHECK(all[4].at("message") == "details");
  for (std::size_t i = 3; i < 6; ++i) CHECK(all[i].at("context").at("request_id") == "r-1");
  CHECK_FALSE(db.is_enabled(level::debug));

  request_log const throwing{
      test.log, {.accepts_level = [](request_start const&) -> std::optional<request_level> { throw 1; }}};
  serve(throwing, valid);
  CHECK(test.records().size() == 7);
  CHECK(test.data().at("log_level_refused") == true);
}

TEST_CASE("a signed level holds until its end, and only as it was signed") {
  std::string const key(32, 'k');
  signed_request_levels const levels{key, level::debug, 1h};
  auto const now = std::chrono::system_clock::time_point{1'700'000'000s};
  std::string const valid = levels.sign(level::debug, now + 1min, "alice@example.com");
  auto const read = levels.read(valid, now);
  REQUIRE(read);
  CHECK(read->lowest == level::debug);
  CHECK(read->chosen_by == "alice@example.com");
  // printf 'v1;DEBUG;1700000060;alice' | openssl dgst -sha256 -hmac kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk
  CHECK(
      levels.read("v1;DEBUG;1700000060;alice;"
                  "3d7fedea868cfd69e082f4f58526199bc5c625f151548271286ad6591f80d6b4",
                  now));
  CHECK_FALSE(levels.read(valid, now + 1min));
  CHECK_FALSE(levels.read(levels.sign(level::debug, now + 2h, "a"), now));
  CHECK_FALSE(levels.read(levels.sign(fapilog::custom_level(5), now + 1min, "a"), now));
  CHECK_FALSE(signed_request_levels{std::string(32, 'x')}.read(valid, now));
  for (std::size_t i = 0; i < valid.size(); ++i) {
    std::string broken = valid;
    broken[i] = static_cast<char>(broken[i] ^ 1);
    CHECK_FALSE(levels.read(broken, now));
    CHECK_FALSE(levels.read(valid.substr(0, i), now));
  }
  CHECK_FALSE(levels.read(std::string(1'000'000, ';'), now));
  CHECK_THROWS_AS(signed_request_levels{"short"}, std::invalid_argument);
  CHECK_THROWS_AS(levels.sign(level::debug, now, "a;b"), std::invalid_argument);
  CHECK_THROWS_AS(levels.sign(level::debug, now, ""), std::invalid_argument);
}
