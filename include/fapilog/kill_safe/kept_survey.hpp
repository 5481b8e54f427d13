// SPDX-License-Identifier: MIT
// Lists what lies in a kill_safe directory, and changes nothing.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/private_directory.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/kill_safe/dead_lane.hpp>
#include <fapilog/kill_safe/dead_process.hpp>
#include <fapilog/kill_safe/kept_format.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// What one runtime has in a kill_safe directory.
struct kept_process {
  enum class condition : std::uint8_t {
    living,   ///< its process lives: only `path` and `started_ns` are set
    left,     ///< the next runtime delivers it
    refused,  ///< this build or this user cannot deliver it: see `refusal`
  };

  std::string path;
  condition is = condition::left;
  std::int64_t process = 0;     ///< its process id; 0 if it is not known
  std::int64_t started_ns = 0;  ///< when the runtime began, in nanoseconds since 1970-01-01 UTC
  std::int64_t last_ns = 0;     ///< time of its last record; 0 without records
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;   ///< of the records
  std::uint32_t format = 0;  ///< version of the layout of its files; 0 if it is not known
  std::string refusal;
  std::string damage;  ///< what was damaged; empty if nothing was
};

/// Returns what the runtimes have that use this directory, the oldest first. A runtime that begins meanwhile may take a process that is being
/// listed for a living one, for an instant. Throws: std::bad_alloc.
[[nodiscard, gnu::cold]] inline std::vector<kept_process> survey_kept(std::string const& root) {
  auto const milliseconds_of = [](std::string_view id) {
    std::int64_t ms = 0;
    std::string const digits = std::string{id.substr(0, 8)}.append(id.substr(9, 4));
    for (char const c : digits) {
      int const digit = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : 0;
      ms = ms * 16 + digit;
    }
    return ms;
  };
  auto const count = [&root](kept_process& one, file owner) {
    owner_head head{};
    auto const got = owner.read_at(0, reinterpret_cast<char*>(&head), sizeof head);
    if (got.error == 0 && got.bytes == sizeof head) {
      bool const is_ours = std::string_view{head.format.magic, sizeof head.format.magic} == owner_magic;
      one.process = is_ours ? head.process : 0;
      one.format = is_ours ? head.format.format : 0;
    }
    dead_process left{root, one.path, std::move(owner)};
    while (dead_lane* const lane = left.next()) {
      ++one.records;
      one.bytes += lane->kept_bytes();
      one.last_ns = (std::max)(one.last_ns, left.unix_ns(*lane->next()));
      lane->advance();
    }
    one.damage = left.damage();
  };

  std::vector<kept_process> all;
  std::vector<std::string> names = list_directory(root, "").names;
  std::ranges::sort(names);  // ids ascend with time
  for (std::string const& name : names) {
    if (!dead_process::is_directory_name(name)) continue;
    kept_process one;
    one.path = concat({root, "/", name});
    one.started_ns = milliseconds_of(name) * 1'000'000;
    int error = 0;
    if (!is_private_directory(one.path)) {
      one.refusal = "it belongs to another user, or others can write there";
    } else {
      error = dead_process::lock_owner(one.path).error;  // not locked any more: others may deliver it
      if (error == ENOENT) continue;
      if (error == EWOULDBLOCK) one.is = kept_process::condition::living;
      else if (error != 0) one.refusal = errno_text(error);
    }
    if (one.is == kept_process::condition::left && one.refusal.empty()) {
      try {
        opened_file owner = open_file(one.path + "/owner", open_for::read);
        if (owner.error == ENOENT) continue;
        if (owner.error != 0) one.refusal = errno_text(owner.error);
        else count(one, std::move(owner.handle));
      } catch (std::bad_alloc const&) {
        throw;
      } catch (std::exception const& why) {
        one.refusal = why.what();
      }
    }
    if (!one.refusal.empty()) one.is = kept_process::condition::refused;
    all.push_back(std::move(one));
  }
  return all;
}

}  // namespace fapilog::inline v0_1::detail
