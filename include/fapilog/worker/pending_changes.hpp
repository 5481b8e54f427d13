// SPDX-License-Identifier: MIT
// Changes of a running pipeline: asked for by any thread, made by the worker between two batches.
#pragma once

#include <fapilog/delivery/batch_writer.hpp>
#include <fapilog/queue/level_registry.hpp>
#include <fapilog/setup/runtime_changes.hpp>
#include <fapilog/worker/batch_builder.hpp>
#include <fapilog/worker/pressure.hpp>

#include <atomic>
#include <memory>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Thread: `is_asked` any; `make` the worker's, or where there is none its owner's; the rest under the owner's mutex.
class pending_changes {
 public:
  struct request {
    runtime_changes changes;
    std::atomic<bool> is_made{false};
    std::atomic<bool> is_over{false};  ///< made, or there was no memory to make it
  };
  using requests = std::vector<std::shared_ptr<request>>;

  pending_changes(batch_builder& builder, batch_writer& writer, level_registry& thresholds,
                  pressure const& load) noexcept
      : builder_(builder), writer_(writer), levels_(thresholds), pressure_(load) {}

  [[nodiscard]] bool is_asked() const noexcept { return is_asked_.load(std::memory_order_acquire); }

  void ask(std::shared_ptr<request> asked) {
    waiting_.push_back(std::move(asked));
    is_asked_.store(true, std::memory_order_seq_cst);
  }
  [[nodiscard]] requests take() noexcept {
    is_asked_.store(false, std::memory_order_relaxed);
    return std::exchange(waiting_, {});
  }

  /// All of it, or nothing where memory runs out.
  void make(request& asked) {
    builder_.stages().change(asked.changes);
    builder_.stages().tighten(pressure_.share());
    writer_.change_routes(std::move(asked.changes.routes), asked.changes.routing);
    levels_.change(asked.changes.log_level, std::move(asked.changes.log_levels));
    asked.is_made.store(true, std::memory_order_release);
    asked.is_over.store(true, std::memory_order_release);
  }

 private:
  batch_builder& builder_;
  batch_writer& writer_;
  level_registry& levels_;
  pressure const& pressure_;
  std::atomic<bool> is_asked_{false};
  requests waiting_;
};

}  // namespace fapilog::inline v0_1::detail
