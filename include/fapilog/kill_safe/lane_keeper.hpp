// SPDX-License-Identifier: MIT
// Keeps the records of a runtime in files, and delivers those that killed processes left.
#pragma once

#include <fapilog/detail/os/shared_mapping.hpp>
#include <fapilog/kill_safe/kept_directory.hpp>
#include <fapilog/kill_safe/kept_format.hpp>
#include <fapilog/kill_safe/kept_lane_file.hpp>
#include <fapilog/kill_safe/lane_recovery.hpp>
#include <fapilog/kill_safe/unsettled_batches.hpp>
#include <fapilog/kill_safe/unused_literals.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/queue/lane_list.hpp>
#include <fapilog/queue/record_keeper.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

class lane_keeper final : public record_keeper {
 public:
  /// Throws: as kept_directory.
  lane_keeper(std::string directory, bool only_in_memory, std::shared_ptr<diagnostics> const& reports)
      : diagnostics_(reports), directory_(std::move(directory), only_in_memory, reports) {}

  [[nodiscard]] std::byte* make_file(std::size_t bytes) noexcept override {
    return directory_.make_lane(bytes);
  }
  void publish_file(std::byte* file, lane const& made, std::size_t capacity,
                    std::size_t longest) noexcept override {
    auto const at = [file](void const* member) {
      return static_cast<std::uint32_t>(static_cast<std::byte const*>(member) - file);
    };
    ring::saved_positions const positions = made.queue.saved();
    lane_file_head const head{kept_format::own(lane_magic), capacity,           longest,
                              at(made.queue.memory()),      at(positions.head), at(positions.tail),
                              at(positions.start)};
    std::memcpy(file, &head, sizeof head);
  }
  [[nodiscard]] bool leave_file(std::byte* file, std::size_t head_bytes,
                                std::size_t bytes) noexcept override {
    // On the stack, because a forked child has no safe memory yet.
    alignas(cache_line) std::byte head[4096];
    if (head_bytes > sizeof head) return false;
    std::memcpy(head, file, head_bytes);
    if (!shared_mapping::make_private(file, bytes)) return false;
    std::memcpy(file, head, head_bytes);
    return true;
  }

  [[nodiscard]] range keep_literals(void const* literal) noexcept override {
    auto const kept = directory_.keep_literals(literal);
    return {kept.begin, kept.size};
  }
  void set_clock(std::uint64_t ticks, std::int64_t unix_ns, double ns_per_tick) noexcept override {
    directory_.set_clock({ticks, unix_ns, ns_per_tick});
  }

  [[nodiscard]] std::shared_ptr<settlement> begin_batch(lane_list const& lanes,
                                                        std::shared_ptr<settlement> also) override {
    return batches_->begin(lanes, std::move(also));
  }
  void settle_rest(lane_list const& lanes) override { batches_->settle_rest(lanes); }
  [[nodiscard]] bool recover_some(lane_channel& channel, batch_builder& builder) override {
    if (has_recovered_) [[likely]]
      return false;
    if (recovery_ == nullptr) {
      recovery_ = std::make_unique<lane_recovery>(directory_.root(), channel, builder, diagnostics_);
    }
    if (recovery_->step()) return true;
    has_recovered_ = true;
    recovery_.reset();
    remove_unused_literals(directory_.root());
    return false;
  }

  void end(lane_list const& lanes) noexcept override {
    if (lanes.is_empty()) directory_.remove_own();
  }
  void forget_lanes() noexcept override { batches_->close(); }

  void before_fork(clock::time_point) override {
    directory_.mutex().lock();
    batches_->mutex().lock();
  }
  void after_fork_in_parent() noexcept override {
    batches_->mutex().unlock();
    directory_.mutex().unlock();
  }
  void after_fork_in_child() override {
    batches_->after_fork_in_child();
    directory_.after_fork_in_child();
    after_fork_in_parent();
    has_recovered_ = true;  // what was being recovered is the parent's
    recovery_.reset();
  }

 private:
  std::shared_ptr<diagnostics> const diagnostics_;
  kept_directory directory_;
  std::shared_ptr<unsettled_batches> const batches_ = std::make_shared<unsettled_batches>();
  std::unique_ptr<lane_recovery> recovery_;
  bool has_recovered_ = false;
};

}  // namespace fapilog::inline v0_1::detail
