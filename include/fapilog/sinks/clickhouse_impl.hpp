// SPDX-License-Identifier: MIT
// The bodies of the ClickHouse sink, which need libcurl.
#pragma once

#include <fapilog/detail/compiled.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/clickhouse/config.hpp>
#include <fapilog/sinks/clickhouse/detail/table_writer.hpp>
#include <fapilog/sinks/clickhouse_core.hpp>
#include <fapilog/sinks/http/detail/http_client_impl.hpp>
#include <fapilog/sinks/http/detail/http_writer_impl.hpp>
#include <fapilog/sinks/sink.hpp>

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::sinks {

FAPILOG_INLINE clickhouse::clickhouse(clickhouse_config config)
    : writer_((check_settings("clickhouse", config),
               std::make_unique<detail::ch::table_writer>(std::move(config)))) {}
FAPILOG_INLINE clickhouse::clickhouse(clickhouse&& other) noexcept = default;
FAPILOG_INLINE clickhouse& clickhouse::operator=(clickhouse&& other) noexcept = default;
FAPILOG_INLINE clickhouse::~clickhouse() = default;

FAPILOG_INLINE bool clickhouse::needs_json() const noexcept { return writer_->config().include_raw_json; }
FAPILOG_INLINE std::size_t clickhouse::batch_size() const noexcept {
  return std::size_t{writer_->config().batch_size} * writer_->config().connection.requests_in_flight;
}
FAPILOG_INLINE void clickhouse::start(start_context const& context) { writer_->start(context); }
FAPILOG_INLINE write_result clickhouse::write(batch const& entries) { return writer_->write(entries); }
FAPILOG_INLINE std::vector<bool> clickhouse::find_arrived(batch const& entries) {
  return writer_->find_arrived(entries);
}
FAPILOG_INLINE void clickhouse::cancel() noexcept { writer_->cancel(); }
FAPILOG_INLINE void clickhouse::stop() { writer_->stop(); }
FAPILOG_INLINE void clickhouse::collect(metric_list& all) const { writer_->collect(all); }
FAPILOG_INLINE sink_health clickhouse::health() const { return writer_->health(); }

}  // namespace fapilog::inline v0_1::sinks
