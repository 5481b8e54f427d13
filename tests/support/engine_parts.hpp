// SPDX-License-Identifier: MIT
// A worker with its channel and one captured sink, put together by hand as the runtime does it.
#pragma once

#include "capture.hpp"

#include <fapilog/engine/place_sinks.hpp>
#include <fapilog/engine/worker.hpp>
#include <fapilog/logger.hpp>

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

namespace support {

struct engine_parts {
  std::shared_ptr<capture> sink = std::make_shared<capture>();
  std::shared_ptr<fapilog::diagnostics> tell = std::make_shared<fapilog::diagnostics>();
  fapilog::engine::lane_channel* channel = nullptr;
  std::shared_ptr<fapilog::engine::worker> worker;

  engine_parts(fapilog::engine::worker_options const& options, bool with_event) {
    channel = fapilog::engine::lane_channel::make({.when_full = fapilog::when_full::block});
    channel->add_reference();  // one is the worker's
    auto places = fapilog::engine::place_sinks({fapilog::placed_sink{sink}}, {}, tell, [] {});
    worker = std::make_shared<fapilog::engine::worker>(options, *channel, fapilog::engine::event_maker{{}},
                                                       fapilog::engine::stage_set{}, std::move(places), tell,
                                                       with_event ? &channel->wake_event() : nullptr);
    worker->start(fapilog::start_context::without_ddl());
  }
  engine_parts(engine_parts const&) = delete;
  engine_parts& operator=(engine_parts const&) = delete;
  ~engine_parts() {
    (void)worker->drain(std::chrono::seconds{30});
    channel->drop_reference();
  }

  [[nodiscard]] fapilog::logger get_logger() const {
    return fapilog::logger{new fapilog::engine::logger_core{*channel, channel->levels().of("test"), {}}};
  }
};

}  // namespace support
