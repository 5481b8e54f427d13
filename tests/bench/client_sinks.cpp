// SPDX-License-Identifier: MIT
// The sinks for syslog, journald, Kafka and NATS beside a loop that makes the same records with fmt, each with its time, its id and
// escaped strings, and hands them to the plain client: bench_client_sinks SINK ADDRESS [RECORDS [REPETITIONS]]. Prints medians and
// their ratios. client_sinks.sh starts the counterparts and runs it.
#include "beside_client.hpp"

#include <fapilog/sinks/journald.hpp>
#include <fapilog/sinks/kafka.hpp>
#include <fapilog/sinks/nats.hpp>
#include <fapilog/sinks/syslog.hpp>

#include <fmt/format.h>
#include <librdkafka/rdkafka.h>
#include <nats/nats.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

// Of libsystemd, declared here because its header is in a package of its own.
extern "C" int sd_journal_sendv(struct iovec const* fields, int count);

namespace {

/// The connection that `syslog` over TCP uses, without its checks: 64 KB in a call.
bench::cost by_socket(std::uint16_t port, std::size_t records) {
  bench::meter const time;
  int const socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::connect(socket, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0)
    bench::fail("nobody listens");
  std::string all;
  std::string one;
  bench::plain_content content;
  auto const param = [&one](std::string_view before, std::string_view text) {
    one += before;
    bench::plain_content::append(one, text, true);
  };
  auto const send = [&] {
    for (std::size_t sent = 0; sent < all.size();) {
      ssize_t const put = ::send(socket, all.data() + sent, all.size() - sent, MSG_NOSIGNAL);
      if (put <= 0) bench::fail("the receiver closes the connection");
      sent += static_cast<std::size_t>(put);
    }
    all.clear();
  };
  for (std::size_t i = 0; i < records; ++i) {
    one.clear();
    content.next(6);
    fmt::format_to(std::back_inserter(one),
                   R"(<14>1 {} vm bench {} - [fapilog@32473 level="INFO" logger="bench" message_id="{})",
                   content.time(), 12'345, content.id());
    param(R"(" user_id=")", "user-00012345");
    fmt::format_to(
        std::back_inserter(one),
        R"(" service="bench" env="dev" version="0.0.0" host="vm" pid="{}" status="{}" latency_ms="{}")",
        12'345, 200 + static_cast<int>(i % 8), static_cast<double>(i) * 0.25);
    param(R"( path=")", "/api/v1/orders/8812/items/17");
    param("\"] ", "request handled");
    fmt::format_to(std::back_inserter(all), "{} {}", one.size(), one);
    if (all.size() > 65'536) send();
  }
  send();
  ::close(socket);
  return time.so_far();
}

/// As many fields as the sink writes.
bench::cost by_libsystemd(std::size_t records) {
  bench::meter const time;
  bench::plain_content content;
  for (std::size_t i = 0; i < records; ++i) {
    content.next(9);
    std::array<std::string, 16> const fields{"MESSAGE=request handled",
                                             "PRIORITY=6",
                                             "SYSLOG_IDENTIFIER=bench",
                                             "LEVEL=INFO",
                                             "LOGGER=bench",
                                             "TIMESTAMP=" + content.time(),
                                             "FAPILOG_MESSAGE_ID=" + content.id(),
                                             "USER_ID=user-00012345",
                                             "SERVICE=bench",
                                             "ENV=dev",
                                             "VERSION=0.0.0",
                                             "HOST=vm",
                                             fmt::format("PID={}", 12'345),
                                             fmt::format("STATUS={}", 200 + static_cast<int>(i % 8)),
                                             fmt::format("LATENCY_MS={}", static_cast<double>(i) * 0.25),
                                             "PATH=/api/v1/orders/8812/items/17"};
    std::array<iovec, fields.size()> parts{};
    for (std::size_t k = 0; k < fields.size(); ++k)
      parts[k] = {const_cast<char*>(fields[k].data()), fields[k].size()};
    if (::sd_journal_sendv(parts.data(), static_cast<int>(parts.size())) != 0)
      bench::fail("journald takes no entry");
  }
  return time.so_far();
}

bench::cost by_librdkafka(std::string const& brokers, std::size_t records) {
  bench::meter const time;
  ::rd_kafka_conf_t* const conf = ::rd_kafka_conf_new();
  for (auto const& [name, value] :
       {std::pair{"bootstrap.servers", brokers.c_str()}, std::pair{"acks", "all"},
        std::pair{"enable.idempotence", "true"}, std::pair{"linger.ms", "1"},
        std::pair{"queue.buffering.max.messages", "0"}, std::pair{"queue.buffering.max.kbytes", "65536"}})
    ::rd_kafka_conf_set(conf, name, value, nullptr, 0);
  static std::size_t delivered;
  delivered = 0;
  ::rd_kafka_conf_set_dr_msg_cb(conf, [](::rd_kafka_t*, ::rd_kafka_message_t const* report, void*) {
    delivered += report->err == RD_KAFKA_RESP_ERR_NO_ERROR;
  });
  ::rd_kafka_t* const producer = ::rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
  std::string line;
  bench::plain_content content;
  for (std::size_t i = 0; i < records; ++i) {
    line.clear();
    bench::append_line(line, content, i);
    while (::rd_kafka_producev(producer, RD_KAFKA_V_TOPIC("logs"), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                               RD_KAFKA_V_VALUE(line.data(), line.size()),
                               RD_KAFKA_V_END) == RD_KAFKA_RESP_ERR__QUEUE_FULL)
      ::rd_kafka_poll(producer, 1);
    ::rd_kafka_poll(producer, 0);
  }
  constexpr int wait_ms = 300'000;
  ::rd_kafka_flush(producer, wait_ms);
  ::rd_kafka_destroy(producer);
  if (delivered != records) bench::fail("messages of librdkafka were not delivered");
  return time.so_far();
}

bench::cost by_libnats(std::string const& url, std::size_t records) {
  bench::meter const time;
  natsConnection* connection = nullptr;
  if (::natsConnection_ConnectTo(&connection, url.c_str()) != NATS_OK) bench::fail("no server of NATS");
  jsOptions options;
  ::jsOptions_Init(&options);
  options.PublishAsync.MaxPending = 4'000;
  options.PublishAsync.StallWait = 10'000;
  jsCtx* js = nullptr;
  if (::natsConnection_JetStream(&js, connection, &options) != NATS_OK) bench::fail("no JetStream");
  std::string line;
  bench::plain_content content;
  jsPubOptions each;
  ::jsPubOptions_Init(&each);
  for (std::size_t i = 0; i < records; ++i) {
    line.clear();
    bench::append_line(line, content, i);
    each.MsgId = content.id().c_str();
    if (::js_PublishAsync(js, "logs", line.data(), static_cast<int>(line.size()), &each) != NATS_OK)
      bench::fail("libnats takes no message");
  }
  jsPubOptions last;
  ::jsPubOptions_Init(&last);
  last.MaxWait = 300'000;
  if (::js_PublishAsyncComplete(js, &last) != NATS_OK)
    bench::fail("messages of libnats were not acknowledged");
  ::jsCtx_Destroy(js);
  ::natsConnection_Destroy(connection);
  return time.so_far();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) bench::fail("usage: bench_client_sinks SINK ADDRESS [RECORDS [REPETITIONS]]");
  std::string const sink = argv[1];
  std::string const address = argv[2];
  std::size_t const records = argc > 3 ? std::strtoul(argv[3], nullptr, 10) : 200'000;
  int const repetitions = argc > 4 ? std::atoi(argv[4]) : 5;
  if (sink == "syslog") {
    auto const port = static_cast<std::uint16_t>(std::strtoul(address.c_str(), nullptr, 10));
    bench::compare(
        "send(2)", records, repetitions,
        [&](std::size_t count) {
          return bench::by_fapilog(
              fapilog::sinks::syslog{
                  {.transport = fapilog::sinks::syslog_transport::tcp, .host = "127.0.0.1", .port = port}},
              count);
        },
        [&](std::size_t count) { return by_socket(port, count); });
  } else if (sink == "journald") {
    bench::compare(
        "sd_journal_sendv", records, repetitions,
        [&](std::size_t count) {
          return bench::by_fapilog(fapilog::sinks::journald{{.socket = address}}, count);
        },
        by_libsystemd);
  } else if (sink == "kafka") {
    bench::compare(
        "librdkafka", records, repetitions,
        [&](std::size_t count) {
          return bench::by_fapilog(fapilog::sinks::kafka{{.brokers = {address}, .headers = false}}, count);
        },
        [&](std::size_t count) { return by_librdkafka(address, count); });
  } else if (sink == "nats") {
    bench::compare(
        "libnats", records, repetitions,
        [&](std::size_t count) {
          return bench::by_fapilog(fapilog::sinks::nats{{.servers = {address}}}, count);
        },
        [&](std::size_t count) { return by_libnats("nats://" + address, count); });
  } else {
    bench::fail("SINK is one of syslog, journald, kafka, nats");
  }
  return 0;
}
