// SPDX-License-Identifier: MIT
// Reads the literals of a process that has ended from what its literal_store kept.
#pragma once

#include <fapilog/detail/hash/crc32c.hpp>
#include <fapilog/detail/os/module_file.hpp>
#include <fapilog/detail/os/whole_file.hpp>
#include <fapilog/kill_safe/kept_module.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <list>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Addresses are those of the process that has ended. Thread: any, once it is constructed.
class literal_reader {
 public:
  /// The directories that the literal_store had. Damaged parts are left out; `problems()` has them. Throws:
  /// std::runtime_error for files of another version of the library or another kind of machine, and for a list that the system does
  /// not let it read; std::bad_alloc.
  literal_reader(std::string const& shared, std::string const& own) {
    std::string const path = own + "/modules";
    if (status_of(path).type == file_type::none) return;  // the process was killed before it logged
    whole_file const list = read_whole_file(path, max_list_bytes);
    if (!list.error.empty()) throw std::runtime_error{"cannot read " + path + ": " + list.error};
    std::string_view rest = list.text;
    try {
      for (bool is_damaged = false; !rest.empty();) {
        if (auto const module = decode_module(rest)) {
          add(shared, *module);
          is_damaged = false;
          continue;
        }
        if (!std::exchange(is_damaged, true)) problems_.push_back("a part of " + path + " is damaged");
        skip_damage(rest);
      }
    } catch (foreign_module const& error) {
      throw std::runtime_error{path + ": " + error.what()};
    }
  }
  literal_reader(literal_reader const&) = delete;
  literal_reader& operator=(literal_reader const&) = delete;

  /// The string at an address, without the zero that ends it; nothing if it is unknown or has no end. Valid while the reader
  /// lives. Throws: never.
  [[nodiscard]] std::optional<std::string_view> text_at(std::uint64_t address) const noexcept {
    part const* const p = find(address);
    if (p == nullptr) return std::nullopt;
    std::string_view const from = p->bytes.substr(number_cast<std::size_t>(address - p->begin));
    std::size_t const size = from.find('\0');
    if (size == std::string_view::npos) return std::nullopt;
    return from.substr(0, size);
  }
  /// Copies bytes as they are in the snapshot. False if not all are known. Throws: never.
  [[nodiscard]] bool read(std::uint64_t address, void* to, std::size_t size) const noexcept {
    part const* const p = find(address);
    if (p == nullptr) return false;
    std::string_view const from = p->bytes.substr(number_cast<std::size_t>(address - p->begin));
    if (size > from.size()) return false;
    // Not memcpy: GCC would warn of a size that cannot come here.
    std::ranges::copy(from.substr(0, size), static_cast<char*>(to));
    return true;
  }
  /// The pointer at an address, which points into the same module. Throws: never.
  [[nodiscard]] std::optional<std::uint64_t> pointer_at(std::uint64_t address) const noexcept {
    std::uintptr_t word = 0;
    if (!read(address, &word, sizeof word)) return std::nullopt;
    return number_cast<std::uintptr_t>(word + find(address)->moved_by);
  }

  /// What could not be read, one message each.
  [[nodiscard]] std::vector<std::string> const& problems() const noexcept { return problems_; }

 private:
  static constexpr std::size_t max_list_bytes = std::size_t{64} << 20U;
  static constexpr std::size_t max_snapshot_bytes = SIZE_MAX / 4;

  /// A range of a module as the process that has ended had it in memory.
  struct part {
    std::uint64_t begin;
    std::string_view bytes;
    std::uint64_t moved_by;  ///< its base less that of the process that wrote the snapshot
  };

  [[nodiscard]] part const* find(std::uint64_t address) const noexcept {
    // The last one, should a module have been unloaded and another one loaded in its place.
    for (std::size_t i = parts_.size(); i-- > 0;) {
      if (address - parts_[i].begin < parts_[i].bytes.size()) return &parts_[i];
    }
    return nullptr;
  }

  void add(std::string const& shared, kept_module const& module) {
    for (kept_module const& known : modules_) {
      if (known.base == module.base && known.is_same_build(module)) return;
    }
    modules_.push_back(module);
    bool const is_plain = module.name.find('/') == std::string::npos && !module.name.empty();
    std::string const path = shared + '/' + (is_plain ? module.name : "?");
    whole_file& file = files_.emplace_back(is_plain ? read_whole_file(path, max_snapshot_bytes)
                                                    : whole_file{{}, "its name is damaged"});
    std::string problem = file.error;
    if (problem.empty()) problem = add_snapshot(module, file.text);
    if (problem.empty()) return;
    file = {};
    if (add_file(module)) return;
    problems_.push_back("the literals of " + module.path + " are lost: " + path + ": " + problem +
                        ", and the module itself is not the one that was loaded");
  }

  /// Returns what is wrong with the snapshot, or an empty string.
  [[nodiscard]] std::string add_snapshot(kept_module const& module, std::string_view content) {
    std::optional<kept_module> snapshot;
    try {
      snapshot = decode_module(content);
    } catch (foreign_module const& error) {
      return std::string{"it was "} + error.what();
    }
    if (!snapshot || snapshot->content_size() != content.size() ||
        crc32c(content) != snapshot->content_checksum)
      return "it is damaged";
    if (!snapshot->is_same_build(module)) return "it is of another build";
    for (kept_range const& range : snapshot->ranges) {
      parts_.push_back({module.base + range.offset, content.substr(0, static_cast<std::size_t>(range.size)),
                        module.base - snapshot->base});
      content.remove_prefix(static_cast<std::size_t>(range.size));
    }
    return {};
  }

  /// Adds the module itself if it is the same build. False if it is not.
  [[nodiscard]] bool add_file(kept_module const& module) {
    module_file const file{module.path};
    std::list<whole_file> segments;
    std::uint32_t fingerprint = 0;
    for (kept_range const& range : module.ranges) {
      auto bytes = file.segment(range.offset, range.size);
      if (!bytes) return false;
      if (range.is_writable == 0) fingerprint = crc32c(*bytes, fingerprint);
      segments.push_back({std::move(*bytes), {}});
    }
    if (module.ranges.empty() || fingerprint != module.fingerprint) return false;
    auto range = module.ranges.begin();
    for (whole_file const& segment : segments)
      parts_.push_back({module.base + range++->offset, segment.text, module.base});
    files_.splice(files_.end(), segments);
    return true;
  }

  std::vector<part> parts_;
  std::vector<kept_module> modules_;
  std::list<whole_file> files_;
  std::vector<std::string> problems_;
};

}  // namespace fapilog::inline v0_1::detail
