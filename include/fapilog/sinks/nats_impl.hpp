// SPDX-License-Identifier: MIT
// The bodies of the NATS sink, which need libnats.
#pragma once

#include <fapilog/detail/compiled.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/nats/config.hpp>
#include <fapilog/sinks/nats/detail/stream_writer.hpp>
#include <fapilog/sinks/nats_core.hpp>
#include <fapilog/sinks/sink.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace fapilog::inline v0_1::sinks {

FAPILOG_INLINE nats::nats(nats_config config)
    : writer_(std::make_unique<detail::nats::stream_writer>(std::move(config))) {}
FAPILOG_INLINE nats::nats(nats&& other) noexcept = default;
FAPILOG_INLINE nats& nats::operator=(nats&& other) noexcept = default;
FAPILOG_INLINE nats::~nats() = default;

FAPILOG_INLINE std::size_t nats::batch_size() const noexcept { return writer_->config().batch_size; }

FAPILOG_INLINE void nats::start(start_context const& context) { writer_->start(context); }
FAPILOG_INLINE void nats::cancel() noexcept { writer_->cancel(); }
FAPILOG_INLINE write_result nats::write(batch const& entries) { return writer_->write(entries); }
FAPILOG_INLINE void nats::stop() { writer_->stop(); }
FAPILOG_INLINE void nats::collect(metric_list& all) const { writer_->collect(all); }
FAPILOG_INLINE sink_health nats::health() const { return writer_->health(); }

}  // namespace fapilog::inline v0_1::sinks
