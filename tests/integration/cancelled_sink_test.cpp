// SPDX-License-Identifier: MIT
// Sinks that wait for a server when the time of a drain runs out.
#include "support/captured_diagnostics.hpp"
#include "support/catch.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>

using namespace std::chrono_literals;

namespace {

/// Waits in `write` until it is cancelled or released.
class waiting_sink {
 public:
  static constexpr bool may_block = true;

  fapilog::write_result write(fapilog::batch const& /*entries*/) {
    std::unique_lock lock{mutex_};
    ++writes_;
    changed_.notify_all();
    changed_.wait(lock, [this] { return is_cancelled_ || is_released_; });
    if (is_cancelled_) return fapilog::write_result::retry("cancelled");
    return fapilog::write_result::delivered();
  }
  void cancel() {
    std::lock_guard const lock{mutex_};
    is_cancelled_ = true;
    changed_.notify_all();
  }

  void release() {
    std::lock_guard const lock{mutex_};
    is_released_ = true;
    changed_.notify_all();
  }
  void wait_for_write() {
    std::unique_lock lock{mutex_};
    changed_.wait(lock, [this] { return writes_ != 0; });
  }
  [[nodiscard]] bool is_cancelled() {
    std::lock_guard const lock{mutex_};
    return is_cancelled_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int writes_ = 0;
  bool is_cancelled_ = false;
  bool is_released_ = false;
};

struct counting_fallback {
  std::shared_ptr<std::size_t> count = std::make_shared<std::size_t>(0);
  void write(fapilog::batch const& entries) const { *count += entries.size(); }
};

}  // namespace

TEST_CASE("a sink that is cancelled during a drain leaves its records to the spool or the fallback") {
  support::temporary_directory const folder;
  constexpr std::size_t count = 50;
  counting_fallback const fallback;
  bool const has_spool = GENERATE(true, false);
  auto const sink = std::make_shared<waiting_sink>();
  fapilog::delivery_options delivery;
  if (has_spool) delivery.spool.directory = folder.path().string();
  else delivery.fallback = fallback;
  fapilog::runtime rt{{.batch_max_size = 10,
                       .sinks = {{sink, delivery}},
                       .diagnostics_output = support::captured_diagnostics{}}};
  for (std::size_t i = 0; i < count; ++i) rt.get_logger().info("m");
  sink->wait_for_write();
  (void)rt.drain(100ms);
  auto const end = rt.drain(60s);
  CHECK(end.complete);
  CHECK(end.balanced());
  CHECK(sink->is_cancelled());
  auto const counts = rt.sink_counts()[0].second;
  CHECK(counts.delivered == 0);
  CHECK((has_spool ? counts.spooled : counts.to_fallback) == count);
  CHECK(*fallback.count == (has_spool ? 0 : count));
}

TEST_CASE("a sink without spool and fallback is not cancelled, and delivers after the time of a drain") {
  auto const sink = std::make_shared<waiting_sink>();
  fapilog::runtime rt{{.sinks = {sink}, .diagnostics_output = support::captured_diagnostics{}}};
  rt.get_logger().info("m");
  sink->wait_for_write();
  CHECK_FALSE(rt.drain(10ms).complete);
  CHECK_FALSE(sink->is_cancelled());
  sink->release();
  CHECK(rt.drain(60s).complete);
  CHECK(rt.sink_counts()[0].second.delivered == 1);
}

TEST_CASE("a drain that ends in time cancels no sink") {
  support::temporary_directory const folder;
  auto const sink = std::make_shared<waiting_sink>();
  sink->release();
  fapilog::runtime rt{{.sinks = {{sink, {.spool = {.directory = folder.path().string()}}}}}};
  rt.get_logger().info("m");
  CHECK(rt.drain(60s).complete);
  CHECK_FALSE(sink->is_cancelled());
}
