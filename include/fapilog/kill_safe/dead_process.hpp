// SPDX-License-Identifier: MIT
// What one process that has ended left in a kill_safe directory.
#pragma once

#include <fapilog/detail/compiler.hpp>
#include <fapilog/detail/os/file.hpp>
#include <fapilog/kill_safe/dead_lane.hpp>
#include <fapilog/kill_safe/kept_directory.hpp>
#include <fapilog/kill_safe/kept_format.hpp>
#include <fapilog/kill_safe/literal_reader.hpp>
#include <fapilog/kill_safe/record_recovery.hpp>
#include <fapilog/record/batch.hpp>

#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// What one killed process left. Its files are removed when all its records are settled.
class dead_process final : public settlement {
 public:
  /// True for the name of the subdirectory of a runtime: a UUID.
  [[nodiscard]] static bool is_directory_name(std::string_view name) noexcept {
    constexpr std::size_t uuid_characters = 36;
    return name.size() == uuid_characters;
  }
  /// Opens and locks the file of the owner. The error is EWOULDBLOCK if its process lives, and ENOENT if the process was killed
  /// while it removed the subdirectory.
  [[nodiscard, gnu::cold]] static opened_file lock_owner(std::string const& path) {
    opened_file owner = open_file(path + "/owner", open_for::update);
    if (owner.error == 0) owner.error = owner.handle.lock_exclusive();
    return owner;
  }

  /// `owner` is locked. Throws: std::exception if the files cannot be read by this build; they are left as they are.
  dead_process(std::string const& root, std::string path, file owner)
      : path_(std::move(path)),
        owner_(std::move(owner)),
        literals_(kept_directory::literals_below(root), path_) {
    auto const got = owner_.read_at(0, reinterpret_cast<char*>(&head_), sizeof head_);
    if (got.error != 0) throw std::runtime_error{errno_text(got.error)};
    if (auto const why = head_.format.refusal(owner_magic); !why.empty()) throw std::runtime_error{why};
    directory_listing const lanes = list_directory(path_, "lane-");
    if (lanes.error != 0) throw std::runtime_error{errno_text(lanes.error)};
    for (std::string const& name : lanes.names) {
      if (auto lane = dead_lane::open(path_ + '/' + name, recovery_, damage_))
        lanes_.push_back(std::move(lane));
    }
  }

  [[nodiscard]] std::int64_t process() const noexcept { return head_.process; }
  /// The lane with the earliest record; null after the last.
  [[nodiscard]] dead_lane* next() {
    dead_lane* first = nullptr;
    std::int64_t earliest = 0;
    for (auto const& lane : lanes_) {
      if (lane->next() == nullptr) continue;
      std::int64_t const time = unix_ns(*lane->next());
      if (first != nullptr && time >= earliest) continue;
      first = lane.get();
      earliest = time;
    }
    return first;
  }
  /// When a record was logged.
  [[nodiscard]] std::int64_t unix_ns(record_recovery::record const& record) const noexcept {
    return record.is_identified ? record.identity.unix_ns : unix_ns(record.ticks);
  }
  /// What was damaged, in words; empty if nothing was.
  [[nodiscard]] std::string const& damage() const noexcept { return damage_; }

  /// All its records are in batches. Thread: the worker's.
  void complete() noexcept { settled(); }
  void begun() noexcept override { open_.fetch_add(1, std::memory_order_relaxed); }
  void settled() noexcept override {
    if (open_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    try {
      kept_directory::remove(path_);
    } catch (...) {
      // Without memory, the next process delivers them once more, with the same ids.
    }
  }

 private:
  [[nodiscard]] std::int64_t unix_ns(std::uint64_t ticks) const noexcept {
    kept_clock const& clock = head_.clocks[head_.clock_in_use & 1U];
    auto const since =
        static_cast<double>(static_cast<std::int64_t>(ticks - clock.ticks)) * clock.ns_per_tick;
    // A century; more, or no number, only if the file is damaged.
    if (!(std::fabs(since) < 3.2e18)) return clock.unix_ns;
    std::int64_t sum = 0;
    return detail::add_overflows(clock.unix_ns, static_cast<std::int64_t>(since), sum) ? clock.unix_ns : sum;
  }

  std::string path_;
  file owner_;
  owner_head head_{};
  literal_reader literals_;
  record_recovery recovery_{literals_};
  std::vector<std::unique_ptr<dead_lane>> lanes_;
  std::string damage_;
  std::atomic<int> open_{1};  ///< batches that are not settled, and 1 until `complete`
};

}  // namespace fapilog::inline v0_1::detail
