// SPDX-License-Identifier: MIT
// Caches what the rules decide for each node in events, and applies their masks.
#pragma once

#include <fapilog/detail/memory/arena.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/path_cache.hpp>
#include <fapilog/stages/redactors/detail/harmless_values.hpp>
#include <fapilog/stages/redactors/detail/masking.hpp>
#include <fapilog/stages/redactors/detail/name_verdicts.hpp>
#include <fapilog/stages/redactors/detail/path_rule.hpp>
#include <fapilog/stages/redactors/detail/worker_counter.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// The decision for a node.
struct path_decision {
  std::uint16_t rule = 0;  ///< number of the rule that covers it, from 1; 0 for none
  coverage covered = coverage::none;
  pair_part part =
      pair_part::none;          ///< what its key is in an object such as `{"name": "...", "value": "..."}`
  bool key_has_secret = false;  ///< the key itself contains one

  [[nodiscard]] bool is_plain() const noexcept { return rule == 0 && !key_has_secret; }
};

/// The rules of a redactor, and the containers that its walk has entered. Thread: one, except for `counted`. Throws:
/// std::bad_alloc.
class path_decisions {
 public:
  using cache = detail::path_cache<path_decision>;
  using node = cache::node;

  /// One rule with its mask, and how often it was applied.
  struct entry {
    std::string name;
    std::shared_ptr<path_rule const> rule;
    masking mask;
    worker_counter counted;
  };

  /// The `roots` nodes have no rules.
  explicit path_decisions(std::size_t roots) : slots_(roots) {}

  /// If several rules cover a node, the one added first applies.
  void add(std::string_view name, std::shared_ptr<path_rule const> rule, masking mask) {
    rules_.push_back({std::string{name}, std::move(rule), std::move(mask), {}});
  }
  [[nodiscard]] std::vector<entry> const& rules() const noexcept { return rules_; }

  void begin_event() { slots_.begin_event(); }
  /// Enters a root, and containers within it; `close` leaves a container.
  void begin_root(std::string_view name) { keys_.assign(1, name); }
  void open(std::string_view key) { keys_.push_back(key); }
  void close() noexcept { keys_.pop_back(); }

  /// The cached decision for a node, or null. No container needs to be open.
  [[nodiscard, gnu::always_inline]] cache::known const* find(node parent,
                                                             std::string_view key) const noexcept {
    return slots_.find(parent, key);
  }
  /// Applies the rules, and `has_secret(key)`, to a key in the innermost open container.
  template <class Test>
  cache::known decide(node parent, std::string_view key, Test&& has_secret) {
    keys_.push_back(key);
    dotted_.clear();
    for (std::string_view const k : keys_) dotted_.append(dotted_.empty() ? "" : ".").append(k);
    path_decision what;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      coverage const covered = rules_[i].rule->covers({dotted_, keys_});
      if (covered <= what.covered) continue;
      what.rule = static_cast<std::uint16_t>(i + 1);
      what.covered = covered;
      if (covered >= coverage::unless_placeholder) break;
    }
    what.part = pair_part_of(key);
    what.key_has_secret = has_secret(key);
    keys_.pop_back();
    return {slots_.add(parent, key, what), what};
  }

  /// Replaces the value if a rule covers it.
  bool replace_if_covered(value& v, path_decision what, detail::arena& memory) {
    if (what.rule == 0 || v.type == kind::null || may_stay(v, what.covered)) return false;
    entry& r = rules_[what.rule - 1U];
    v = r.mask.replacement(v, memory);
    r.counted.add();
    return true;
  }

 private:
  /// True for a value that is no secret under a name with this coverage.
  [[nodiscard]] static bool may_stay(value const& v, coverage covered) noexcept {
    if (covered == coverage::all) return false;
    auto const is_about_it = [](value const& one) { return is_complaint(one.as_string()); };
    if (is_about_it(v)) return true;
    if (v.type == kind::array && v.size != 0 && std::all_of(v.elements, v.elements + v.size, is_about_it))
      return true;
    if (covered >= coverage::unless_directory) {
      bool const may_be_directory = covered == coverage::unless_directory && is_directory(v.as_string());
      return v.type == kind::string && (may_be_directory || is_placeholder(v.as_string()));
    }
    if (v.type == kind::string) {
      std::string_view const text = v.as_string();
      return is_placeholder(text) || text.empty() || is_state(text) ||
             (covered == coverage::unless_measured && is_measure_text(text));
    }
    if (covered == coverage::unless_measured) {
      auto const is_number_member = [](member const& m) { return is_measure(m.value.type); };
      return is_measure(v.type) ||  // `"token_usage": {"in": 3, "out": 12}`
             (v.type == kind::object && std::all_of(v.members, v.members + v.size, is_number_member));
    }
    constexpr std::uint64_t smallest_code = 1000;
    bool const is_small =
        (v.type == kind::u64 && v.u64 < smallest_code) ||
        (v.type == kind::i64 && v.i64 >= 0 && static_cast<std::uint64_t>(v.i64) < smallest_code);
    return v.type == kind::boolean || (covered == coverage::unless_small && is_small);
  }

  std::vector<entry> rules_;
  cache slots_;
  std::vector<std::string_view> keys_;  ///< of the open containers, the root first
  std::string dotted_;
};

}  // namespace fapilog::inline v0_1::detail
