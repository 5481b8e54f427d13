// SPDX-License-Identifier: MIT
// The Kafka sink against librdkafka's mock cluster; what arrived is read back by kcat.
#include "kafka/mock_cluster.hpp"
#include "support/catch.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/sinks/kafka.hpp>

#include "support/batches.hpp"
#include "support/captured_diagnostics.hpp"
#include "support/child_process.hpp"
#include "support/eventually.hpp"

#include <chrono>
#include <future>
#include <map>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

using fapilog::kv;
using fapilog::sinks::kafka;
using fapilog::sinks::kafka_config;
using support::eventually;
using support::mock_cluster;
using namespace std::chrono_literals;

namespace {

/// The number that a record carries as its field `n`.
long number_in(std::string const& json) {
  std::size_t const at = json.find("\"n\":");
  REQUIRE(at != std::string::npos);
  return std::stol(json.substr(at + 4));
}

/// Each of the records 0 to `count - 1` is there, those with the same key in one partition and in their order. Repeated ones are
/// removed first if `may_repeat`: the mock cluster stores a request again whose answer was lost, which brokers of Kafka
/// recognise by its sequence number.
void check_all_in_order(std::vector<support::kafka_message> const& messages, long count,
                        bool may_repeat = false) {
  std::set<long> seen;
  std::map<std::string, std::pair<int, long>> last;  // by key: partition, number
  long repeated = 0;
  for (auto const& m : messages) {
    long const n = number_in(m.value);
    if (!seen.insert(n).second) {
      ++repeated;
      continue;
    }
    auto const [found, is_new] = last.try_emplace(m.key, m.partition, n);
    if (is_new) continue;
    CHECK(found->second.first == m.partition);
    CHECK(found->second.second < n);
    found->second.second = n;
  }
  CHECK(seen.size() == static_cast<std::size_t>(count));
  if (!may_repeat) CHECK(repeated == 0);
}

fapilog::options options_for(std::shared_ptr<kafka> const& sink) {
  return {.when_full = fapilog::when_full::block,
          .sinks = {{sink, {.when_queue_full = fapilog::when_queue_full::block}}},
          .diagnostics_output = support::captured_diagnostics{}};
}

constexpr long logged_through = 20'000;

/// Logs with seven keys, calls `disturb(runtime, number)` after each record, and expects that all are delivered.
template <class Disturb>
void log_through(mock_cluster const& cluster, Disturb const& disturb) {
  auto const sink = std::make_shared<kafka>(
      kafka_config{.brokers = cluster.brokers(), .key_field = "data.key", .batch_size = 500, .timeout = 30s});
  fapilog::runtime rt{options_for(sink)};
  auto const log = rt.get_logger("shop");
  for (long i = 0; i < logged_through; ++i) {
    log.info("m", kv("n", i), kv("key", "k" + std::to_string(i % 7)));
    disturb(rt, i);
  }
  REQUIRE(rt.flush(120s));
  auto const counts = rt.sink_counts().at(0).second;
  CHECK(counts.delivered == logged_through);
  CHECK(counts.rejected == 0);
  CHECK(counts.failed == 0);
}

fapilog::batch numbered(support::events& made, int count) {
  static std::vector<std::string> const lines = support::numbered_lines(100, 60);
  for (int i = 0; i < count; ++i) {
    fapilog::event& e = made.add("m");
    e.message_id.bytes[15] = static_cast<std::uint8_t>(i + 1);
  }
  fapilog::batch const all = made.batch();
  for (int i = 0; i < count; ++i)
    const_cast<fapilog::entry&>(all[static_cast<std::size_t>(i)]).json = lines[static_cast<std::size_t>(i)];
  return all;
}

/// The descriptors of this process that are connected to a broker, given as `host:port`.
std::vector<int> sockets_connected_to(std::string const& broker) {
  auto const port = static_cast<std::uint16_t>(std::stoi(broker.substr(broker.rfind(':') + 1)));
  std::vector<int> found;
  for (int descriptor = 0; descriptor < 1'000; ++descriptor) {
    ::sockaddr_in peer{};
    ::socklen_t size = sizeof peer;
    if (::getpeername(descriptor, reinterpret_cast<::sockaddr*>(&peer), &size) == 0 &&
        peer.sin_family == AF_INET && ntohs(peer.sin_port) == port)
      found.push_back(descriptor);
  }
  return found;
}

int socket_option(int descriptor, int level, int name) {
  int value = 0;
  ::socklen_t size = sizeof value;
  CHECK(::getsockopt(descriptor, level, name, &value, &size) == 0);
  return value;
}

}  // namespace

TEST_CASE("each record is one message with its key, headers and time") {
  mock_cluster const cluster;
  auto const sink = std::make_shared<kafka>(
      kafka_config{.brokers = cluster.brokers(), .key_field = "context.tenant_id", .timeout = 30s});
  {
    fapilog::runtime rt{options_for(sink)};
    auto const log = rt.get_logger("shop");
    log.info("first", kv("n", 0), kv("tenant_id", "t-1"), kv("trace_id", "0af7651916cd43dd8448eb211c80319c"));
    log.error("second \"|\" \n", kv("n", 1));
    REQUIRE(rt.flush(30s));
    CHECK(rt.sink_counts().at(0).second.delivered == 2);
    CHECK(rt.health().at(0).second.healthy);
  }
  auto messages = cluster.messages();
  REQUIRE(messages.size() == 2);
  if (number_in(messages[0].value) != 0) std::swap(messages[0], messages[1]);
  CHECK(messages[0].key == "t-1");
  CHECK(messages[1].key.empty());
  CHECK(messages[0].value.starts_with(R"({"schema_version":"1.1","log":{"timestamp":")"));
  std::size_t const id = messages[0].value.find("\"message_id\":\"") + 14;
  CHECK(messages[0].headers == "message_id=" + messages[0].value.substr(id, 36) +
                                   ",level=INFO,logger=shop,trace_id=0af7651916cd43dd8448eb211c80319c");
  CHECK(messages[1].headers.ends_with("level=ERROR,logger=shop"));
  CHECK(messages[0].timestamp_ms > 1'700'000'000'000);
}

TEST_CASE("requests that fail and leaders that change cost no record and double none") {
  mock_cluster const cluster;
  log_through(cluster, [&](fapilog::runtime& rt, long logged) {
    if (logged == 2'000) {
      cluster.fail_produce({RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
                            RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE});
    }
    if (logged != 10'000) return;
    REQUIRE(rt.flush(60s));
    for (int partition = 0; partition < 4; ++partition) cluster.set_leader(partition, 2);
  });
  check_all_in_order(cluster.messages(), logged_through);
}

TEST_CASE("brokers that go down and connections that are lost cost no record") {
  mock_cluster const cluster;
  log_through(cluster, [&](fapilog::runtime& /*rt*/, long logged) {
    if (logged == 2'000) cluster.fail_produce({RD_KAFKA_RESP_ERR__TRANSPORT, RD_KAFKA_RESP_ERR__TRANSPORT});
    if (logged == 6'000) cluster.set_down(1);
    if (logged == 12'000) cluster.set_up(1);
  });
  check_all_in_order(cluster.messages(), logged_through, /*may_repeat=*/true);
}

TEST_CASE("records wait while all brokers are down") {
  mock_cluster const cluster{1, 1};
  cluster.set_down(1);
  auto const sink = std::make_shared<kafka>(kafka_config{.brokers = cluster.brokers(), .timeout = 5s});
  fapilog::runtime rt{options_for(sink)};
  for (int i = 0; i < 100; ++i) rt.get_logger().info("m", kv("n", i));
  CHECK(eventually([&] { return !rt.health().at(0).second.healthy; }));
  std::string const detail = rt.health().at(0).second.detail;
  INFO(detail);
  CHECK(detail.find("logs") != std::string::npos);
  CHECK(detail.find("127.0.0.1:") != std::string::npos);
  cluster.set_up(1);
  REQUIRE(rt.flush(60s));
  CHECK(rt.sink_counts().at(0).second.delivered == 100);
  CHECK(eventually([&] { return rt.health().at(0).second.healthy; }));
  check_all_in_order(cluster.messages(), 100);
}

TEST_CASE("a connection to Kafka ends soon if its packets vanish") {
  mock_cluster const cluster{1, 1};
  kafka sink{{.brokers = cluster.brokers()}};
  support::events made;
  REQUIRE(sink.write(numbered(made, 1)));
  int connections = 0;
  for (int const descriptor : sockets_connected_to(cluster.brokers().at(0))) {
    ++connections;
    CHECK(socket_option(descriptor, SOL_SOCKET, SO_KEEPALIVE) != 0);
    CHECK((::fcntl(descriptor, F_GETFD) & FD_CLOEXEC) != 0);
#if defined(TCP_USER_TIMEOUT)
    CHECK(socket_option(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT) == 5'000);
    CHECK(socket_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE) == 2);
#endif
  }
  CHECK(connections >= 1);
}

TEST_CASE("an attempt whose acknowledgement is late is not sent again") {
  mock_cluster const cluster{1, 1};
  kafka sink{{.brokers = cluster.brokers(), .timeout = 100ms}};
  support::events made;
  fapilog::batch const entries = numbered(made, 50);
  cluster.set_round_trip_ms(1, 250);
  fapilog::write_result result = sink.write(entries);
  REQUIRE(result.outcome() == fapilog::write_outcome::retry);
  CHECK(result.reason().find("no acknowledgement within the timeout") != std::string::npos);
  CHECK_FALSE(sink.health().healthy);
  REQUIRE(eventually([&] { return static_cast<bool>(sink.write(entries)); }));
  CHECK(sink.health().healthy);
  sink.stop();
  check_all_in_order(cluster.messages(), 50);
}

TEST_CASE("a write to Kafka that is cancelled ends before its timeout, and its records are sent once") {
  mock_cluster const cluster{1, 1};
  kafka sink{{.brokers = cluster.brokers(), .timeout = 1h}};
  support::events made;
  fapilog::batch const entries = numbered(made, 50);
  cluster.set_down(1);
  auto pending = std::async(std::launch::async, [&] { return sink.write(entries); });
  sink.cancel();
  auto const result = pending.get();
  CHECK(result.outcome() == fapilog::write_outcome::retry);
  CHECK(result.entries_to_retry().size() == 50);
  CHECK(sink.write(entries).outcome() == fapilog::write_outcome::retry);
  cluster.set_up(1);
  sink.start(fapilog::start_context{});
  REQUIRE(eventually([&] { return static_cast<bool>(sink.write(entries)); }));
  sink.stop();
  check_all_in_order(cluster.messages(), 50);
}

TEST_CASE("a record that is too large for the topic is rejected alone") {
  mock_cluster const cluster{1, 1};
  auto const sink = std::make_shared<kafka>(
      kafka_config{.brokers = cluster.brokers(), .max_message_bytes = 2'000, .timeout = 30s});
  fapilog::runtime rt{options_for(sink)};
  rt.get_logger().info("small", kv("n", 0));
  rt.get_logger().info("large", kv("n", 1), kv("text", std::string(5'000, 'x')));
  rt.get_logger().info("small", kv("n", 2));
  REQUIRE(rt.flush(30s));
  CHECK(rt.sink_counts().at(0).second.delivered == 2);
  CHECK(rt.sink_counts().at(0).second.rejected == 1);
  CHECK(cluster.messages().size() == 2);
}

TEST_CASE("of a request that a broker refuses because of one record, the others arrive") {
  auto const error = GENERATE(RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_RECORD);
  INFO(::rd_kafka_err2name(error));
  mock_cluster const cluster{1, 1};
  kafka sink{{.brokers = cluster.brokers(), .timeout = 30s}};
  support::events made;
  fapilog::batch const entries = numbered(made, 8);
  cluster.fail_produce({error});  // the request of all
  CHECK(static_cast<bool>(sink.write(entries)));
  support::events more;
  fapilog::batch const next = numbered(more, 4);
  cluster.fail_produce({error, error, error});  // of all, of the first half, of its first record alone
  auto const result = sink.write(next);
  CHECK(result.outcome() == fapilog::write_outcome::rejected);
  CHECK(result.rejected_entries() == std::vector<std::size_t>{0});
  CHECK(result.reason().find(::rd_kafka_err2name(error)) != std::string::npos);
  sink.stop();
  CHECK(cluster.messages().size() == 11);
}

TEST_CASE("each error of a broker for a request has its result") {
  using fapilog::write_outcome;
  mock_cluster const cluster{1, 1};
  support::events made;
  fapilog::batch const entries = numbered(made, 1);
  auto const check = [&](::rd_kafka_resp_err_t error, write_outcome outcome, bool is_refused) {
    INFO(::rd_kafka_err2name(error));
    kafka sink{{.brokers = cluster.brokers(), .timeout = 30s, .properties = {"retry.backoff.ms=1"}}};
    cluster.fail_produce({error});
    auto const result = sink.write(entries);
    // librdkafka repeats some requests itself, depending on its version.
    bool const is_repeated = outcome == write_outcome::retry && !is_refused && result;
    CHECK((result.outcome() == outcome || is_repeated));
    CHECK(result.is_refused() == is_refused);
    if (!result && outcome == write_outcome::retry)
      CHECK(eventually([&] { return static_cast<bool>(sink.write(entries)); }));
    sink.stop();
  };
  for (auto const temporary :
       {RD_KAFKA_RESP_ERR_INVALID_MSG, RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
        RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
        RD_KAFKA_RESP_ERR_NETWORK_EXCEPTION, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
        RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
        RD_KAFKA_RESP_ERR_FENCED_LEADER_EPOCH, RD_KAFKA_RESP_ERR_UNKNOWN_LEADER_EPOCH,
        RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
        RD_KAFKA_RESP_ERR_UNKNOWN_PRODUCER_ID, RD_KAFKA_RESP_ERR_INVALID_PRODUCER_EPOCH,
        RD_KAFKA_RESP_ERR_POLICY_VIOLATION, RD_KAFKA_RESP_ERR_UNKNOWN})
    check(temporary, write_outcome::retry, false);
  for (auto const of_record : {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE,
                               RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP,
                               RD_KAFKA_RESP_ERR_INVALID_RECORD})
    check(of_record, write_outcome::rejected, false);
  for (auto const of_sink :
       {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS,
        RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION, RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT,
        RD_KAFKA_RESP_ERR_UNSUPPORTED_COMPRESSION_TYPE, RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM,
        RD_KAFKA_RESP_ERR_ILLEGAL_SASL_STATE, RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_AUTHORIZATION_FAILED,
        RD_KAFKA_RESP_ERR_DELEGATION_TOKEN_EXPIRED, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED})
    check(of_sink, write_outcome::retry, true);
}

TEST_CASE("a topic that the client may not write to is reported, and tried again slowly") {
  mock_cluster const cluster{1, 1};
  kafka sink{{.brokers = cluster.brokers(), .timeout = 30s}};
  support::events made;
  fapilog::batch const entries = numbered(made, 3);
  cluster.fail_produce({RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED});
  fapilog::write_result const result = sink.write(entries);
  CHECK(result.is_refused());
  CHECK(result.entries_to_retry().size() == 3);
  CHECK(result.reason().find("TOPIC_AUTHORIZATION_FAILED") != std::string::npos);
  CHECK_FALSE(sink.health().healthy);
  CHECK(static_cast<bool>(sink.write(entries)));
  CHECK(sink.health().healthy);
  sink.stop();
  check_all_in_order(cluster.messages(), 3);
}

TEST_CASE("a forked child has a producer of its own") {
  mock_cluster const cluster{1, 1};
  auto const sink = std::make_shared<kafka>(kafka_config{.brokers = cluster.brokers(), .timeout = 30s});
  fapilog::runtime rt{options_for(sink)};
  rt.get_logger().info("m", kv("n", 0));
  REQUIRE(rt.flush(30s));
  int const status = support::status_of_child([&rt] {
    rt.get_logger().info("m", kv("n", 1));
    ::_exit(rt.flush(30s) ? 0 : 1);
  });
  CHECK(status == 0);
  rt.get_logger().info("m", kv("n", 2));
  REQUIRE(rt.flush(30s));
  check_all_in_order(cluster.messages(), 3);
}

TEST_CASE("properties that cannot be used are refused by name, without their value") {
  auto const message_of = [](std::string const& property) -> std::string {
    try {
      kafka const sink{{.properties = {property}}};
    } catch (std::invalid_argument const& error) {
      return error.what();
    }
    return "accepted";
  };
  for (auto const* property : {"no.such.property=geheim", "security.protocol=geheim",
                               "enable.idempotence=false", "message.timeout.ms=5", "acks=0"}) {
    std::string const message = message_of(property);
    INFO(message);
    std::string const text = property;
    CHECK(message.find("kafka.properties: " + text.substr(0, text.find('='))) != std::string::npos);
    CHECK(message.find("geheim") == std::string::npos);
  }
  CHECK(message_of("no equals sign") != "accepted");
  CHECK(message_of("sasl.username=me") == "accepted");
  CHECK_THROWS_AS(kafka{{.topic = "a b"}}, std::invalid_argument);
  CHECK_THROWS_AS(kafka{{.brokers = {}}}, std::invalid_argument);
}
