// SPDX-License-Identifier: MIT
// Applies all rules of a redactor in one walk over an event.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/utf8.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/stages/redactors/detail/masking.hpp>
#include <fapilog/stages/redactors/detail/path_decisions.hpp>
#include <fapilog/stages/redactors/detail/path_rule.hpp>
#include <fapilog/stages/redactors/detail/text_rules.hpp>
#include <fapilog/stages/redactors/detail/unique_keys.hpp>
#include <fapilog/stages/redactors/detail/worker_counter.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Checks the message, the logger's name and every member of context, diagnostics and data, at any depth, keys included.
/// The decision of all rules on a path is made once and cached. A value that is nested deeper than `deepest` is
/// replaced. Values in shared memory are never changed: they are copied first. Thread: one, except for `collect`.
/// Throws: std::bad_alloc.
class redaction {
 public:
  /// The record format allows 64 levels; stages may add some.
  static constexpr std::size_t deepest = 128;

  redaction() = default;
  redaction(redaction&&) noexcept = default;
  redaction& operator=(redaction&&) noexcept = default;
  /// A copy has the same rules and counts from zero.
  redaction(redaction const&) = default;
  redaction& operator=(redaction const&) = default;
  ~redaction() = default;

  /// Adds a rule that replaces members by their path. If several rules cover a member, the first one applies. `name` is the
  /// redactor's name.
  void add(std::string_view name, std::shared_ptr<path_rule const> rule, masking mask) {
    paths_.add(name, std::move(rule), std::move(mask));
  }
  /// The rules for the contents of strings.
  [[nodiscard]] text_rules& texts() noexcept { return texts_; }
  /// Truncates longer strings after all other rules. 0 disables it.
  void truncate(std::size_t max_characters) noexcept { max_characters_ = max_characters; }

  void redact(event& e) {
    paths_.begin_event();
    event_ = &e;
    if (!is_clean(e.message)) (void)change_text(e.message);
    if (e.logger.data() != checked_logger_ || e.memory->round() != logger_checked_in_) change_logger(e);
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
    auto const put_redacted = [&](std::string_view rule, std::uint64_t count) {
      put("fapilog_redacted_fields_total", "Values, or parts of strings, that redactors replaced.", count)
          .labels.emplace_back("rule", rule);
    };
    for (auto const& r : paths_.rules()) put_redacted(r.name, r.counted.value());
    for (std::size_t i = 0; i < text_rule_count; ++i) {
      auto const rule = static_cast<text_rule>(i);
      if (texts_.has(rule)) put_redacted(text_rule_names[i], texts_.counted(rule));
    }
    if (texts_.active()) put_redacted("too_long", texts_.too_long());
    if (max_characters_ != 0) put_redacted("truncated", truncated_.value());
    put_redacted("too_deep", too_deep_.value());
    for (auto const& r : paths_.rules()) {
      if (r.name != "field_blocker") continue;
      put("fapilog_policy_violations_total", "Fields that must not be logged and were blocked.",
          r.counted.value());
    }
  }

 private:
  using node = path_decisions::node;
  using known_node = path_decisions::cache::known;
  static constexpr std::array<std::string_view, 3> roots{"context", "diagnostics", "data"};

  /// Logger names lie in the batch's memory: each is checked once per batch.
  void change_logger(event& e) {
    char const* const before = e.logger.data();
    if (change_text(e.logger)) return;
    checked_logger_ = before;
    logger_checked_in_ = e.memory->round();
  }

  void change_list(member_list& list, node root) {
    std::size_t const size = list.size();
    if (size == 0) return;
    // Prepared members are checked once per batch, with the first event that has them.
    auto const prepared = list.prepared();
    std::size_t const prepared_end = prepared.at + prepared.count;
    bool const is_known = prepared.count != 0 && prepared.json.data() == checked_prepared_ &&
                          event_->memory->round() == prepared_checked_in_;
    bool prepared_changes = false;
    bool keys_change = false;
    named_pair pair;
    member const* const first = list.begin();
    for (std::size_t i = is_known && prepared.at == 0 ? prepared_end : 0; i < size; ++i) {
      known_node const* const known = paths_.find(root, first[i].key);
      if (known != nullptr) pair.note(known->decision.part, i, first[i].value);
      if (is_clean(first[i].value, known)) [[likely]]
        continue;
      if (is_known && i >= prepared.at && i < prepared_end) continue;
      member m = first[i];
      paths_.begin_root(roots[root]);
      known_node const decided = known != nullptr ? *known : decide(root, m.key);
      pair.note(decided.decision.part, i, m.value);
      if (!change(m, root, &decided, 0)) continue;
      prepared_changes = prepared_changes || (i >= prepared.at && i < prepared_end);
      keys_change = keys_change || m.key.data() != first[i].key.data();
      list.edit()[i] = m;
    }
    if (pair.is_complete()) {
      paths_.begin_root(roots[root]);
      value named = list.begin()[pair.value].value;
      if (replace_named(named, list.begin()[pair.name].value, root)) list.edit()[pair.value].value = named;
    }
    if (keys_change) make_keys_unique(list.edit().data(), size, *event_);
    if (prepared.count != 0 && !is_known && !prepared_changes) {
      checked_prepared_ = prepared.json.data();
      prepared_checked_in_ = event_->memory->round();
    }
  }

  [[nodiscard, gnu::always_inline]] bool is_clean(std::string_view text) const noexcept {
    return !texts_.may_change(text) && (max_characters_ == 0 || text.size() <= max_characters_);
  }
  /// A fast check that is true for most values: no rule covers the node, and the value contains nothing to redact.
  [[nodiscard, gnu::always_inline]] bool is_clean(value const& v, known_node const* known) const noexcept {
    if (known == nullptr || !known->decision.is_plain()) return false;
    return v.visit(clean_visitor{*this});
  }
  struct clean_visitor {
    redaction const& self;

    [[gnu::always_inline]] bool operator()(std::string_view text) const noexcept {
      return self.is_clean(text);
    }
    [[gnu::always_inline]] bool operator()(std::int64_t number) const noexcept {
      return number < 0 || self.texts_.is_harmless(static_cast<std::uint64_t>(number));
    }
    [[gnu::always_inline]] bool operator()(std::uint64_t number) const noexcept {
      return self.texts_.is_harmless(number);
    }
    [[gnu::always_inline]] bool operator()(double number) const noexcept {
      return !(number >= static_cast<double>(min_card)) || self.texts_.is_harmless(~std::uint64_t{0});
    }
    [[gnu::always_inline]] bool operator()(value::bytes) const noexcept { return false; }
    [[gnu::always_inline]] bool operator()(value::object) const noexcept { return false; }
    [[gnu::always_inline]] bool operator()(value::array) const noexcept { return false; }
    [[gnu::always_inline]] bool operator()(std::nullptr_t) const noexcept { return true; }
    [[gnu::always_inline]] bool operator()(bool) const noexcept { return true; }
    [[gnu::always_inline]] bool operator()(float) const noexcept { return true; }
    [[gnu::always_inline]] bool operator()(char32_t) const noexcept { return true; }
    [[gnu::always_inline]] bool operator()(value::timestamp) const noexcept { return true; }
    [[gnu::always_inline]] bool operator()(value::duration) const noexcept { return true; }
    [[gnu::always_inline]] bool operator()(uuid const&) const noexcept { return true; }
    [[gnu::always_inline]] bool operator()(value::pointer) const noexcept { return true; }
  };

  bool change(member& m, node parent, known_node const* known, std::size_t depth) {
    auto const [at, what] = known != nullptr ? *known : decide(parent, m.key);
    bool const changed =
        paths_.replace_if_covered(m.value, what, *event_->memory) || change_value(m.value, at, m.key, depth);
    return (what.key_has_secret && texts_.clean(m.key, *event_->memory)) || changed;
  }
  known_node decide(node parent, std::string_view key) {
    return paths_.decide(parent, key, [this](std::string_view text) { return texts_.find_secrets(text); });
  }

  path_decision decision_on(node parent, std::string_view key) {
    known_node const* const known = paths_.find(parent, key);
    return known != nullptr ? known->decision : decide(parent, key).decision;
  }

  bool change_value(value& v, node at, std::string_view key, std::size_t depth) {
    return v.visit(change_visitor{*this, v, at, key, depth});
  }
  struct change_visitor {
    redaction& self;
    value& whole;
    node at;
    std::string_view key;
    std::size_t depth;

    bool operator()(std::string_view text) const {
      // File and function of the call are known at compile time: they hold no secret.
      bool const is_literal = text.data() == self.event_->file || text.data() == self.event_->function;
      if ((is_literal && self.max_characters_ == 0) || !self.change_text(text)) return false;
      whole = value::of_string(text);
      return true;
    }
    bool operator()(std::int64_t number) const {
      return number > 0 && self.change_number(whole, static_cast<std::uint64_t>(number));
    }
    bool operator()(std::uint64_t number) const { return self.change_number(whole, number); }
    bool operator()(double number) const {
      constexpr double largest_whole = 9007199254740992.0;
      return number > 0 && number < largest_whole &&
             self.change_number(whole, static_cast<std::uint64_t>(number));
    }
    bool operator()(value::bytes raw) const {
      if (!self.texts_.clean(raw.bytes, *self.event_->memory)) return false;
      whole = value::of_string(redacted_bytes);
      return true;
    }
    bool operator()(value::object) const {
      return replace_if_too_deep() || self.change_members(whole, at, key, depth + 1);
    }
    bool operator()(value::array) const {
      return replace_if_too_deep() || self.change_elements(whole, at, key, depth + 1);
    }
    bool operator()(std::nullptr_t) const { return false; }
    bool operator()(bool) const { return false; }
    bool operator()(float) const { return false; }
    bool operator()(char32_t) const { return false; }
    bool operator()(value::timestamp) const { return false; }
    bool operator()(value::duration) const { return false; }
    bool operator()(uuid const&) const { return false; }
    bool operator()(value::pointer) const { return false; }

    bool replace_if_too_deep() const {
      if (depth < deepest) return false;
      whole = value::of_string(redacted_too_deep);
      self.too_deep_.add();
      return true;
    }
  };

  bool change_number(value& v, std::uint64_t number) {
    if (!texts_.is_card_number(number)) return false;
    texts_.count(text_rule::card);
    v = value::of_string(text_replacements[static_cast<std::size_t>(text_rule::card)]);
    return true;
  }

  bool change_text(std::string_view& text) {
    bool const changed = texts_.clean(text, *event_->memory);
    if (max_characters_ == 0 || text.size() <= max_characters_) return changed;
    return cut(text) || changed;
  }
  bool cut(std::string_view& text) {
    std::size_t size = 0;
    for (std::size_t count = 0; count < max_characters_; ++count) {
      if (size == text.size()) return false;
      size += detail::decode_utf8(text.substr(size)).size;
    }
    if (size == text.size()) return false;
    std::string whole{text.substr(0, size)};
    text = event_->copy(whole.append(truncation_mark));
    truncated_.add();
    return true;
  }

  bool change_members(value& v, node at, std::string_view key, std::size_t depth) {
    member* copy = nullptr;
    bool keys_change = false;
    named_pair pair;
    paths_.open(key);
    for (std::uint32_t i = 0; i < v.size; ++i) {
      std::string_view const name = v.members[i].key;
      known_node const* const found = paths_.find(at, name);
      known_node const known = found != nullptr ? *found : decide(at, name);
      pair.note(known.decision.part, i, v.members[i].value);
      if (is_clean(v.members[i].value, &known)) continue;
      member m = v.members[i];
      if (!change(m, at, &known, depth)) continue;
      keys_change = keys_change || m.key.data() != name.data();
      writable_copy(copy, v.members, v.size)[i] = m;
    }
    if (pair.is_complete()) {
      value named = (copy == nullptr ? v.members : copy)[pair.value].value;
      if (replace_named(named, v.members[pair.name].value, at))
        writable_copy(copy, v.members, v.size)[pair.value].value = named;
    }
    paths_.close();
    if (copy == nullptr) return false;
    if (keys_change) make_keys_unique(copy, v.size, *event_);
    v.members = copy;
    return true;
  }

  /// Replaces the value of a pair if a rule covers its name. The container of the pair is open.
  bool replace_named(value& v, value const& name, node at) {
    return is_name(name) && paths_.replace_if_covered(v, decision_on(at, name.as_string()), *event_->memory);
  }

  bool change_elements(value& v, node at, std::string_view key, std::size_t depth) {
    value* copy = nullptr;
    change_arguments(v, copy, at, key);
    for (std::uint32_t i = 0; i < v.size; ++i) {
      value element = (copy == nullptr ? v.elements : copy)[i];
      bool const is_pair = element.type == kind::array && element.size == 2 && is_name(element.elements[0]);
      bool const changed =
          is_pair ? change_pair(element, at, key, depth) : change_value(element, at, key, depth);
      if (changed) writable_copy(copy, v.elements, v.size)[i] = element;
    }
    if (copy == nullptr) return false;
    v.elements = copy;
    return true;
  }

  /// Replaces secrets in a list of arguments such as `["--password", "x"]`.
  void change_arguments(value& v, value*& copy, node at, std::string_view key) {
    auto const is_flag = [](value const& e) { return e.as_string().starts_with('-'); };
    if (!texts_.has_keywords() || std::none_of(v.elements, v.elements + v.size, is_flag)) return;
    using kind = argument_detail::argument_list::kind;
    argument_detail::argument_list list;
    paths_.open(key);
    for (std::uint32_t i = 0; i < v.size; ++i) {
      std::string_view const text = v.elements[i].as_string();
      kind const what = list.next(text);
      if (what == kind::secret) {
        writable_copy(copy, v.elements, v.size)[i] = value::of_string(sensitive_text);
      } else if (what == kind::attached) {
        std::string const masked = std::string{text.substr(0, 2)}.append(sensitive_text);
        writable_copy(copy, v.elements, v.size)[i] = value::of_string(event_->copy(masked));
      } else if (what == kind::flag && i + 1 < v.size && !is_flag(v.elements[i + 1])) {
        value argument = v.elements[i + 1];
        std::string_view const flag = text.substr((std::min)(text.find_first_not_of('-'), text.size()));
        path_decision const said = decision_on(at, flag);
        if (said.covered == coverage::unless_measured) continue;  // `--no-password x`
        if (!paths_.replace_if_covered(argument, said, *event_->memory)) continue;
        writable_copy(copy, v.elements, v.size)[++i] = argument;
      }
    }
    paths_.close();
  }

  /// Treats an element such as `["Authorization", "..."]`, the form in which lists of pairs are logged, as a member.
  bool change_pair(value& pair, node at, std::string_view key, std::size_t depth) {
    member m{pair.elements[0].as_string(), pair.elements[1]};
    paths_.open(key);
    known_node const* const known = paths_.find(at, m.key);
    bool const changed = !is_clean(m.value, known) && change(m, at, known, depth + 1);
    paths_.close();
    if (!changed) return false;
    value* copy = nullptr;
    writable_copy(copy, pair.elements, 2)[0] = value::of_string(m.key);
    copy[1] = m.value;
    pair.elements = copy;
    return true;
  }

  /// True for a string that may be a name.
  [[nodiscard]] bool is_name(value const& v) const noexcept {
    constexpr std::size_t longest = 64;
    std::string_view const text = v.as_string();
    if (text.empty() || text.size() > longest || (max_characters_ != 0 && text.size() > max_characters_))
      return false;
    return !detail::is_ascii_digit(text[0]) && std::all_of(text.begin(), text.end(), [](char c) {
      return detail::is_ascii_alphanumeric(c) || c == '_' || c == '-' || c == '.' || c == ' ';
    });
  }

  template <class T>
  T* writable_copy(T*& copy, T const* from, std::size_t count) {
    if (copy == nullptr) {
      copy = event_->memory->take_array<T>(count);
      std::copy_n(from, count, copy);
    }
    return copy;
  }

  path_decisions paths_{roots.size()};
  text_rules texts_;
  std::size_t max_characters_ = 0;
  worker_counter truncated_;
  worker_counter too_deep_;

  event* event_ = nullptr;
  char const* checked_logger_ = nullptr;
  std::uint64_t logger_checked_in_ = 0;
  char const* checked_prepared_ = nullptr;
  std::uint64_t prepared_checked_in_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
