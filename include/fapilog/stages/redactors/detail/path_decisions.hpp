// SPDX-License-Identifier: MIT
// Caches what the rules decide for each place in events, and applies their masks.
#pragma once

#include <fapilog/detail/memory/arena.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/path_cache.hpp>
#include <fapilog/stages/redactors/detail/masking.hpp>
#include <fapilog/stages/redactors/detail/path_rule.hpp>
#include <fapilog/stages/redactors/detail/worker_counter.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// The decision for a place.
struct path_decision {
  std::uint16_t rule = 0;  ///< number of the rule that covers it, from 1; 0 for none
  bool unless_measured = false;
  bool key_has_secret = false;  ///< the key itself contains one

  [[nodiscard]] bool is_plain() const noexcept { return rule == 0 && !key_has_secret; }
};

/// The rules of a redactor, and the containers that its walk has entered. Thread: one, except for `counted`. Throws:
/// std::bad_alloc.
class path_decisions {
 public:
  using cache = detail::path_cache<path_decision>;
  using place = cache::place;

  /// One rule with its mask, and how often it was applied.
  struct entry {
    std::string name;
    std::shared_ptr<path_rule const> rule;
    masking mask;
    worker_counter counted;
  };

  /// The `roots` places have no rules.
  explicit path_decisions(std::size_t roots) : slots_(roots) {}

  /// If several rules cover a place, the one added first applies.
  void add(std::string_view name, std::shared_ptr<path_rule const> rule, masking mask) {
    rules_.push_back({std::string{name}, std::move(rule), std::move(mask), {}});
  }
  [[nodiscard]] std::vector<entry> const& rules() const noexcept { return rules_; }

  void begin_event() { slots_.begin_event(); }
  /// Enters a root, and containers within it; `close` leaves a container.
  void begin_root(std::string_view name) { keys_.assign(1, name); }
  void open(std::string_view key) { keys_.push_back(key); }
  void close() noexcept { keys_.pop_back(); }

  /// The cached decision for a place, or null. No container needs to be open.
  [[nodiscard, gnu::always_inline]] cache::known const* find(place parent,
                                                             std::string_view key) const noexcept {
    return slots_.find(parent, key);
  }
  /// Applies the rules, and `has_secret(key)`, to a key in the innermost open container.
  template <class Test>
  cache::known decide(place parent, std::string_view key, Test&& has_secret) {
    keys_.push_back(key);
    dotted_.clear();
    for (std::string_view const k : keys_) dotted_.append(dotted_.empty() ? "" : ".").append(k);
    path_decision what;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      coverage const covered = rules_[i].rule->covers({dotted_, keys_});
      if (covered == coverage::none || (covered == coverage::unless_measured && what.rule != 0)) continue;
      what.rule = static_cast<std::uint16_t>(i + 1);
      what.unless_measured = covered == coverage::unless_measured;
      if (covered == coverage::all) break;
    }
    what.key_has_secret = has_secret(key);
    keys_.pop_back();
    return {slots_.add(parent, key, what), what};
  }

  /// Replaces the value if a rule covers it.
  bool replace_if_covered(value& v, path_decision what, detail::arena& memory) {
    if (what.rule == 0 || v.type == kind::null || (what.unless_measured && is_measure(v.type))) return false;
    entry& r = rules_[what.rule - 1U];
    v = r.mask.replacement(v, memory);
    r.counted.add();
    return true;
  }

 private:
  std::vector<entry> rules_;
  cache slots_;
  std::vector<std::string_view> keys_;  ///< of the open containers, the root first
  std::string dotted_;
};

}  // namespace fapilog::inline v0_1::detail
