// SPDX-License-Identifier: MIT
// Keeps the literals of this process where another process can read them after it was killed.
#pragma once

#include <fapilog/detail/hash/crc32c.hpp>
#include <fapilog/detail/hash/sha256.hpp>
#include <fapilog/detail/os/cancellation.hpp>
#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/loaded_module.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/kill_safe/kept_module.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Records refer to literals by address. Instead of copying them with each record, this keeps the constant memory of the
/// program or shared library that contains them: once for each build, in a directory that all processes share. The list of a
/// runtime says where its process had loaded which build. A kill at any moment leaves files that literal_reader.hpp reads
/// rightly or recognises as incomplete. Thread: any.
class literal_store {
 public:
  struct range {
    std::uintptr_t begin = 0;
    std::size_t size = 0;

    [[nodiscard]] bool contains(void const* address) const noexcept {
      return reinterpret_cast<std::uintptr_t>(address) - begin < size;
    }
  };

  /// `shared`: directory of the snapshots, used by all processes. `own`: directory of this runtime, for the list of its
  /// modules. Both exist. Throws: std::bad_alloc.
  literal_store(std::string shared, std::string own)
      : shared_(std::move(shared)), list_(std::move(own) + "/modules") {}

  /// Makes sure that the literals of the module with this address are kept. Returns a range around the address in which all
  /// literals are kept, or an empty one if no module contains it or it could not be kept: see `error()`. Cheap if the module
  /// is known. Throws: never.
  [[nodiscard]] range keep(void const* literal) noexcept {
    struct errno_guard {
      int const before = errno;
      ~errno_guard() { errno = before; }
    } const unchanged;
    cancellation_blocked const not_cancelled;
    std::unique_lock lock{mutex_};
    if (range const known = find(kept_, literal); known.size != 0) return known;
    if (steady_clock_ns() < retry_at_ && find(refused_, literal).size != 0) return {};
    lock.unlock();
    file_limit_guard const no_signal;
    try {
      // Without the mutex: it waits for a library that is being loaded, whose constructors may log.
      loaded_module const module = module_of(reinterpret_cast<std::uintptr_t>(literal));
      lock.lock();
      if (range const known = find(kept_, literal); known.size != 0) return known;
      std::string problem = keep_module(module, literal);
      if (problem.empty()) return find(kept_, literal);
      refuse(module, literal);
      error_ = std::move(problem);
    } catch (...) {
      if (!lock.owns_lock()) lock.lock();
      error_.clear();
      out_of_memory_ = true;
    }
    return {};
  }

  /// Why `keep` last failed; empty if it never did. Throws: std::bad_alloc.
  [[nodiscard]] std::string error() const {
    std::lock_guard const lock{mutex_};
    if (error_.empty() && out_of_memory_) return "there is no memory to keep the literals of a module";
    return error_;
  }

  /// Held during fork(2), so that a child does not inherit it locked.
  [[nodiscard]] std::mutex& mutex() noexcept { return mutex_; }

 private:
  static constexpr std::size_t piece = std::size_t{64} * 1024;
  static constexpr std::int64_t retry_after_ns = 1'000'000'000;

  [[nodiscard]] static range find(std::vector<range> const& all, void const* address) noexcept {
    for (range const& r : all) {
      if (r.contains(address)) return r;
    }
    return {};
  }

  /// Does not try again at once, because each attempt writes a whole snapshot.
  void refuse(loaded_module const& module, void const* literal) {
    retry_at_ = steady_clock_ns() + retry_after_ns;
    refused_.clear();
    refused_.push_back({reinterpret_cast<std::uintptr_t>(literal), 1});
    for (auto const& s : module.segments) refused_.push_back({module.base + s.offset, s.size});
  }

  /// Returns why the module cannot be kept, or an empty string.
  [[nodiscard]] std::string keep_module(loaded_module const& module, void const* literal) {
    if (module.path.empty()) return "a message is in no program or shared library: it is not a literal";
    if (module.path.find('/') == std::string::npos) return module.path + " has no file";
    auto const parts = parts_to_keep(module);
    bool const has_literal = std::any_of(parts.begin(), parts.end(), [&](part const& p) {
      return !p.is_writable && range{p.begin, p.size}.contains(literal);
    });
    if (!has_literal)
      return "a message is in memory of " + module.path + " that can change: it is not a literal";

    kept_module entry;
    entry.base = module.base;
    entry.build_id = module.build_id;
    entry.path = module.path;
    sha256 identity;  // of a module without a build id
    identity.update(module.path);
    for (part const& p : parts) {
      entry.ranges.push_back({p.begin - module.base, p.size, p.is_writable ? 1U : 0U});
      each_piece(p, [&](std::string_view bytes) {
        entry.content_checksum = crc32c(bytes, entry.content_checksum);
        if (p.is_writable) return true;
        entry.fingerprint = crc32c(bytes, entry.fingerprint);
        if (module.build_id.empty()) identity.update(bytes);
        return true;
      });
    }
    entry.name = snapshot_name(entry, identity);
    if (std::string problem = keep_snapshot(entry, parts); !problem.empty()) return problem;
    if (std::string problem = append_to_list(encode_module(entry)); !problem.empty()) return problem;
    for (part const& p : parts) {
      if (!p.is_writable) kept_.push_back({p.begin, p.size});
    }
    return {};
  }

  /// Memory that is kept.
  struct part {
    std::uintptr_t begin;
    std::size_t size;
    bool is_writable;
    std::string call_sites;  ///< of writable memory: what is kept of it
  };

  /// Literals lie in read-only memory that is not code, if the module has any. Call sites that are pointers point to objects
  /// in writable memory, because GCC does not know that they are constant.
  [[nodiscard]] static std::vector<part> parts_to_keep(loaded_module const& module) {
    constexpr bool has_objects = sizeof(call_site) == sizeof(void*);
    constexpr std::size_t max_writable = std::size_t{256}
                                         << 20U;  // more is not copied; call sites are unknown then
    bool const has_data = std::any_of(module.segments.begin(), module.segments.end(),
                                      [](auto const& s) { return !s.is_code && !s.is_writable; });
    std::vector<part> parts;
    for (bool const is_writable : {false, true}) {
      for (auto const& s : module.segments) {
        bool const is_kept = is_writable ? has_objects && s.size <= max_writable : s.is_code != has_data;
        if (s.size == 0 || s.is_writable != is_writable || !is_kept) continue;
        part p{module.base + s.offset, s.size, is_writable, {}};
        if (is_writable) p.call_sites = call_sites_in(p, parts);
        parts.push_back(std::move(p));
      }
    }
    return parts;
  }

  /// Copies the objects of call sites from writable memory. All else, which may be a secret, becomes zeros.
  [[nodiscard]] static std::string call_sites_in(part const& memory, std::vector<part> const& read_only) {
    struct object {
      std::uintptr_t file;
      std::uintptr_t function;
      std::uint32_t line;
      std::uint32_t column;
    };
    constexpr std::uint32_t max_number = 1U << 24U;
    auto const is_literal = [&](std::uintptr_t address) {
      return std::any_of(read_only.begin(), read_only.end(),
                         [&](part const& p) { return !p.is_writable && address - p.begin < p.size; });
    };
    std::string all(memory.size, '\0');
    copy_module_memory(all.data(), memory.begin, memory.size);
    std::string kept(memory.size, '\0');
    std::size_t const misaligned = memory.begin % sizeof(std::uint64_t);
    for (std::size_t at = misaligned == 0 ? 0 : sizeof(std::uint64_t) - misaligned;
         at + sizeof(object) <= all.size(); at += sizeof(std::uint64_t)) {
      object found;
      std::memcpy(&found, all.data() + at, sizeof found);
      bool const is_call_site = found.line < max_number && found.column < max_number &&
                                is_literal(found.file) && is_literal(found.function);
      if (is_call_site) std::memcpy(kept.data() + at, &found, sizeof found);
    }
    return kept;
  }

  /// Calls `use` with each piece of what is kept until it returns false.
  template <class Use>
  static void each_piece(part const& p, Use&& use) {
    if (p.is_writable) {
      (void)use(std::string_view{p.call_sites});
      return;
    }
    std::string copy((std::min)(piece, p.size), '\0');
    for (std::size_t at = 0; at < p.size; at += piece) {
      std::size_t const size = (std::min)(piece, p.size - at);
      copy_module_memory(copy.data(), p.begin + at, size);
      if (!use(std::string_view{copy.data(), size})) return;
    }
  }

  /// A build id can be chosen by hand and be the same for two builds, so the name has the checksum of the content, too.
  [[nodiscard]] static std::string snapshot_name(kept_module const& entry, sha256& identity) {
    std::string name = entry.build_id.substr(0, 64);
    if (name.empty()) {
      for (unsigned char const byte : identity.finish()) {
        char hex[2];
        (void)put_hex(hex, static_cast<std::uint8_t>(byte));
        name.append(hex, 2);
      }
    }
    char checksum[8];
    (void)put_hex(checksum, entry.fingerprint, 8);
    return name.append("-")
        .append(checksum, 8)
        .append(".v")
        .append(std::to_string(kept_mark::current_version));
  }

  [[nodiscard]] std::string keep_snapshot(kept_module const& entry, std::vector<part> const& parts) {
    std::string const path = shared_ + '/' + entry.name;
    if (is_whole_snapshot(path, entry)) return {};
    constexpr int attempts = 3;  // another process may take a new file for the remains of a killed one
    std::string problem;
    for (int i = 0; i < attempts; ++i) {
      problem = write_snapshot(path, entry, parts);
      if (problem.empty()) break;
    }
    return problem;
  }

  /// True if the file is a snapshot of the same build and undamaged. Its time becomes that of its last use.
  [[nodiscard]] static bool is_whole_snapshot(std::string const& path, kept_module const& entry) {
    opened_file const opened = open_file(path, open_for::read);
    if (opened.error != 0) return false;
    std::string start(encode_module(entry).size() + piece, '\0');
    transfer const got = opened.handle.read_at(0, start.data(), start.size());
    std::string_view rest{start.data(), got.bytes};
    std::optional<kept_module> found;
    try {
      found = decode_module(rest);
    } catch (foreign_module const&) {
      return false;
    }
    if (!found || !found->is_same_build(entry)) return false;
    std::uint64_t at = got.bytes - rest.size();
    if (opened.handle.status().size != at + found->content_size()) return false;
    std::uint32_t checksum = 0;
    for (std::string bytes(piece, '\0');;) {
      transfer const next = opened.handle.read_at(at, bytes.data(), bytes.size());
      if (next.error != 0) return false;
      if (next.bytes == 0) {
        (void)opened.handle.touch();  // what is used is not removed: see unused_literals.hpp
        return checksum == found->content_checksum;
      }
      checksum = crc32c({bytes.data(), next.bytes}, checksum);
      at += next.bytes;
    }
  }

  /// Writes under a temporary name and renames the file when it is whole. By write(2), because a mapping raises SIGBUS if the
  /// disk is full.
  [[nodiscard]] std::string write_snapshot(std::string const& path, kept_module const& entry,
                                           std::vector<part> const& parts) {
    remove_remains();
    std::string const temporary = shared_ + '/' + std::string{temporary_prefix} +
                                  std::to_string(process_id()) + '-' + std::to_string(steady_clock_ns()) +
                                  '-' + std::to_string(++temporaries_);
    opened_file const opened = open_file(temporary, open_for::create);
    if (opened.error != 0) return "cannot create " + temporary + ": " + errno_text(opened.error);
    // Locked while it is written: a file that is not is what a killed process left.
    int error = opened.handle.lock_exclusive();
    if (error == 0) error = opened.handle.write(encode_module(entry)).error;
    for (part const& p : parts) {
      each_piece(p, [&](std::string_view bytes) {
        if (error == 0) error = opened.handle.write(bytes).error;
        return error == 0;
      });
    }
    if (error == 0) error = rename_file(temporary, path);
    if (error == 0) return {};
    (void)unlink_file(temporary);
    return "cannot write " + path + ": " + errno_text(error);
  }

  /// Removes the temporary files of processes that were killed.
  void remove_remains() const {
    for (std::string const& name : list_directory(shared_, temporary_prefix).names) {
      std::string const path = shared_ + '/' + name;
      opened_file const opened = open_file(path, open_for::read);
      if (opened.error == 0 && opened.handle.lock_exclusive() == 0) (void)unlink_file(path);
    }
  }

  /// Appends by one write(2). A part of an entry, after a kill or on a full disk, is recognised by its checksum.
  [[nodiscard]] std::string append_to_list(std::string const& entry) const {
    opened_file const opened = open_file(list_, open_for::append);
    if (opened.error != 0) return "cannot open " + list_ + ": " + errno_text(opened.error);
    std::uint64_t const before = opened.handle.status().size;
    transfer const written = opened.handle.write(entry);
    if (written.error == 0) return {};
    (void)opened.handle.truncate(before);
    return "cannot write " + list_ + ": " + errno_text(written.error);
  }

  static constexpr std::string_view temporary_prefix = "new-";

  std::string const shared_;
  std::string const list_;
  mutable fork_safe<std::mutex> mutex_;
  std::vector<range> kept_;
  std::vector<range> refused_;  ///< not to be tried before `retry_at_`
  std::int64_t retry_at_ = 0;
  std::uint64_t temporaries_ = 0;
  std::string error_;
  bool out_of_memory_ = false;
};

}  // namespace fapilog::inline v0_1::detail
