// SPDX-License-Identifier: MIT
// The level of each logger name, set at run time by name, by prefix or for all.
#pragma once

#include <fapilog/queue/channel.hpp>
#include <fapilog/record/level.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// The levels of all logger names of a runtime. A name lives as long as loggers have it; rules live until they are replaced.
/// Thread: any. Throws: std::bad_alloc, without any effect.
class level_registry {
  using rules_by_text = std::map<std::string, level, std::less<>>;

 public:
  struct rule_set {
    std::optional<level> lowest;  ///< `*`
    rules_by_text names;          ///< `db.pool`
    rules_by_text prefixes;       ///< `db.*`, without its last two characters
  };

  /// Calls at or above `recorded` pass even if they are below the level of their logger: the flight recorder takes them.
  explicit level_registry(level lowest, level recorded = static_cast<level>(255))
      : default_(lowest), recorded_(recorded) {}

  /// Finds or adds a name and takes a reference to it.
  [[nodiscard, gnu::cold]] named_level& acquire(std::string_view name) {
    std::lock_guard const lock{mutex_};
    auto const found = names_.find(name);
    if (found != names_.end()) {
      found->second->references.fetch_add_relaxed(1);
      return *found->second;
    }
    if (free_.empty()) {
      if (free_.capacity() <= entries_.size())
        free_.reserve(2 * entries_.size() + 16);  // `release` must not fail
      free_.push_back(&entries_.emplace_back());
    }
    named_level& added = *free_.back();
    added.name = name;
    names_.emplace(added.name, &added);
    free_.pop_back();
    added.references.store_relaxed(1);
    apply(added, best_rule(name));
    return added;
  }

  /// Releases a reference; the last one frees the name.
  [[gnu::cold]] void release(named_level& named) noexcept {
    std::uint32_t count = named.references.load_relaxed();
    while (count > 1) {
      if (named.references.compare_exchange(count, count - 1)) return;
    }
    std::lock_guard const lock{mutex_};  // only under the mutex does the count become 0, or 1 again
    if (named.references.fetch_sub(1) != 1) return;
    names_.erase(named.name);
    named.name = std::string{};
    free_.push_back(&named);
  }

  /// `db.pool` matches one name, `db.*` the name db and all that begin with `db.`, `*` all names. The most specific rule
  /// wins, in whatever order they were set; setting a pattern again replaces its rule. Takes time for the names that the
  /// pattern matches, not for other names or rules.
  [[gnu::cold]] void set(std::string_view pattern, level lowest) {
    std::lock_guard const lock{mutex_};
    if (pattern == "*") return set_default(lowest);
    if (pattern.ends_with(".*")) return set_prefix(pattern.substr(0, pattern.size() - 2), lowest);
    put(rules_.names, pattern, lowest);
    if (auto const found = names_.find(pattern); found != names_.end())
      apply(*found->second, {lowest, for_name});
  }

  /// The rules of `options::log_levels`. Throws: std::bad_alloc.
  [[nodiscard, gnu::cold]] static rule_set rules_of(
      std::vector<std::pair<std::string, level>> const& levels) {
    rule_set all;
    for (auto const& [pattern, lowest] : levels) {
      std::string_view const text = pattern;
      if (text == "*") all.lowest = lowest;
      else if (text.ends_with(".*")) put(all.prefixes, text.substr(0, text.size() - 2), lowest);
      else put(all.names, text, lowest);
    }
    return all;
  }
  /// Replaces the default level, and all rules, each only if it is given.
  [[gnu::cold]] void change(std::optional<level> lowest, std::optional<rule_set> rules) noexcept {
    std::lock_guard const lock{mutex_};
    if (!rules) {
      if (lowest) set_default(*lowest);
      return;
    }
    rules_ = std::move(*rules);
    default_ = rules_.lowest.value_or(lowest.value_or(default_));
    for (auto const& [name, named] : names_) apply(*named, best_rule(name));
  }

  /// Number of names that loggers have.
  [[nodiscard, gnu::cold]] std::size_t name_count() {
    std::lock_guard const lock{mutex_};
    return names_.size();
  }

  /// Held during fork(2), so that a child does not inherit it locked.
  [[nodiscard]] std::mutex& mutex() noexcept { return mutex_; }

 private:
  /// A level, and how specific its rule is: 0 for `*`, more for a longer prefix, `for_name` for one name.
  struct rule {
    level lowest;
    std::uint32_t specificity;
  };
  static constexpr std::uint32_t for_name = ~std::uint32_t{0};

  static void put(rules_by_text& rules, std::string_view text, level lowest) {
    auto const found = rules.find(text);
    if (found != rules.end()) found->second = lowest;
    else rules.emplace(text, lowest);
  }
  [[nodiscard]] static std::uint32_t specificity_of(std::string_view prefix) noexcept {
    return static_cast<std::uint32_t>(prefix.size()) + 1;
  }

  /// The most specific rule for a name: for the name itself, or for the longest prefix.
  [[nodiscard, gnu::cold]] rule best_rule(std::string_view name) const noexcept {
    if (auto const found = rules_.names.find(name); found != rules_.names.end())
      return {found->second, for_name};
    for (std::string_view prefix = name; !rules_.prefixes.empty();) {
      auto const found = rules_.prefixes.find(prefix);
      if (found != rules_.prefixes.end()) return {found->second, specificity_of(prefix)};
      std::size_t const dot = prefix.rfind('.');
      if (dot == prefix.npos) break;
      prefix = prefix.substr(0, dot);
    }
    return {default_, 0};
  }
  void apply(named_level& named, rule const& best) const noexcept {
    named.specificity = best.specificity;
    named.lowest.store_relaxed(static_cast<std::uint8_t>(best.lowest));
    named.threshold.store_relaxed(static_cast<std::uint8_t>((std::min)(best.lowest, recorded_)));
  }
  [[gnu::cold]] void set_default(level lowest) noexcept {
    default_ = lowest;
    for (named_level& named : entries_) {
      if (named.specificity == 0) apply(named, {lowest, 0});
    }
  }
  [[gnu::cold]] void set_prefix(std::string_view prefix, level lowest) {
    std::string const begin = std::string{prefix} + '.';
    put(rules_.prefixes, prefix, lowest);
    rule const added{lowest, specificity_of(prefix)};
    auto const apply_if_best = [&](named_level& named) {
      if (added.specificity >= named.specificity) apply(named, added);
    };
    if (auto const found = names_.find(prefix); found != names_.end()) apply_if_best(*found->second);
    for (auto i = names_.lower_bound(begin); i != names_.end() && i->first.starts_with(begin); ++i)
      apply_if_best(*i->second);
  }

  std::mutex mutex_;
  level default_;
  level const recorded_;
  rule_set rules_;
  std::list<named_level> entries_;
  std::vector<named_level*> free_;  ///< entries that no logger has
  std::map<std::string_view, named_level*> names_;
};

}  // namespace fapilog::inline v0_1::detail
