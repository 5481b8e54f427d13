// SPDX-License-Identifier: MIT
// Delivers the records that killed processes left in a kill_safe directory, before those of this process.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/private_directory.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/kill_safe/dead_lane.hpp>
#include <fapilog/kill_safe/dead_process.hpp>
#include <fapilog/kill_safe/record_recovery.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/queue/lane_channel.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/worker/batch_builder.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Thread: the worker's.
class lane_recovery {
 public:
  /// The processes that have ended, of those with a directory below `root`: nobody has locked its owner's file. Throws: std::bad_alloc.
  lane_recovery(std::string root, lane_channel& channel, batch_builder& builder,
                std::shared_ptr<diagnostics> reports)
      : root_(std::move(root)), channel_(channel), builder_(builder), diagnostics_(std::move(reports)) {
    find_processes();
  }
  lane_recovery(lane_recovery const&) = delete;
  lane_recovery& operator=(lane_recovery const&) = delete;
  ~lane_recovery() { release_logger(); }

  /// Adds some records of killed processes to batches. False when there are no more. Throws: std::bad_alloc.
  bool step() {
    if (process_ == nullptr && !open_next()) return false;
    for (std::size_t n = 0; n < records_per_step; ++n) {
      dead_lane* const lane = process_->next();
      if (lane == nullptr) {
        end_process();
        return true;
      }
      add(*lane);
    }
    return true;
  }

 private:
  static constexpr std::size_t records_per_step = 256;
  static constexpr std::int64_t abandoned_after_s = 60;

  [[gnu::cold]] void find_processes() {
    for (std::string& name : list_directory(root_, "").names) {
      if (name.starts_with(".new-")) {
        remove_abandoned(root_ + '/' + name);
      } else if (dead_process::is_directory_name(name)) {
        names_.push_back(std::move(name));
      }
    }
    std::ranges::sort(names_, std::greater<>{});  // ids ascend with time; the oldest is taken from the end
  }
  /// Removes what a process left that was killed while it made its directory.
  [[gnu::cold]] static void remove_abandoned(std::string const& path) {
    if (status_of(path).modified > wall_clock_ns() / 1'000'000'000 - abandoned_after_s) return;
    int const error = dead_process::lock_owner(path).error;
    if (error == ENOENT || error == 0) remove_directory(path);
  }

  /// Opens the next process that has ended. False if there is none.
  [[gnu::cold]] bool open_next() {
    while (!names_.empty()) {
      std::string const path = root_ + '/' + names_.back();
      names_.pop_back();
      if (!is_private_directory(path)) {
        if (is_own(path)) refuse(path, "it is not a directory, or others can write there");
        continue;
      }
      opened_file owner = dead_process::lock_owner(path);
      if (owner.error == ENOENT) {  // killed while it was removed
        remove_directory(path);
        continue;
      }
      if (owner.error == EWOULDBLOCK) continue;  // it lives
      try {
        if (owner.error != 0) throw std::runtime_error{errno_text(owner.error)};
        if (owner.handle.status().links == 0) continue;
        process_ = std::make_shared<dead_process>(root_, path, std::move(owner.handle));
        records_ = 0;
        return true;
      } catch (std::bad_alloc const&) {
        throw;
      } catch (std::exception const& error) {
        refuse(path, error.what());
      }
    }
    return false;
  }

  [[gnu::cold]] void refuse(std::string const& path, std::string_view why) const {
    diagnostics_->warn("kill_safe",
                       "records of a killed process cannot be read; they are left where they are",
                       std::string{"'"}.append(path).append("': ").append(why));
  }

  [[gnu::cold]] void add(dead_lane& lane) {
    record_recovery::record& record = *lane.next();
    logger_core& logger = logger_of(record);
    void const* const address = &logger;
    std::memcpy(
        record.bytes.data() + sizeof(record_format::record_head) + offsetof(record_format::log_head, logger),
        &address, sizeof address);
    channel_.count_recovered();
    builder_.add_recovered(
        record.bytes.data(), record.scope,
        {record.thread_id, process_->unix_ns(record), lane.kept(), true, process_->process()}, process_);
    ++records_;
    lane.advance();
  }

  /// A logger with the name and the fields of the record: mostly the one of the previous record.
  [[gnu::cold]] logger_core& logger_of(record_recovery::record const& record) {
    bool const is_same = logger_ != nullptr && logger_->name.name == record.logger &&
                         logger_->bound.size() == record.bound.size() &&
                         (record.bound.empty() ||
                          std::memcmp(logger_->bound.data(), record.bound.data(), record.bound.size()) == 0);
    if (is_same) return *logger_;
    named_level& named = channel_.levels().acquire(record.logger);
    auto* const made = new (std::nothrow) logger_core{channel_, named, record.bound};
    if (made == nullptr) {
      channel_.release(named);
      throw std::bad_alloc{};
    }
    release_logger();
    logger_ = made;
    return *made;
  }
  void release_logger() noexcept {
    if (auto* const last = std::exchange(logger_, nullptr)) last->drop_reference();
  }

  [[gnu::cold]] void end_process() {
    builder_.hand_over(false);
    release_logger();
    std::string detail =
        std::to_string(records_) + " records of process " + std::to_string(process_->process());
    if (!process_->damage().empty()) detail += "; damaged: " + process_->damage();
    if (records_ != 0 || !process_->damage().empty())
      diagnostics_->warn("kill_safe", "records that a killed process left are delivered now", detail);
    process_->complete();
    process_.reset();
  }

  std::string const root_;
  lane_channel& channel_;
  batch_builder& builder_;
  std::shared_ptr<diagnostics> diagnostics_;
  std::vector<std::string> names_;  ///< of the directories that were not looked at yet
  std::shared_ptr<dead_process> process_;
  logger_core* logger_ = nullptr;
  std::uint64_t records_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
