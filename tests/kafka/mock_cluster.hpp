// SPDX-License-Identifier: MIT
// librdkafka's mock cluster, and what kcat reads from it.
#pragma once

#include "support/catch.hpp"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include <sys/wait.h>

namespace support {

/// A message as kcat shows it.
struct kafka_message {
  int partition = 0;
  long offset = 0;
  long timestamp_ms = 0;
  std::string key;
  std::string headers;
  std::string value;
};

class mock_cluster {
 public:
  explicit mock_cluster(int brokers = 3, int partitions = 4) {
    ::rd_kafka_conf_t* const conf = ::rd_kafka_conf_new();
    owner_ = ::rd_kafka_new(RD_KAFKA_PRODUCER, conf, nullptr, 0);
    REQUIRE(owner_ != nullptr);
    cluster_ = ::rd_kafka_mock_cluster_new(owner_, brokers);
    REQUIRE(cluster_ != nullptr);
    REQUIRE(::rd_kafka_mock_topic_create(cluster_, "logs", partitions, brokers) == 0);
  }
  mock_cluster(mock_cluster const&) = delete;
  mock_cluster& operator=(mock_cluster const&) = delete;
  ~mock_cluster() {
    ::rd_kafka_mock_cluster_destroy(cluster_);
    ::rd_kafka_destroy(owner_);
  }

  [[nodiscard]] std::vector<std::string> brokers() const {
    std::vector<std::string> all;
    std::istringstream list{::rd_kafka_mock_cluster_bootstraps(cluster_)};
    for (std::string one; std::getline(list, one, ',');) all.push_back(one);
    return all;
  }
  [[nodiscard]] ::rd_kafka_mock_cluster_t* get() const noexcept { return cluster_; }

  /// The next Produce requests are answered with these errors.
  void fail_produce(std::initializer_list<::rd_kafka_resp_err_t> errors) const {
    constexpr std::int16_t produce = 0;
    for (::rd_kafka_resp_err_t const error : errors)
      ::rd_kafka_mock_push_request_errors(cluster_, produce, 1, error);
  }
  void set_down(int broker) const { ::rd_kafka_mock_broker_set_down(cluster_, broker); }
  void set_up(int broker) const { ::rd_kafka_mock_broker_set_up(cluster_, broker); }
  void set_round_trip_ms(int broker, int ms) const { ::rd_kafka_mock_broker_set_rtt(cluster_, broker, ms); }
  void set_leader(int partition, int broker) const {
    ::rd_kafka_mock_partition_set_leader(cluster_, "logs", partition, broker);
  }

  /// All messages of the topic, read by kcat.
  [[nodiscard]] std::vector<kafka_message> messages() const {
    // Values are JSON on one line; the separators occur in none of the other parts.
    std::string const command = std::string{"kcat -q -C -e -o beginning -t logs -b "} +
                                ::rd_kafka_mock_cluster_bootstraps(cluster_) +
                                " -f '%p|%o|%T|%k|%h|%s\\n' 2>/dev/null";
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> const out{::popen(command.c_str(), "r"), ::pclose};
    REQUIRE(out != nullptr);
    std::vector<kafka_message> all;
    char* line = nullptr;
    std::size_t room = 0;
    for (ssize_t size; (size = ::getline(&line, &room, out.get())) > 0;)
      all.push_back(parse({line, static_cast<std::size_t>(size - 1)}));
    std::free(line);
    return all;
  }

 private:
  static kafka_message parse(std::string const& line) {
    std::vector<std::string> parts;
    std::size_t begin = 0;
    for (int i = 0; i < 5; ++i) {
      std::size_t const end = line.find('|', begin);
      REQUIRE(end != std::string::npos);
      parts.push_back(line.substr(begin, end - begin));
      begin = end + 1;
    }
    return {std::stoi(parts[0]), std::stol(parts[1]), std::stol(parts[2]), parts[3], parts[4],
            line.substr(begin)};
  }

  ::rd_kafka_t* owner_;
  ::rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

}  // namespace support
