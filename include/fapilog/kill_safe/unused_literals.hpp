// SPDX-License-Identifier: MIT
// Removes the literals of builds that are no longer used, so that their directory does not grow with each build.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/private_directory.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/os/whole_file.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/kill_safe/kept_directory.hpp>
#include <fapilog/kill_safe/kept_module.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// Adds the names of the snapshots in a runtime's list of modules. False if it cannot be read whole. Throws: std::bad_alloc.
[[nodiscard, gnu::cold]] inline bool add_used_literals(std::string const& list, std::set<std::string>& used) {
  constexpr std::size_t max_bytes = std::size_t{64} << 20U;
  if (status_of(list).type == file_type::none) return true;
  whole_file const file = read_whole_file(list, max_bytes);
  if (!file.error.empty()) return false;
  std::string_view rest = file.text;
  try {
    while (!rest.empty()) {
      auto const module = decode_module(rest);
      if (!module) return false;
      used.insert(module->name);
    }
  } catch (foreign_module const&) {
    return false;
  }
  return true;
}

/// Removes the snapshots below `root` that no process has used for a week and no runtime's directory refers to. Removes nothing
/// if what one of these refers to is not known. Throws: std::bad_alloc.
[[gnu::cold]] inline void remove_unused_literals(std::string const& root) {
  constexpr std::int64_t unused_after_s = std::int64_t{7} * 24 * 60 * 60;
  std::string const literals = kept_directory::literals_below(root);
  std::int64_t const oldest_used = wall_clock_ns() / 1'000'000'000 - unused_after_s;
  std::set<std::string> old;
  for (std::string const& name : list_directory(literals, "").names) {
    file_status const status = status_of(concat({literals, "/", name}));
    if (status.type == file_type::regular && status.modified < oldest_used) old.insert(name);
  }
  if (old.empty()) return;

  std::set<std::string> used;
  directory_listing const runtimes = list_directory(root, "");
  if (runtimes.error != 0) return;
  for (std::string const& name : runtimes.names) {
    std::string const path = concat({root, "/", name});
    // Other users have literals of their own.
    if (!name.starts_with('.') && is_private_directory(path) && !add_used_literals(path + "/modules", used))
      return;
  }
  for (std::string const& name : old) {
    if (!used.contains(name)) (void)unlink_file(concat({literals, "/", name}));
  }
}

}  // namespace fapilog::inline v0_1::detail
