// SPDX-License-Identifier: MIT
// Exact paths with wildcards: `data.user.password`, `data.*.token`, `context.**`, `password`.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/stages/redactors/detail/path_rule.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// A path is keys separated by dots. A key that contains dots counts as several keys, but `*` also matches it as one. `*`
/// matches one key, `**` any number of keys including none. `[0]` and `[*]` are ignored, because lists do not appear in
/// paths. A path that begins with `data`, `context`, `diagnostics` or `**` starts at the top; any other path, such as
/// `password` or `user.password`, matches at any depth. Thread: any; immutable.
class path_patterns final : public path_rule {
 public:
  /// Throws: std::invalid_argument for an empty path or one with an empty key.
  template <class Paths>
  path_patterns(Paths const& paths, bool case_insensitive) : folds_(case_insensitive) {
    for (std::string_view const path : paths) patterns_.push_back(parse(path));
  }

  [[nodiscard]] coverage covers(member_path const& path) const override {
    std::vector<std::string_view> const parts = split(path.dotted);
    bool const has_dots = parts.size() != path.keys.size();
    bool const found = std::any_of(patterns_.begin(), patterns_.end(), [&](pattern const& p) {
      return matches(p, parts) || (has_dots && matches(p, path.keys));
    });
    return found ? coverage::all : coverage::none;
  }

 private:
  using pattern = std::vector<std::string>;

  static std::vector<std::string_view> split(std::string_view dotted) {
    std::vector<std::string_view> keys;
    for (;;) {
      std::size_t const dot = dotted.find('.');
      keys.push_back(dotted.substr(0, dot));
      if (dot == std::string_view::npos) return keys;
      dotted.remove_prefix(dot + 1);
    }
  }

  /// `items[0]`, `items[*]` and `[*]` without their brackets.
  static std::string without_indices(std::string_view key) {
    while (key.ends_with(']')) {
      std::size_t const open = key.rfind('[');
      if (open == std::string_view::npos) break;
      std::string_view const inside = key.substr(open + 1, key.size() - open - 2);
      bool const is_index = inside == "*" || (!inside.empty() && std::all_of(inside.begin(), inside.end(),
                                                                             detail::is_ascii_digit));
      if (!is_index) break;
      key = key.substr(0, open);
    }
    return std::string{key};
  }

  static pattern parse(std::string_view path) {
    pattern all;
    for (std::string_view const key : split(path)) {
      if (key.empty()) {
        throw std::invalid_argument{
            "fapilog: path '" + std::string{path} +
            "' is not valid; it must be keys separated by dots, such as data.user.password"};
      }
      std::string plain = without_indices(key);
      if (!plain.empty()) all.push_back(std::move(plain));
    }
    if (all.empty()) all.emplace_back("*");
    bool const from_top =
        all[0] == "**" ||
        (all.size() > 1 && (all[0] == "data" || all[0] == "context" || all[0] == "diagnostics"));
    if (!from_top) all.insert(all.begin(), "**");
    return all;
  }

  [[nodiscard]] bool same(std::string_view a, std::string_view b) const noexcept {
    return folds_ ? detail::equals_ignoring_case(a, b) : a == b;
  }

  /// Follows all alternatives at once, so the time is proportional to keys times pattern.
  [[nodiscard]] bool matches(pattern const& p, std::span<std::string_view const> keys) const {
    std::vector<bool> reached(p.size() + 1, false);
    auto const reach = [&p](std::vector<bool>& all, std::size_t i) {
      for (;; ++i) {
        all[i] = true;
        if (i == p.size() || p[i] != "**") return;
      }
    };
    reach(reached, 0);
    for (std::string_view const key : keys) {
      std::vector<bool> next(p.size() + 1, false);
      for (std::size_t i = 0; i < p.size(); ++i) {
        if (!reached[i]) continue;
        if (p[i] == "**") reach(next, i);
        else if (p[i] == "*" || same(p[i], key)) reach(next, i + 1);
      }
      reached = std::move(next);
    }
    return reached[p.size()];
  }

  std::vector<pattern> patterns_;
  bool folds_;
};

}  // namespace fapilog::inline v0_1::detail
