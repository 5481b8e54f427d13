// SPDX-License-Identifier: MIT
// Changes of a running pipeline: requested by any thread, applied by the worker between two batches.
#pragma once

#include <fapilog/delivery/batch_writer.hpp>
#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/queue/level_registry.hpp>
#include <fapilog/setup/runtime_changes.hpp>
#include <fapilog/worker/batch_builder.hpp>
#include <fapilog/worker/pressure.hpp>

#include <atomic>
#include <memory>
#include <optional>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Thread: `is_requested` any; `apply` the worker, or its owner if there is no worker; the rest under the owner's mutex.
class pending_changes {
 public:
  struct request {
    runtime_changes changes;
    /// Set by `add`, so that only programs that change a runtime compile what applies a change.
    void (*apply)(pending_changes&, request&) = nullptr;
    std::atomic<bool> is_applied{false};
    std::atomic<bool> is_done{false};  ///< applied, or failed for lack of memory
  };
  using requests = vector<std::shared_ptr<request>>;

  pending_changes(batch_builder& builder, batch_writer& writer, level_registry& thresholds,
                  pressure const& load) noexcept
      : builder_(builder), writer_(writer), levels_(thresholds), pressure_(load) {}

  [[nodiscard]] bool is_requested() const noexcept { return is_requested_.load(std::memory_order_acquire); }

  [[gnu::cold]] void add(std::shared_ptr<request> next) {
    next->apply = [](pending_changes& self, request& r) { self.apply(r); };
    waiting_.push_back(std::move(next));
    is_requested_.store(true, std::memory_order_seq_cst);
  }
  [[nodiscard]] requests take() noexcept {
    is_requested_.store(false, std::memory_order_relaxed);
    return std::exchange(waiting_, {});
  }

  /// Applies all of a request, or nothing if memory runs out. Throws: std::bad_alloc.
  [[gnu::cold]] void apply(request& next) {
    std::optional<level_registry::rule_set> levels;  // first, because nothing after the stages may fail
    if (next.changes.log_levels) levels = level_registry::rules_of(*next.changes.log_levels);
    builder_.stages().change(next.changes);
    builder_.stages().tighten(pressure_.share());
    writer_.change_routes(std::move(next.changes.routes), next.changes.routing);
    levels_.change(next.changes.log_level, std::move(levels), next.changes.changed_by);
    next.is_applied.store(true, std::memory_order_release);
    next.is_done.store(true, std::memory_order_release);
  }

 private:
  batch_builder& builder_;
  batch_writer& writer_;
  level_registry& levels_;
  pressure const& pressure_;
  std::atomic<bool> is_requested_{false};
  requests waiting_;
};

}  // namespace fapilog::inline v0_1::detail
