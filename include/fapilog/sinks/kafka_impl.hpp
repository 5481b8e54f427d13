// SPDX-License-Identifier: MIT
// The bodies of the Kafka sink, which need librdkafka.
#pragma once

#include <fapilog/detail/compiled.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/kafka/config.hpp>
#include <fapilog/sinks/kafka/detail/topic_writer.hpp>
#include <fapilog/sinks/kafka_core.hpp>
#include <fapilog/sinks/sink.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace fapilog::inline v0_1::sinks {

FAPILOG_INLINE kafka::kafka(kafka_config config)
    : writer_(std::make_unique<detail::kafka::topic_writer>(std::move(config))) {}
FAPILOG_INLINE kafka::kafka(kafka&& other) noexcept = default;
FAPILOG_INLINE kafka& kafka::operator=(kafka&& other) noexcept = default;
FAPILOG_INLINE kafka::~kafka() = default;

FAPILOG_INLINE std::size_t kafka::batch_size() const noexcept { return writer_->config().batch_size; }

FAPILOG_INLINE void kafka::start(start_context const& /*context*/) { writer_->start(); }
FAPILOG_INLINE void kafka::cancel() noexcept { writer_->cancel(); }
FAPILOG_INLINE write_result kafka::write(batch const& entries) { return writer_->write(entries); }
FAPILOG_INLINE void kafka::stop() { writer_->stop(); }
FAPILOG_INLINE void kafka::collect(metric_list& all) const { writer_->collect(all); }
FAPILOG_INLINE sink_health kafka::health() const { return writer_->health(); }

}  // namespace fapilog::inline v0_1::sinks
