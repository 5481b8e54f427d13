// SPDX-License-Identifier: MIT
// The key by which filters group events: one number computed from the values at some paths.
#pragma once

#include <fapilog/detail/chance.hpp>
#include <fapilog/detail/hash/siphash.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/event_path.hpp>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Parses a path given as a setting. Throws: std::invalid_argument that names the stage and the setting.
[[nodiscard]] inline event_path path_of_setting(std::string_view stage, std::string_view name,
                                                std::string const& path) {
  try {
    return event_path{path};
  } catch (std::invalid_argument const&) {
    detail::refuse_setting(stage, name, '\'' + path + '\'',
                           "keys separated by dots, such as context.trace_id");
  }
}

/// A buffer for the text of a value. A copy starts empty.
struct scratch_buffer : detail::text_buffer {
  scratch_buffer() = default;
  scratch_buffer(scratch_buffer const&) noexcept : text_buffer() {}
  scratch_buffer& operator=(scratch_buffer const&) noexcept { return *this; }
  ~scratch_buffer() = default;
};

/// Keys are hashed, never kept: a key of a megabyte takes eight bytes in a table. The hash is secret, so that nobody can
/// choose strings that collide. Values with the same text, such as 42 and "42", are the same key. Copies use the same
/// hash. Thread: one.
class event_key {
 public:
  /// Throws: std::invalid_argument for an invalid path.
  event_key(std::string_view stage, std::string_view setting, std::vector<std::string> const& paths) {
    for (std::string const& path : paths) paths_.push_back(path_of_setting(stage, setting, path));
    detail::random_bits random;
    secret_ = {random.next(), random.next()};
  }

  /// Returns nothing if none of the paths has a value.
  [[nodiscard]] std::optional<std::uint64_t> hash_of(event const& e) {
    bool has_value = false;
    std::uint64_t all = 0;
    for (event_path const& path : paths_) {
      auto const text = path.text(e, memory_);
      has_value = has_value || text.has_value();
      // A missing value differs from an empty one.
      detail::siphash_key const key{secret_.first ^ all, secret_.second ^ std::uint64_t{text.has_value()}};
      all = detail::siphash<1, 3>(key, text.value_or(std::string_view{}));
    }
    return has_value ? std::optional{all} : std::nullopt;
  }

 private:
  std::vector<event_path> paths_;
  detail::siphash_key secret_;
  scratch_buffer memory_;
};

/// Returns how many nanoseconds have passed since `last`, and sets `last` to `now`. Calls of several threads arrive
/// slightly out of order, so a small step back counts as no time. A large one means that the clock was set back: later
/// times count from there.
[[nodiscard]] inline std::int64_t time_passed(std::int64_t& last, std::int64_t now) noexcept {
  constexpr std::int64_t max_disorder = 2'000'000'000;
  std::int64_t const passed = now - last;
  if (passed >= 0 || passed < -max_disorder) last = now;
  return passed > 0 ? passed : 0;
}

}  // namespace fapilog::inline v0_1::detail
