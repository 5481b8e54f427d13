// SPDX-License-Identifier: MIT
// What a channel and a worker need so that records outlive the process; kill_safe.hpp has the implementation.
#pragma once

#include <fapilog/detail/os/fork.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/record/batch.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace fapilog::inline v0_1::detail {

class batch_builder;
class lane_channel;
class lane_list;
struct lane;

/// An interface, so that a program without kill_safe does not compile all of it. Takes part in fork(2): in the child, the files
/// are the parent's. Thread: any, unless stated. Throws: never, unless stated.
class record_keeper : public fork_participant {
 public:
  /// A range of addresses; empty if `size` is 0.
  struct range {
    std::uintptr_t begin = 0;
    std::size_t size = 0;
  };

  /// Bytes that must be free in front of a lane in its file.
  static constexpr std::size_t file_head_bytes = 256;

  virtual ~record_keeper() = default;

  /// Makes and maps a zeroed file for one lane. Null, after a report, without room.
  [[nodiscard]] virtual std::byte* make_file(std::size_t bytes) noexcept = 0;
  /// Makes a file readable for others: its lane, whose ring has `capacity + longest` bytes at `memory`, is ready.
  virtual void publish_file(std::byte* file, lane const& made, std::size_t capacity,
                            std::size_t longest) noexcept = 0;
  /// Replaces a file by private memory with the same beginning: in a forked child. False if the system refuses.
  [[nodiscard]] virtual bool leave_file(std::byte* file, std::size_t head_bytes,
                                        std::size_t bytes) noexcept = 0;

  /// Makes sure that another process can read the literals around this one. Returns their range, empty if that is impossible.
  [[nodiscard]] virtual range keep_literals(void const* literal) noexcept = 0;
  /// Timestamps become wall clock time by this reading from now on.
  virtual void set_clock(std::uint64_t ticks, std::int64_t unix_ns, double ns_per_tick) noexcept = 0;

  /// Begins a batch of all records that the worker has taken since the last one, so that they are released when it is settled.
  /// Returns what must be notified then; `also` is notified, too. Thread: the worker's. Throws: std::bad_alloc.
  [[nodiscard]] virtual std::shared_ptr<settlement> begin_batch(lane_list const& lanes,
                                                                std::shared_ptr<settlement> also) = 0;
  /// Releases the records that the worker has taken and that reached no batch. Thread: the worker's. Throws: std::bad_alloc.
  virtual void settle_rest(lane_list const& lanes) = 0;
  /// Adds some records of killed processes to batches. False when there are no more. Thread: the worker's. Throws: std::bad_alloc.
  [[nodiscard]] virtual bool recover_some(lane_channel& channel, batch_builder& builder) = 0;

  /// The worker ends: removes the files if no record is left in them.
  virtual void end(lane_list const& lanes) noexcept = 0;
  /// The lanes are gone: from now on nothing is released.
  virtual void forget_lanes() noexcept = 0;
};

/// Makes the keeper of a runtime. Null unless the program contains kill_safe.hpp, which sets it.
using record_keeper_maker = std::shared_ptr<record_keeper> (*)(std::string directory, bool only_in_memory,
                                                               std::shared_ptr<diagnostics> const& reports);
inline constinit record_keeper_maker make_record_keeper = nullptr;

}  // namespace fapilog::inline v0_1::detail
