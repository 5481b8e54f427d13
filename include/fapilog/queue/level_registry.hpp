// SPDX-License-Identifier: MIT
// The level of each logger name, set at run time by name, by prefix or for all.
#pragma once

#include <fapilog/queue/channel.hpp>
#include <fapilog/record/level.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// The levels of all logger names of a runtime. Entries live as long as the registry. Thread: any. Throws: std::bad_alloc.
class level_registry {
 public:
  explicit level_registry(level lowest) noexcept : lowest_(lowest) {}

  /// Finds the level of this name, or adds it.
  [[nodiscard, gnu::cold]] named_level& of(std::string_view name) {
    std::lock_guard const lock{mutex_};
    auto const found = names_.find(name);
    if (found != names_.end()) return *found->second;
    auto made = std::make_unique<named_level>();
    made->name = name;
    made->threshold.store_relaxed(static_cast<std::uint8_t>(resolve(name)));
    return *names_.emplace(made->name, std::move(made)).first->second;
  }

  /// `db.pool` matches one name, `db.*` the name db and all that begin with `db.`, `*` all names. The most specific rule
  /// wins, in whatever order they were set; setting a pattern again replaces its rule.
  [[gnu::cold]] void set(std::string_view pattern, level lowest) {
    std::lock_guard const lock{mutex_};
    if (pattern == "*") {
      lowest_ = lowest;
    } else {
      bool replaced = false;
      for (rule& r : rules_) {
        if (r.pattern != pattern) continue;
        r.lowest = lowest;
        replaced = true;
      }
      if (!replaced) rules_.push_back({std::string{pattern}, lowest});
    }
    resolve_all();
  }

  /// Replaces the default level, and all rules, each only if it is given.
  [[gnu::cold]] void change(std::optional<level> lowest,
                            std::optional<std::vector<std::pair<std::string, level>>> rules) {
    std::lock_guard const lock{mutex_};
    if (lowest) lowest_ = *lowest;
    if (rules) {
      rules_.clear();
      for (auto& [pattern, lowest_of] : *rules) rules_.push_back({std::move(pattern), lowest_of});
    }
    resolve_all();
  }

  /// Held during fork(2), so that a child does not inherit it locked.
  [[nodiscard]] std::mutex& mutex() noexcept { return mutex_; }

 private:
  struct rule {
    std::string pattern;
    level lowest;
  };

  [[gnu::cold]] void resolve_all() noexcept {
    for (auto& [name, named] : names_)
      named->threshold.store_relaxed(static_cast<std::uint8_t>(resolve(name)));
  }

  [[nodiscard, gnu::cold]] level resolve(std::string_view name) const noexcept {
    level result = lowest_;
    std::size_t best = 0;
    for (rule const& r : rules_) {
      std::string_view const pattern = r.pattern;
      if (pattern == name) return r.lowest;
      if (!pattern.ends_with(".*")) continue;
      std::string_view const prefix = pattern.substr(0, pattern.size() - 1);
      bool const matches = name.starts_with(prefix) || name == prefix.substr(0, prefix.size() - 1);
      if (matches && prefix.size() > best) {
        best = prefix.size();
        result = r.lowest;
      }
    }
    return result;
  }

  std::mutex mutex_;
  level lowest_;
  std::vector<rule> rules_;
  std::map<std::string, std::unique_ptr<named_level>, std::less<>> names_;
};

}  // namespace fapilog::inline v0_1::detail
