// SPDX-License-Identifier: MIT
// The directory in which a process keeps its records: one subdirectory for each runtime, locked while its process lives.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/private_directory.hpp>
#include <fapilog/detail/os/shared_mapping.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/kill_safe/kept_format.hpp>
#include <fapilog/kill_safe/literal_store.hpp>
#include <fapilog/metrics/diagnostics.hpp>
#include <fapilog/record/uuid.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Where the files of one runtime are. Thread: any, unless stated.
class kept_directory {
 public:
  /// Makes the subdirectory of this runtime below `directory`. If only that fails, it is reported and tried again for each lane,
  /// because what killed processes left may take all the room. Throws: std::runtime_error, which says why the directory cannot be used.
  [[gnu::cold]] kept_directory(std::string directory, bool only_in_memory,
                               std::shared_ptr<diagnostics> reports)
      : root_(std::move(directory)), only_in_memory_(only_in_memory), diagnostics_(std::move(reports)) {
    check_root();
    try {
      std::lock_guard const lock{mutex_};
      make_own();
    } catch (std::runtime_error const& error) {
      diagnostics_->warn("kill_safe", "records are not kept: they are lost if the process is killed",
                         error.what());
    }
  }
  kept_directory(kept_directory const&) = delete;
  kept_directory& operator=(kept_directory const&) = delete;
  ~kept_directory() = default;

  [[nodiscard]] std::string const& root() const noexcept { return root_; }

  /// Directory of the snapshots of literals that all processes of this user share.
  [[nodiscard]] static std::string literals_below(std::string const& root) {
    return root + "/literals-" + std::to_string(user_id());
  }

  /// Removes the subdirectory of a runtime, first its owner: without one, nothing in it is delivered any more. Throws: std::bad_alloc.
  [[gnu::cold]] static void remove(std::string const& path) {
    (void)unlink_file(path + "/owner");
    remove_directory(path);
  }

  /// Makes and maps a file for one lane. Returns null, after a report, without room. Throws: never.
  [[nodiscard, gnu::cold]] std::byte* make_lane(std::size_t bytes) noexcept {
    try {
      std::lock_guard const lock{mutex_};
      if (name_.empty()) make_own();
      std::string path = next_lane_path();
      opened_file opened = open_file(path, open_for::make);
      if (opened.error == ENOENT) {  // somebody has removed the directory
        forget();
        make_own();
        path = next_lane_path();
        opened = open_file(path, open_for::make);
      }
      shared_mapping mapped;
      int const error = opened.error != 0 ? opened.error : mapped.allocate(opened.handle, bytes);
      if (error == 0) return mapped.release();
      (void)unlink_file(path);
      report("'" + path + "': " + errno_text(error));
    } catch (std::exception const& error) {
      report(error.what());
    }
    return nullptr;
  }

  /// Makes sure that the literals of the module with this address are kept; see literal_store.
  [[nodiscard, gnu::cold]] literal_store::range keep_literals(void const* literal) noexcept {
    std::unique_lock lock{mutex_};
    auto const store = literals_;
    lock.unlock();  // the store waits for a library that is being loaded
    if (store == nullptr) return {};
    literal_store::range const kept = store->keep(literal);
    if (kept.size == 0) report_literals(*store);
    return kept;
  }

  /// Remembers how timestamps become wall clock time. Reports files that somebody has removed: the next lane gets a new directory.
  void set_clock(kept_clock const& now) noexcept {
    std::lock_guard const lock{mutex_};
    clock_ = now;
    save_clock();
    if (name_.empty()) return;
    file_status const status = owner_.status();
    if (status.error == 0 && status.links == 0) report_removed();
  }

  /// Removes the files of this runtime: everything in them was delivered. The lanes stay mapped.
  [[gnu::cold]] void remove_own() noexcept {
    std::lock_guard const lock{mutex_};
    if (name_.empty()) return;
    try {
      remove(own_path());
    } catch (...) {
      // Without memory the files stay; the next process finds nothing in them and removes them.
    }
    forget();
  }

  /// Held during fork(2).
  [[nodiscard]] std::mutex& mutex() noexcept { return mutex_; }
  /// The files belong to the parent. The child makes its own with its first lane. The mutex must be free.
  [[gnu::cold]] void after_fork_in_child() noexcept { forget(); }

 private:
  [[nodiscard]] std::string own_path() const { return root_ + '/' + name_; }
  [[nodiscard]] std::string next_lane_path() { return own_path() + "/lane-" + std::to_string(lanes_++); }

  [[noreturn, gnu::cold]] static void fail(std::string const& path, int error) {
    throw std::runtime_error{"fapilog: kill_safe cannot use '" + path + "': " + errno_text(error)};
  }
  [[gnu::cold]] static void make_directory(std::string const& path) {
    if (int const error = make_directories(path); error != 0) fail(path, error);
  }

  [[gnu::cold]] void check_root() const {
    make_directory(root_);
    if (only_in_memory_ && !is_in_memory(root_)) {
      throw std::runtime_error{"fapilog: kill_safe cannot use '" + root_ +
                               "': it is not on a memory file system (tmpfs), which only_in_memory requires"};
    }
  }

  /// The subdirectory gets its final name when its lock is held: others take one that nobody has locked for a dead process's.
  [[gnu::cold]] void make_own() {
    check_root();
    make_directory(literals_below(root_));
    if (!is_private_directory(literals_below(root_))) {
      throw std::runtime_error{"fapilog: kill_safe cannot use '" + literals_below(root_) +
                               "': it belongs to another user, or others can write there"};
    }
    std::string const name = to_string(uuid7_generator{}.next(wall_clock_ns()));
    std::string const hidden = root_ + "/.new-" + name;
    make_directory(hidden);
    opened_file owner = open_file(hidden + "/owner", open_for::make);
    if (owner.error == 0) owner.error = owner_map_.allocate(owner.handle, owner_bytes);
    if (owner.error == 0) owner.error = owner.handle.lock_exclusive();
    if (owner.error == 0) {
      auto& head = *static_cast<owner_head*>(static_cast<void*>(owner_map_.data()));
      head.process = process_id();
      head.format = kept_format::own(owner_magic);
      save_clock();
      owner.error = rename_file(hidden, root_ + '/' + name);
    }
    if (owner.error != 0) {
      remove(hidden);
      fail(hidden, owner.error);
    }
    owner_ = std::move(owner.handle);
    name_ = name;
    literals_ = std::make_shared<literal_store>(literals_below(root_), own_path());
  }

  [[gnu::cold]] void report_literals(literal_store const& store) const noexcept {
    try {
      if (auto const why = store.error(); !why.empty())
        diagnostics_->debug("kill_safe",
                            "the literals of a module are not kept; its records contain their messages", why);
    } catch (...) {
      // Without memory there is no report.
    }
  }
  void save_clock() noexcept {
    if (!owner_map_.is_mapped()) return;
    auto& head = *static_cast<owner_head*>(static_cast<void*>(owner_map_.data()));
    std::uint32_t const next = 1 - head.clock_in_use;
    head.clocks[next] = clock_;
    compiler_fence();  // a kill between the two stores leaves the old one in use
    head.clock_in_use = next;
  }

  [[gnu::cold]] void report(std::string_view why) const noexcept {
    diagnostics_->warn("kill_safe",
                       "the records of a thread are not kept: they are lost if the process is killed", why);
  }

  [[gnu::cold]] void report_removed() noexcept {
    diagnostics_->warn(
        "kill_safe", "the files of kept records were removed: they are lost if the process is killed", root_);
    forget();
  }

  void forget() noexcept {
    owner_ = file{};
    owner_map_ = shared_mapping{};
    literals_.reset();
    name_.clear();
    lanes_ = 0;
  }

  std::string const root_;
  bool const only_in_memory_;
  std::shared_ptr<diagnostics> const diagnostics_;
  std::mutex mutex_;
  std::string name_;  ///< empty in a forked child that has no lane yet
  file owner_;        ///< locked
  shared_mapping owner_map_;
  kept_clock clock_;
  std::shared_ptr<literal_store> literals_;
  std::uint32_t lanes_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
