// SPDX-License-Identifier: MIT
// A worker with its channel and one captured sink, built by hand like a runtime.
#pragma once

#include "capture.hpp"

#include <fapilog/delivery/deliveries.hpp>
#include <fapilog/delivery/delivery_thread.hpp>
#include <fapilog/logger.hpp>
#include <fapilog/worker/worker.hpp>

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

namespace support {

struct engine_parts {
  std::shared_ptr<capture> sink = std::make_shared<capture>();
  std::shared_ptr<fapilog::diagnostics> reports = std::make_shared<fapilog::diagnostics>();
  fapilog::detail::lane_channel* channel = nullptr;
  std::shared_ptr<fapilog::detail::worker> worker;

  engine_parts(fapilog::detail::worker_options const& options, bool with_event) {
    channel = fapilog::detail::lane_channel::make(
        {.lane_bytes = 1 << 20, .max_record_bytes = 1 << 20, .when_full = fapilog::when_full::block});
    channel->add_reference();  // one is the worker's
    auto places = fapilog::detail::make_deliveries(
        {fapilog::placed_sink{sink}}, {}, reports, [] {}, &fapilog::detail::make_delivery_thread);
    worker = std::make_shared<fapilog::detail::worker>(
        options, *channel, fapilog::detail::event_maker{{}, std::size_t{1} << 20},
        fapilog::detail::stage_set{}, std::move(places), reports,
        with_event ? &channel->wake_event() : nullptr);
    worker->start(fapilog::start_context{});
  }
  engine_parts(engine_parts const&) = delete;
  engine_parts& operator=(engine_parts const&) = delete;
  ~engine_parts() {
    (void)worker->drain(std::chrono::seconds{30});
    channel->drop_reference();
  }

  [[nodiscard]] fapilog::logger get_logger() const {
    return fapilog::logger{new fapilog::detail::logger_core{*channel, channel->levels().acquire("test"), {}}};
  }
};

}  // namespace support
