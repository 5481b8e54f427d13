// SPDX-License-Identifier: MIT
// What filters tell events apart by: one number made of the values at some paths.
#pragma once

#include <fapilog/detail/chance.hpp>
#include <fapilog/detail/hash/siphash.hpp>
#include <fapilog/detail/setting_check.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/event_path.hpp>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::filters {

/// A path given as a setting. Throws: std::invalid_argument that names stage and setting.
[[nodiscard]] inline event_path path_of_setting(std::string_view stage, std::string_view name,
                                                std::string const& path) {
  try {
    return event_path{path};
  } catch (std::invalid_argument const&) {
    detail::refuse_setting(stage, name, '\'' + path + '\'',
                           "keys with dots between, such as context.trace_id");
  }
}

/// Memory for the text of a value; a copy begins without any.
struct scratch_text : detail::text_buffer {
  scratch_text() = default;
  scratch_text(scratch_text const&) noexcept : text_buffer() {}
  scratch_text& operator=(scratch_text const&) noexcept { return *this; }
  ~scratch_text() = default;
};

/// Keys are hashed, never kept: one of a megabyte takes eight bytes in a table. The hash is secret, so that nobody can
/// choose texts that fall together. Two values that read the same, as 42 and "42", are the same key. Copies hash alike.
/// Thread: one.
class event_key {
 public:
  /// Throws: std::invalid_argument for a path that cannot be.
  event_key(std::string_view stage, std::string_view setting, std::vector<std::string> const& paths) {
    for (std::string const& path : paths) paths_.push_back(path_of_setting(stage, setting, path));
    detail::random_bits random;
    secret_ = {random.next(), random.next()};
  }

  /// Nothing where none of the paths has a value.
  [[nodiscard]] std::optional<std::uint64_t> of(event const& e) {
    bool is_there = false;
    std::uint64_t all = 0;
    for (event_path const& path : paths_) {
      auto const text = path.text(e, memory_);
      is_there = is_there || text.has_value();
      // An absent value differs from an empty one.
      detail::siphash_key const key{secret_.first ^ all, secret_.second ^ std::uint64_t{text.has_value()}};
      all = detail::siphash<1, 3>(key, text.value_or(std::string_view{}));
    }
    return is_there ? std::optional{all} : std::nullopt;
  }

 private:
  std::vector<event_path> paths_;
  detail::siphash_key secret_;
  scratch_text memory_;
};

/// How many nanoseconds have passed since `last`, which is moved to `now`. Calls of several threads come slightly out of
/// order: a small step back counts as no time. After a large one the clock was set, and time goes on from there.
[[nodiscard]] inline std::int64_t time_passed(std::int64_t& last, std::int64_t now) noexcept {
  constexpr std::int64_t small_step = 2'000'000'000;
  std::int64_t const passed = now - last;
  if (passed >= 0 || passed < -small_step) last = now;
  return passed > 0 ? passed : 0;
}

}  // namespace fapilog::inline v0_1::filters
