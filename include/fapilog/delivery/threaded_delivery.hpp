// SPDX-License-Identifier: MIT
// The contract of a delivery that has its own thread; a runtime refers to the code behind it only if a sink can have one.
#pragma once

#include <fapilog/delivery/batch_part.hpp>
#include <fapilog/delivery/flush_latch.hpp>
#include <fapilog/delivery/sink_status.hpp>
#include <fapilog/detail/os/fork.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/setup/delivery_options.hpp>
#include <fapilog/sinks/sink.hpp>

#include <functional>
#include <memory>

namespace fapilog::inline v0_1::detail {

/// What `deliveries` does with a delivery that has its own thread.
/// Thread: `start`, `enqueue`, `flush`, `close`, `join` and the fork functions are the worker's; `begin_drain`, `cancel_writes`,
/// `pause` and `resume` any.
class threaded_delivery : public fork_participant {
 public:
  [[nodiscard]] virtual std::shared_ptr<sink_status> const& status() const noexcept = 0;
  [[nodiscard]] virtual fapilog::route const& route() const noexcept = 0;
  /// Starts the thread, which starts the sink; if there is no thread, the first part tries again. Waits briefly until a sink
  /// that declares that it does not block has started: the program may give up its privileges next.
  virtual void start(std::shared_ptr<start_context const> context) noexcept = 0;
  /// Adds a part to the queue or the spool. If neither has room, waits or gives up the part, as `when_queue_full` says.
  /// Without memory or a thread, the part is lost.
  virtual void enqueue(batch_part part) noexcept = 0;
  /// Counts `latch` down once every part that was enqueued before has its result and the sink has flushed. Ends the pause
  /// after a failed attempt.
  virtual void flush(std::shared_ptr<flush_latch> const& latch) = 0;
  /// From now on, the current job gets its last chance while the worker waits for room. Thread: any.
  virtual void begin_drain() = 0;
  virtual void cancel_writes() const = 0;
  /// No more parts are coming: every part gets its last chance, then the thread ends.
  virtual void close() = 0;
  virtual void join() = 0;
  /// Parks the thread between two attempts, until `deadline` at the latest. Each pause needs a `resume`.
  virtual void pause(clock::time_point deadline) = 0;
  virtual void resume() noexcept = 0;

 protected:
  threaded_delivery() = default;
  ~threaded_delivery() = default;
};

/// Makes the delivery of a sink with its own thread: the sink, where it reports, and what is called on the new thread.
/// Throws: std::bad_alloc.
using delivery_thread_maker = std::shared_ptr<threaded_delivery> (*)(placed_sink,
                                                                     std::shared_ptr<diagnostics> const&,
                                                                     std::function<void()> const&);

}  // namespace fapilog::inline v0_1::detail
