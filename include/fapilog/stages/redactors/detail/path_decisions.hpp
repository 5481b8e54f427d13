// SPDX-License-Identifier: MIT
// What the rules say of each place in events, asked once and remembered, and the masks for what they cover.
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

namespace fapilog::inline v0_1::redactors {

/// What is known of a place.
struct path_decision {
  std::uint16_t rule = 0;  ///< the one that covers it, from 1; 0: none
  bool unless_measured = false;
  bool key_has_secret = false;  ///< in the text of the key itself

  [[nodiscard]] bool is_plain() const noexcept { return rule == 0 && !key_has_secret; }
};

/// The rules of a redactor, and the containers that are open in its walk. Thread: one, but for `counted`.
/// Throws: std::bad_alloc.
class path_decisions {
 public:
  using cache = path_cache<path_decision>;
  using place = cache::place;

  /// One rule with its mask, and how often it was used.
  struct entry {
    std::string name;
    std::shared_ptr<path_rule const> rule;
    masking mask;
    worker_counter counted;
  };

  /// `roots` places have no rule of their own.
  explicit path_decisions(std::size_t roots) : slots_(roots) {}

  /// Of several rules for a place the first one added counts.
  void add(std::string_view name, std::shared_ptr<path_rule const> rule, masking mask) {
    rules_.push_back({std::string{name}, std::move(rule), std::move(mask), {}});
  }
  [[nodiscard]] std::vector<entry> const& rules() const noexcept { return rules_; }

  void begin_event() { slots_.begin_event(); }
  /// Where members are looked at: in a root, and in containers within it.
  void begin_root(std::string_view name) { keys_.assign(1, name); }
  void open(std::string_view key) { keys_.push_back(key); }
  void close() noexcept { keys_.pop_back(); }

  /// What is remembered of a place, or null. Needs no container to be open.
  [[nodiscard, gnu::always_inline]] cache::known const* find(place parent,
                                                             std::string_view key) const noexcept {
    return slots_.find(parent, key);
  }
  /// What the rules say of a key in the container that is open; `has_secret(key)` is asked, too.
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

  /// Replaces a value where a rule covers it.
  bool cover(value& v, path_decision what, detail::arena& memory) {
    if (what.rule == 0 || v.type == kind::null || (what.unless_measured && is_measure(v.type))) return false;
    entry& r = rules_[what.rule - 1U];
    v = r.mask.replacement(v, memory);
    r.counted.add();
    return true;
  }

 private:
  std::vector<entry> rules_;
  cache slots_;
  std::vector<std::string_view> keys_;  ///< of the containers that are open, the root first
  std::string dotted_;
};

}  // namespace fapilog::inline v0_1::redactors
