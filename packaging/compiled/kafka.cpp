// SPDX-License-Identifier: MIT
// The library of fapilog::compiled_kafka: the bodies of the Kafka sink, the only ones that need librdkafka.
#include <fapilog/plugins/kafka.hpp>
#include <fapilog/plugins/kafka_impl.hpp>
#include <fapilog/sinks/kafka.hpp>
#include <fapilog/sinks/kafka_impl.hpp>
