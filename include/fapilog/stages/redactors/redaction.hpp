// SPDX-License-Identifier: MIT
// All rules of a redactor, in one walk over an event.
#pragma once

#include <fapilog/detail/utf8.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/path_cache.hpp>
#include <fapilog/stages/redactors/masking.hpp>
#include <fapilog/stages/redactors/path_rule.hpp>
#include <fapilog/stages/redactors/text_rules.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace fapilog::redactors {

/// Stand for a value that is nested too deep to be looked at, and for bytes with a secret among them.
inline constexpr std::string_view too_deep_text = "[REDACTED:TOO_DEEP]";
inline constexpr std::string_view bytes_text = "[REDACTED:BYTES]";
/// Ends a text that was cut.
inline constexpr std::string_view truncated_text = "[truncated]";

/// Looks at the message, the logger's name and every member of context, diagnostics and data, at any depth, keys
/// included. A path is judged by all rules once, and the judgement remembered. What is nested deeper than
/// `deepest` is replaced. Values in shared memory are never changed: what changes is copied first.
/// Thread: one, but for `collect`. Throws: std::bad_alloc.
class redaction {
 public:
  /// The record format allows 64 levels; stages may add some.
  static constexpr std::size_t deepest = 128;

  redaction() = default;
  redaction(redaction&&) noexcept = default;
  redaction& operator=(redaction&&) noexcept = default;
  /// A copy has the same rules, and counts from zero.
  redaction(redaction const&) = default;
  redaction& operator=(redaction const&) = default;
  ~redaction() = default;

  /// Members whose path the rule covers are replaced; of several rules the first counts. `name` is that of the redactor.
  void add(std::string_view name, std::shared_ptr<path_rule const> rule, masking mask) {
    rules_.push_back({std::string{name}, std::move(rule), std::move(mask), {}});
  }
  /// What is looked for in texts.
  [[nodiscard]] text_rules& texts() noexcept { return texts_; }
  /// Texts of more characters are cut, after everything else was done. 0: they are not.
  void truncate(std::size_t most_characters) noexcept { most_characters_ = most_characters; }

  void redact(event& e) {
    places_.begin_event();
    event_ = &e;
    if (!is_clean(e.message)) (void)change_text(e.message);
    if (e.logger.data() != clean_logger_ || e.memory->round() != logger_seen_in_) change_logger(e);
    change_list(e.context, 0);
    change_list(e.diagnostics, 1);
    change_list(e.data, 2);
  }

  /// `fapilog_redacted_fields_total` by redactor and rule, `fapilog_policy_violations_total` for blocked fields.
  void collect(metric_list& all, std::string_view redactor) const {
    auto const put = [&](std::string_view metric_name, std::string_view help,
                         std::uint64_t count) -> metric& {
      metric& m = all.emplace_back();
      m.name = metric_name;
      m.help = help;
      m.labels.emplace_back("redactor", redactor);
      m.value = static_cast<double>(count);
      return m;
    };
    auto const tell = [&](std::string_view rule, std::uint64_t count) {
      put("fapilog_redacted_fields_total", "Values, or parts of texts, that redactors replaced.", count)
          .labels.emplace_back("rule", rule);
    };
    for (entry const& r : rules_) tell(r.name, r.counted.value());
    for (std::size_t i = 0; i < text_rule_count; ++i) {
      auto const rule = static_cast<text_rule>(i);
      if (texts_.has(rule)) tell(text_rule_names[i], texts_.counted(rule));
    }
    if (texts_.active()) tell("too_long", texts_.too_long());
    if (most_characters_ != 0) tell("truncated", truncated_.value());
    tell("too_deep", too_deep_.value());
    for (entry const& r : rules_) {
      if (r.name != "field_blocker") continue;
      put("fapilog_policy_violations_total", "Fields that must not be logged and were blocked.",
          r.counted.value());
    }
  }

 private:
  struct entry {
    std::string name;
    std::shared_ptr<path_rule const> rule;
    masking mask;
    own_counter counted;
  };
  /// What the rules say of a place.
  struct decision {
    std::uint16_t rule = 0;  ///< from 1; 0: none
    bool unless_measured = false;
    bool key_has_secret = false;

    [[nodiscard]] bool is_plain() const noexcept { return rule == 0 && !key_has_secret; }
  };
  using cache = path_cache<decision>;
  static constexpr std::array<std::string_view, 3> roots{"context", "diagnostics", "data"};

  /// The names of loggers stand in the batch's memory: each is looked at once a batch.
  void change_logger(event& e) {
    char const* const before = e.logger.data();
    if (change_text(e.logger)) return;
    clean_logger_ = before;
    logger_seen_in_ = e.memory->round();
  }

  void change_list(member_list& list, cache::place root) {
    std::size_t const size = list.size();
    if (size == 0) return;
    // What is prepared for a whole batch was looked at with the first event that had it.
    auto const prepared = list.prepared();
    std::size_t const prepared_end = prepared.at + prepared.count;
    bool const is_known = prepared.count != 0 && prepared.json.data() == clean_prepared_ &&
                          event_->memory->round() == prepared_seen_in_;
    bool prepared_changes = false;
    bool keys_change = false;
    member const* const first = std::as_const(list).begin();
    for (std::size_t i = is_known && prepared.at == 0 ? prepared_end : 0; i < size; ++i) {
      cache::known const* const known = places_.find(root, first[i].key);
      if (is_clean(first[i].value, known)) [[likely]]
        continue;
      if (is_known && i >= prepared.at && i < prepared_end) continue;
      member m = first[i];
      keys_.assign(1, roots[root]);
      if (!change(m, root, known, 0)) continue;
      prepared_changes = prepared_changes || (i >= prepared.at && i < prepared_end);
      keys_change = keys_change || m.key.data() != first[i].key.data();
      list.begin()[i] = m;
    }
    if (keys_change) tell_apart(list.begin(), size);
    if (prepared.count != 0 && !is_known && !prepared_changes) {
      clean_prepared_ = prepared.json.data();
      prepared_seen_in_ = event_->memory->round();
    }
  }

  [[nodiscard, gnu::always_inline]] bool is_clean(std::string_view text) const noexcept {
    return !texts_.may_change(text) && (most_characters_ == 0 || text.size() <= most_characters_);
  }
  /// True for most values, quickly: no rule covers the place, and there is nothing in the value.
  [[nodiscard, gnu::always_inline]] bool is_clean(value const& v, cache::known const* known) const noexcept {
    if (known == nullptr || !known->decision.is_plain()) return false;
    switch (v.type) {
      case kind::string: return is_clean(std::string_view{v.text, v.size});
      case kind::i64: return v.i64 < 0 || texts_.is_harmless(v.u64);
      case kind::u64: return texts_.is_harmless(v.u64);
      case kind::f64:
      case kind::bytes:
      case kind::object:
      case kind::exception:
      case kind::array: return false;
      default: return true;
    }
  }

  bool change(member& m, cache::place parent, cache::known const* known, std::size_t depth) {
    decision what;
    cache::place at = cache::none;
    if (known != nullptr) {
      what = known->decision;
      at = known->at;
    } else {
      what = decide(m.key);
      at = places_.add(parent, m.key, what);
    }
    bool const is_covered =
        what.rule != 0 && m.value.type != kind::null && !(what.unless_measured && is_measure(m.value.type));
    bool changed = false;
    if (is_covered) {
      entry& r = rules_[what.rule - 1U];
      m.value = r.mask.replacement(m.value, *event_->memory);
      r.counted.add();
      changed = true;
    } else {
      changed = change_value(m.value, at, m.key, depth);
    }
    return (what.key_has_secret && texts_.clean(m.key, *event_->memory)) || changed;
  }

  bool change_value(value& v, cache::place at, std::string_view key, std::size_t depth) {
    switch (v.type) {
      case kind::string: {
        // Where the call stands is known when compiling: no secret can be in it.
        bool const is_literal = v.text == event_->file || v.text == event_->function;
        std::string_view text{v.text, v.size};
        if ((is_literal && most_characters_ == 0) || !change_text(text)) return false;
        v = value::of_text(text);
        return true;
      }
      case kind::i64: return v.i64 > 0 && change_number(v, static_cast<std::uint64_t>(v.i64));
      case kind::u64: return change_number(v, v.u64);
      case kind::f64: {
        constexpr double largest_whole = 9007199254740992.0;
        return v.f64 > 0 && v.f64 < largest_whole && change_number(v, static_cast<std::uint64_t>(v.f64));
      }
      case kind::bytes: {
        std::string_view bytes{v.text, v.size};
        if (!texts_.clean(bytes, *event_->memory)) return false;
        v = value::of_text(bytes_text);
        return true;
      }
      case kind::object:
      case kind::exception:
      case kind::array: {
        if (depth >= deepest) {
          v = value::of_text(too_deep_text);
          too_deep_.add();
          return true;
        }
        return v.type == kind::array ? change_elements(v, at, key, depth + 1)
                                     : change_members(v, at, key, depth + 1);
      }
      default: return false;
    }
  }

  bool change_number(value& v, std::uint64_t number) {
    if (!texts_.is_card_number(number)) return false;
    v = value::of_text(text_replacements[static_cast<std::size_t>(text_rule::card)]);
    return true;
  }

  bool change_text(std::string_view& text) {
    bool const changed = texts_.clean(text, *event_->memory);
    if (most_characters_ == 0 || text.size() <= most_characters_) return changed;
    return cut(text) || changed;
  }
  bool cut(std::string_view& text) {
    std::size_t size = 0;
    for (std::size_t count = 0; count < most_characters_; ++count) {
      if (size == text.size()) return false;
      size += detail::read_utf8(text.substr(size)).size;
    }
    if (size == text.size()) return false;
    std::string whole{text.substr(0, size)};
    text = event_->copy(whole.append(truncated_text));
    truncated_.add();
    return true;
  }

  bool change_members(value& v, cache::place at, std::string_view key, std::size_t depth) {
    member* own = nullptr;
    bool keys_change = false;
    keys_.push_back(key);
    for (std::uint32_t i = 0; i < v.size; ++i) {
      cache::known const* const known = places_.find(at, v.members[i].key);
      if (is_clean(v.members[i].value, known)) continue;
      member m = v.members[i];
      if (!change(m, at, known, depth)) continue;
      keys_change = keys_change || m.key.data() != v.members[i].key.data();
      own_copy(own, v.members, v.size)[i] = m;
    }
    keys_.pop_back();
    if (own == nullptr) return false;
    if (keys_change) tell_apart(own, v.size);
    v.members = own;
    return true;
  }

  bool change_elements(value& v, cache::place at, std::string_view key, std::size_t depth) {
    value* own = nullptr;
    for (std::uint32_t i = 0; i < v.size; ++i) {
      value element = v.elements[i];
      if (change_value(element, at, key, depth)) own_copy(own, v.elements, v.size)[i] = element;
    }
    if (own == nullptr) return false;
    v.elements = own;
    return true;
  }

  template <class T>
  T* own_copy(T*& own, T const* from, std::size_t count) {
    if (own == nullptr) {
      own = event_->memory->take_array<T>(count);
      std::copy_n(from, count, own);
    }
    return own;
  }

  /// Keys without their secrets may be equal: all but the first get a number.
  void tell_apart(member* first, std::size_t count) {
    std::unordered_set<std::string_view> seen;
    std::size_t number = 1;
    for (std::size_t i = 0; i < count; ++i) {
      std::string_view const key = first[i].key;
      while (!seen.insert(first[i].key).second) {
        first[i].key = event_->copy(std::string{key} + '#' + std::to_string(++number));
      }
    }
  }

  decision decide(std::string_view key) {
    keys_.push_back(key);
    dotted_.clear();
    for (std::string_view const k : keys_) dotted_.append(dotted_.empty() ? "" : ".").append(k);
    decision what;
    for (std::size_t i = 0; i < rules_.size(); ++i) {
      coverage const covered = rules_[i].rule->covers({dotted_, keys_});
      if (covered == coverage::none || (covered == coverage::unless_measured && what.rule != 0)) continue;
      what.rule = static_cast<std::uint16_t>(i + 1);
      what.unless_measured = covered == coverage::unless_measured;
      if (covered == coverage::all) break;
    }
    what.key_has_secret = texts_.look(key);
    keys_.pop_back();
    return what;
  }

  std::vector<entry> rules_;
  text_rules texts_;
  std::size_t most_characters_ = 0;
  own_counter truncated_;
  own_counter too_deep_;

  cache places_{roots.size()};
  std::vector<std::string_view> keys_;  ///< of the containers that are open, the root first
  std::string dotted_;
  event* event_ = nullptr;
  char const* clean_logger_ = nullptr;
  std::uint64_t logger_seen_in_ = 0;
  char const* clean_prepared_ = nullptr;
  std::uint64_t prepared_seen_in_ = 0;
};

}  // namespace fapilog::redactors
