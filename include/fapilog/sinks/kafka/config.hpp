// SPDX-License-Identifier: MIT
// Configuration of the Kafka sink.
#pragma once

#include <fapilog/setting.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1 {

namespace sinks {

enum class kafka_compression : std::uint8_t { none, gzip, snappy, lz4, zstd };

struct kafka_config {
  /// Brokers to begin with, as `host` or `host:port`.
  std::vector<std::string> brokers = {"localhost:9092"};
  std::string topic = "logs";
  /// Path in the envelope of the value that becomes the key, such as `context.tenant_id` or `data.order`; records with the same
  /// key go to the same partition and stay in order. Empty, or a record without the value: no key, any partition.
  std::string key_field = {};
  /// Adds the headers `message_id`, `level`, `logger` and, if there is one, `trace_id`.
  bool headers = true;
  kafka_compression compression = kafka_compression::none;
  /// Maximum records that are sent before their acknowledgements are awaited.
  std::uint32_t batch_size = 10'000;
  /// Maximum bytes of one record.
  std::uint32_t max_message_bytes = 1'000'000;
  /// Bytes of records that may wait in the producer for the brokers.
  std::uint64_t max_queued_bytes = std::uint64_t{64} * 1024 * 1024;
  /// How long one attempt waits for acknowledgements. Records without one stay in the producer, which goes on trying; the next
  /// attempt only waits for them.
  std::chrono::milliseconds timeout{10'000};
  /// Further properties of librdkafka as `name=value`, such as the security protocol.
  std::vector<std::string> properties = {};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    constexpr double day = 86'400;
    // clang-format off
    visit(setting{.name = "brokers", .text = "Brokers to begin with, as `host` or `host:port`.", .not_empty = true}, self.brokers);
    visit(setting{.name = "topic", .text = "Topic.", .not_empty = true}, self.topic);
    visit(setting{.name = "key_field", .text = "Path of the value that becomes the key, such as `context.tenant_id`; records with the same key stay in order. Empty: no key."}, self.key_field);
    visit(setting{.name = "headers", .text = "Adds the headers `message_id`, `level`, `logger` and `trace_id`."}, self.headers);
    visit(setting{.name = "compression", .text = "Compression of what is sent."}, self.compression);
    visit(setting{.name = "batch_size", .text = "Maximum records that are sent before their acknowledgements are awaited.", .min = 1, .max = 100'000}, self.batch_size);
    visit(setting{.name = "max_message_bytes", .text = "Maximum bytes of one record; the brokers have a limit of their own.", .min = 1'000, .max = 1'000'000'000, .form = setting_form::bytes}, self.max_message_bytes);
    visit(setting{.name = "max_queued_bytes", .text = "Bytes of records that may wait in the producer for the brokers.", .min = 1'048'576, .max = 2'147'483'648, .form = setting_form::bytes}, self.max_queued_bytes);
    visit(setting{.name = "timeout", .text = "How long one attempt waits for acknowledgements.", .min = 0.1, .max = day}, self.timeout);
    visit(setting{.name = "properties", .text = "Further properties of librdkafka, as `name=value`.", .form = setting_form::secret}, self.properties);
    // clang-format on
  }

  /// Checks the rules that bounds of numbers cannot express. Problems with `properties` name the property, not its value.
  [[gnu::cold]] static void(check)(kafka_config const& c, setting_problems& problems) {
    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    constexpr std::size_t max_topic = 249;
    if (c.topic.size() > max_topic || c.topic.find_first_not_of(allowed) != std::string::npos ||
        c.topic == "." || c.topic == "..")
      problems.add("topic", "must have at most 249 letters, digits, '.', '_' and '-'");
    for (std::string const& broker : c.brokers) {
      if (broker.empty() || broker.find_first_of(std::string_view{", \0", 3}) != std::string::npos)
        problems.add("brokers", "must be `host` or `host:port` each");
    }
    if (c.key_field.starts_with('.') || c.key_field.ends_with('.') ||
        c.key_field.find("..") != std::string::npos)
      problems.add("key_field", "must be keys separated by dots, such as context.tenant_id");
    for (std::string const& property : c.properties) {
      if (std::size_t const equals = property.find('='); equals == 0 || equals == std::string::npos)
        problems.add("properties", "must be `name=value` each");
    }
  }
};

}  // namespace sinks

template <>
struct enum_names<sinks::kafka_compression> {
  static constexpr std::array names{std::pair{sinks::kafka_compression::none, std::string_view{"none"}},
                                    std::pair{sinks::kafka_compression::gzip, std::string_view{"gzip"}},
                                    std::pair{sinks::kafka_compression::snappy, std::string_view{"snappy"}},
                                    std::pair{sinks::kafka_compression::lz4, std::string_view{"lz4"}},
                                    std::pair{sinks::kafka_compression::zstd, std::string_view{"zstd"}}};
};

}  // namespace fapilog::inline v0_1
