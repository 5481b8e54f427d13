// SPDX-License-Identifier: MIT
// The level of each logger name, set at run time by name, by prefix or for all.
#pragma once

#include <fapilog/detail/guarded_call.hpp>
#include <fapilog/detail/memory/atomic.hpp>
#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/detail/os/platform.hpp>
#include <fapilog/queue/channel.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/record/level_change.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
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
  explicit level_registry(level lowest, level recorded = no_level) : default_(lowest), recorded_(recorded) {}

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
    set_rule(pattern, lowest);
    end_temporary(pattern);
  }
  /// The same with a note for the worker, and perhaps for a time only. The caller wakes the worker.
  [[gnu::cold]] void set(std::string_view pattern, level lowest, level_change const& how) {
    std::lock_guard const lock{mutex_};
    level_note note{std::string{pattern}, level_of(pattern), lowest,
                    how.changed_by,       how.expires_after, false};
    temporary next{std::string{pattern}, own_level(pattern), steady_clock_ns() + how.expires_after.count()};
    notes_.reserve(notes_.size() + 1);
    temporaries_.reserve(temporaries_.size() + 1);
    set_rule(pattern, lowest);
    if (auto const replaced = end_temporary(pattern)) next.before = *replaced;
    if (how.expires_after.count() > 0) temporaries_.push_back(std::move(next));
    notes_.push_back(std::move(note));
    update_next_turn();
  }
  /// When `take_notes` must be called, in nanoseconds of the steady clock; the past if there are notes, the end of time for never.
  [[nodiscard]] std::int64_t next_turn_ns() const noexcept { return next_turn_ns_.load_relaxed(); }
  /// Ends the changes whose time is over, and returns what must be recorded. Thread: the worker's.
  [[nodiscard, gnu::cold]] vector<level_note> take_notes() {
    std::lock_guard const lock{mutex_};
    std::int64_t const now = steady_clock_ns();
    for (std::size_t i = 0; i < temporaries_.size();) {
      temporary const& one = temporaries_[i];
      if (one.until_ns > now) {
        ++i;
        continue;
      }
      level const before = level_of(one.pattern);
      notes_.push_back({one.pattern, before, before, {}, {}, true});
      if (one.before) set_rule(one.pattern, *one.before);
      else remove_rule(one.pattern);
      notes_.back().now = level_of(one.pattern);
      temporaries_.erase(temporaries_.begin() + static_cast<std::ptrdiff_t>(i));
    }
    auto all = std::exchange(notes_, {});
    update_next_turn();
    return all;
  }
  /// The rules in force, `*` first.
  [[nodiscard, gnu::cold]] std::vector<level_rule> rules() {
    std::lock_guard const lock{mutex_};
    std::vector<level_rule> all{{"*", default_, {}}};
    for (auto const& [prefix, lowest] : rules_.prefixes) all.push_back({prefix + ".*", lowest, {}});
    for (auto const& [name, lowest] : rules_.names) all.push_back({name, lowest, {}});
    std::int64_t const now = steady_clock_ns();
    for (temporary const& one : temporaries_) {
      for (level_rule& shown : all) {
        if (shown.pattern == one.pattern)
          shown.expires_after = std::chrono::nanoseconds{(std::max)(one.until_ns - now, std::int64_t{1})};
      }
    }
    return all;
  }
  /// Notes of the parent stay with the parent. Must be called while nothing else uses the registry.
  [[gnu::cold]] void after_fork_in_child() noexcept {
    notes_.clear();
    update_next_turn();
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
  /// Replaces the default level, and all rules, each only if it is given. Makes notes if somebody is named who changes them,
  /// as far as there is memory.
  [[gnu::cold]] void change(std::optional<level> lowest, std::optional<rule_set> rules,
                            std::string const& changed_by = {}) noexcept {
    std::lock_guard const lock{mutex_};
    rule_set before;
    level const before_default = default_;
    if (rules) {
      before = std::exchange(rules_, std::move(*rules));
      default_ = rules_.lowest.value_or(lowest.value_or(default_));
      for (auto const& [name, named] : names_) apply(*named, best_rule(name));
      temporaries_.clear();
    } else if (lowest) {
      set_default(*lowest);
      end_temporary("*");
    }
    if (!changed_by.empty())
      (void)guarded([&] { note_changes(rules ? before : rules_, before_default, changed_by); });
    update_next_turn();
  }

  /// Lets calls from `lowest` on pass the level check of every logger, until `end_scope` with the same level: scopes of threads
  /// have such levels, and the channel decides by thread. Must be a level. Throws: never.
  [[gnu::cold]] void begin_scope(level lowest) noexcept {
    std::lock_guard const lock{mutex_};
    ++scopes_[static_cast<std::size_t>(lowest)];
    if (lowest < scoped_) apply_scoped(lowest);
  }
  [[gnu::cold]] void end_scope(level lowest) noexcept {
    std::lock_guard const lock{mutex_};
    if (--scopes_[static_cast<std::size_t>(lowest)] != 0 || lowest != scoped_) return;
    std::size_t next = static_cast<std::size_t>(lowest);
    while (next < level_count && scopes_[next] == 0) ++next;
    apply_scoped(next < level_count ? static_cast<level>(next) : no_level);
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
  static constexpr level no_level = static_cast<level>(255);
  static constexpr std::int64_t never = (std::numeric_limits<std::int64_t>::max)();

  /// A rule that ends.
  struct temporary {
    std::string pattern;
    std::optional<level> before;  ///< what the rule replaces; empty: there was no rule
    std::int64_t until_ns;        ///< of the steady clock
  };

  void update_next_turn() noexcept {
    std::int64_t next = notes_.empty() ? never : 0;
    for (temporary const& one : temporaries_) next = (std::min)(next, one.until_ns);
    next_turn_ns_.store_relaxed(next);
  }
  /// Forgets that a rule ends. Returns what it has replaced, if it would have ended.
  std::optional<std::optional<level>> end_temporary(std::string_view pattern) noexcept {
    for (auto one = temporaries_.begin(); one != temporaries_.end(); ++one) {
      if (one->pattern != pattern) continue;
      auto const before = one->before;
      temporaries_.erase(one);
      update_next_turn();
      return before;
    }
    return std::nullopt;
  }
  /// For the default level and each rule that was added, changed or removed.
  [[gnu::cold]] void note_changes(rule_set const& before, level before_default,
                                  std::string const& changed_by) {
    auto const compare = [&](std::string pattern) {
      level const was = level_of(before, before_default, pattern);
      level const is = level_of(pattern);
      if (was != is) notes_.push_back({std::move(pattern), was, is, changed_by, {}, false});
    };
    compare("*");
    for (auto const member : {&rule_set::prefixes, &rule_set::names}) {
      rules_by_text all = before.*member;
      all.insert((rules_.*member).begin(), (rules_.*member).end());
      for (auto const& [name, unused] : all) compare(member == &rule_set::prefixes ? name + ".*" : name);
    }
  }
  [[nodiscard]] static bool is_prefix(std::string_view pattern) noexcept { return pattern.ends_with(".*"); }
  [[nodiscard]] static std::string_view name_of(std::string_view pattern) noexcept {
    return is_prefix(pattern) ? pattern.substr(0, pattern.size() - 2) : pattern;
  }
  /// The level of the rule with this pattern.
  [[nodiscard]] std::optional<level> own_level(std::string_view pattern) const noexcept {
    if (pattern == "*") return default_;
    auto const& rules = is_prefix(pattern) ? rules_.prefixes : rules_.names;
    auto const found = rules.find(name_of(pattern));
    return found == rules.end() ? std::nullopt : std::optional{found->second};
  }
  /// The level of that rule, or of the one that applies without it.
  [[nodiscard]] static level level_of(rule_set const& rules, level standard,
                                      std::string_view pattern) noexcept {
    if (pattern == "*") return standard;
    std::string_view const name = name_of(pattern);
    if (!is_prefix(pattern)) return best_rule(rules, standard, name).lowest;
    auto const found = rules.prefixes.find(name);
    return found != rules.prefixes.end() ? found->second : best_rule(rules, standard, name).lowest;
  }
  [[nodiscard]] level level_of(std::string_view pattern) const noexcept {
    return level_of(rules_, default_, pattern);
  }
  [[gnu::cold]] void set_rule(std::string_view pattern, level lowest) {
    if (pattern == "*") return set_default(lowest);
    if (is_prefix(pattern)) return set_prefix(name_of(pattern), lowest);
    put(rules_.names, pattern, lowest);
    if (auto const found = names_.find(pattern); found != names_.end())
      apply(*found->second, {lowest, for_name});
  }
  [[gnu::cold]] void remove_rule(std::string_view pattern) noexcept {
    auto& rules = is_prefix(pattern) ? rules_.prefixes : rules_.names;
    auto const found = rules.find(name_of(pattern));
    if (found != rules.end()) rules.erase(found);
    for (auto const& [name, named] : names_) apply(*named, best_rule(name));
  }

  static void put(rules_by_text& rules, std::string_view text, level lowest) {
    auto const found = rules.find(text);
    if (found != rules.end()) found->second = lowest;
    else rules.emplace(text, lowest);
  }
  [[nodiscard]] static std::uint32_t specificity_of(std::string_view prefix) noexcept {
    return static_cast<std::uint32_t>(prefix.size()) + 1;
  }

  /// The most specific of `rules` for a name: for the name itself, or for the longest prefix.
  [[nodiscard, gnu::cold]] static rule best_rule(rule_set const& rules, level standard,
                                                 std::string_view name) noexcept {
    if (auto const found = rules.names.find(name); found != rules.names.end())
      return {found->second, for_name};
    for (std::string_view prefix = name; !rules.prefixes.empty();) {
      auto const found = rules.prefixes.find(prefix);
      if (found != rules.prefixes.end()) return {found->second, specificity_of(prefix)};
      std::size_t const dot = prefix.rfind('.');
      if (dot == prefix.npos) break;
      prefix = prefix.substr(0, dot);
    }
    return {standard, 0};
  }
  [[nodiscard]] rule best_rule(std::string_view name) const noexcept {
    return best_rule(rules_, default_, name);
  }
  void apply(named_level& named, rule const& best) const noexcept {
    named.specificity = best.specificity;
    named.lowest.store_relaxed(static_cast<std::uint8_t>(best.lowest));
    apply_threshold(named, best.lowest);
  }
  void apply_threshold(named_level& named, level lowest) const noexcept {
    named.threshold.store_relaxed(static_cast<std::uint8_t>((std::min)({lowest, recorded_, scoped_})));
  }
  [[gnu::cold]] void apply_scoped(level lowest) noexcept {
    scoped_ = lowest;
    for (auto const& [name, named] : names_)
      apply_threshold(*named, static_cast<level>(named->lowest.load_relaxed()));
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
  level scoped_ = no_level;                          ///< the lowest of the levels of scopes
  std::array<std::uint32_t, level_count> scopes_{};  ///< their number by level
  rule_set rules_;
  std::list<named_level> entries_;
  vector<named_level*> free_;  ///< entries that no logger has
  std::map<std::string_view, named_level*> names_;
  vector<temporary> temporaries_;
  vector<level_note> notes_;
  atomic_word<std::int64_t> next_turn_ns_{never};
};

}  // namespace fapilog::inline v0_1::detail
