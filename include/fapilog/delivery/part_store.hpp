// SPDX-License-Identifier: MIT
// Where a delivery keeps batch parts outside memory: the interface of the spool, which few programs need.
#pragma once

#include <fapilog/delivery/batch_part.hpp>
#include <fapilog/delivery/batch_queue.hpp>
#include <fapilog/delivery/delivery_job.hpp>
#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/metrics/sink_account.hpp>
#include <fapilog/setup/delivery_options.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// Implemented by `spooled_parts`, which documents the functions. Thread: one at a time.
class part_store {
 public:
  using reporter = std::function<void(std::string_view, std::string_view)>;

  part_store() = default;
  part_store(part_store const&) = delete;
  part_store& operator=(part_store const&) = delete;
  virtual ~part_store() = default;

  virtual void open() = 0;
  [[nodiscard]] virtual bool empty() const noexcept = 0;
  [[nodiscard]] virtual bool append(batch_part const& part) = 0;
  [[nodiscard]] virtual bool move_before(delivery_job& current, batch_queue& queue) = 0;
  [[nodiscard]] virtual batch_part first(std::size_t max_records) = 0;
  virtual void record_progress(std::size_t records) = 0;
  virtual void end_first(vector<record_result> const& results, std::size_t to_fallback) = 0;
  virtual void close() noexcept = 0;
  virtual void after_fork_in_child() noexcept = 0;
};

/// Makes the store of one sink; opens no file yet.
struct part_store_maker {
  std::unique_ptr<part_store> (*make)(spool_options const& options, std::string_view sink_name,
                                      part_store::reporter report, sink_counters& counts);
};

}  // namespace fapilog::inline v0_1::detail
