// SPDX-License-Identifier: MIT
// A logger whose records stay in the lane of the thread that logs.
#pragma once

#include <fapilog/logger.hpp>
#include <fapilog/queue/lane_channel.hpp>

#include <string_view>

namespace support {

class lane_without_reader {
 public:
  explicit lane_without_reader(std::string_view name)
      : log{new fapilog::detail::logger_core{*channel_, channel_->levels().acquire(name), {}}} {}
  lane_without_reader(lane_without_reader const&) = delete;
  lane_without_reader& operator=(lane_without_reader const&) = delete;
  ~lane_without_reader() {
    log = {};
    channel_->retired().end_of_worker();
    channel_->drop_reference();
  }

  /// The lane of the first thread that logged.
  [[nodiscard]] fapilog::detail::ring const& queue() const { return channel_->lanes().first()->queue; }

 private:
  fapilog::detail::lane_channel* channel_ =
      fapilog::detail::lane_channel::make({.lane_bytes = 1 << 20, .max_record_bytes = 1 << 20});

 public:
  fapilog::logger log;
};

}  // namespace support
