// SPDX-License-Identifier: MIT
// The bodies of the Postgres sink, which need libpqxx.
#pragma once

#include <fapilog/detail/compiled.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/postgres/config.hpp>
#include <fapilog/sinks/postgres/counts.hpp>
#include <fapilog/sinks/postgres/detail/table_writer.hpp>
#include <fapilog/sinks/postgres_core.hpp>
#include <fapilog/sinks/sink.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace fapilog::inline v0_1::sinks {

FAPILOG_INLINE postgres::postgres(postgres_config config)
    : writer_(std::make_unique<detail::pg::table_writer>(std::move(config))) {}
FAPILOG_INLINE postgres::postgres(postgres&& other) noexcept = default;
FAPILOG_INLINE postgres& postgres::operator=(postgres&& other) noexcept = default;
FAPILOG_INLINE postgres::~postgres() = default;

FAPILOG_INLINE bool postgres::needs_json() const noexcept { return writer_->config().include_raw_json; }
FAPILOG_INLINE std::size_t postgres::batch_size() const noexcept {
  return std::size_t{writer_->config().batch_size} * writer_->config().connections;
}
FAPILOG_INLINE postgres_counts const& postgres::counts() const noexcept { return writer_->counts(); }

FAPILOG_INLINE void postgres::start(start_context const& context) { writer_->start(context); }
FAPILOG_INLINE write_result postgres::write(batch const& entries) { return writer_->write(entries); }
FAPILOG_INLINE void postgres::cancel() noexcept { writer_->cancel(); }
FAPILOG_INLINE void postgres::stop() { writer_->stop(); }
FAPILOG_INLINE void postgres::collect(metric_list& all) const { writer_->collect(all); }
FAPILOG_INLINE sink_health postgres::health() const { return writer_->health(); }

}  // namespace fapilog::inline v0_1::sinks
