// SPDX-License-Identifier: MIT
// The level of each logger name, set at run time by name, by prefix or for all.
#pragma once

#include <fapilog/queue/channel.hpp>
#include <fapilog/record/level.hpp>

#include <cstddef>
#include <cstdint>
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
 public:
  explicit level_registry(level lowest) : rules_{{"*", lowest}} {}

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
  /// wins, in whatever order they were set; setting a pattern again replaces its rule.
  [[gnu::cold]] void set(std::string_view pattern, level lowest) {
    std::lock_guard const lock{mutex_};
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      if (rules_[i].pattern == pattern) return replace(i, lowest);
    }
    rules_.push_back({std::string{pattern}, lowest});
    apply_new_rule(rules_.size() - 1);
  }

  /// Replaces the default level, and all rules, each only if it is given.
  [[gnu::cold]] void change(std::optional<level> lowest,
                            std::optional<std::vector<std::pair<std::string, level>>> rules) {
    std::lock_guard const lock{mutex_};
    if (!rules) {
      if (lowest) replace(0, *lowest);
      return;
    }
    std::vector<rule> next{{"*", lowest.value_or(rules_[0].lowest)}};
    next.reserve(rules->size() + 1);
    for (auto& [pattern, lowest_of] : *rules) {
      if (pattern == "*") next[0].lowest = lowest_of;
      else next.push_back({std::move(pattern), lowest_of});
    }
    rules_ = std::move(next);
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
  struct rule {
    std::string pattern;
    level lowest;

    [[nodiscard]] bool is_prefix() const noexcept { return pattern.ends_with(".*"); }
    /// Of `db.*`: `db.`
    [[nodiscard]] std::string_view prefix() const noexcept {
      return std::string_view{pattern}.substr(0, pattern.size() - 1);
    }
    [[nodiscard]] bool matches(std::string_view name) const noexcept {
      if (pattern == "*" || pattern == name) return true;
      if (!is_prefix()) return false;
      return name.starts_with(prefix()) || name == prefix().substr(0, prefix().size() - 1);
    }
    /// A rule for one name is more specific than a longer prefix.
    [[nodiscard]] std::size_t specificity() const noexcept {
      if (pattern == "*") return 0;
      return is_prefix() ? pattern.size() : ~std::size_t{0};
    }
  };

  /// The index of the most specific rule for a name. Of equal rules, the last one.
  [[nodiscard, gnu::cold]] std::size_t best_rule(std::string_view name) const noexcept {
    std::size_t best = 0;
    for (std::size_t i = 1; i < rules_.size(); ++i) {
      if (rules_[i].specificity() >= rules_[best].specificity() && rules_[i].matches(name)) best = i;
    }
    return best;
  }
  void apply(named_level& named, std::size_t index) const noexcept {
    named.rule = static_cast<std::uint32_t>(index);
    named.threshold.store_relaxed(static_cast<std::uint8_t>(rules_[index].lowest));
  }
  /// Sets the level of a rule. No name changes its rule.
  [[gnu::cold]] void replace(std::size_t index, level lowest) noexcept {
    rules_[index].lowest = lowest;
    auto const value = static_cast<std::uint8_t>(lowest);
    for (named_level& named : entries_) {
      if (named.rule == index) named.threshold.store_relaxed(value);
    }
  }
  /// Applies a new rule to the names for which it is the most specific one.
  [[gnu::cold]] void apply_new_rule(std::size_t index) noexcept {
    rule const& added = rules_[index];
    auto const apply_if_best = [&](named_level& named) {
      if (added.specificity() > rules_[named.rule].specificity()) apply(named, index);
    };
    std::string_view const prefix = added.is_prefix() ? added.prefix() : std::string_view{added.pattern};
    std::string_view const name = added.is_prefix() ? prefix.substr(0, prefix.size() - 1) : prefix;
    if (auto const found = names_.find(name); found != names_.end()) apply_if_best(*found->second);
    if (!added.is_prefix()) return;
    for (auto i = names_.lower_bound(prefix); i != names_.end() && i->first.starts_with(prefix); ++i)
      apply_if_best(*i->second);
  }

  std::mutex mutex_;
  std::vector<rule> rules_;  ///< the first one is `*`
  std::list<named_level> entries_;
  std::vector<named_level*> free_;  ///< entries that no logger has
  std::map<std::string_view, named_level*> names_;
};

}  // namespace fapilog::inline v0_1::detail
