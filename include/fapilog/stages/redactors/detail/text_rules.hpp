// SPDX-License-Identifier: MIT
// Searches strings for all secrets that the rules cover, in one pass over the characters.
#pragma once

#include <fapilog/detail/memory/arena.hpp>
#include <fapilog/detail/text/text_marks.hpp>
#include <fapilog/stages/redactors/detail/find_arguments.hpp>
#include <fapilog/stages/redactors/detail/find_cards.hpp>
#include <fapilog/stages/redactors/detail/find_keywords.hpp>
#include <fapilog/stages/redactors/detail/find_tokens.hpp>
#include <fapilog/stages/redactors/detail/find_urls.hpp>
#include <fapilog/stages/redactors/detail/find_vendor_tokens.hpp>
#include <fapilog/stages/redactors/detail/text_edits.hpp>
#include <fapilog/stages/redactors/detail/worker_counter.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Replaces a string that is longer than the limit up to which strings are searched.
inline constexpr std::string_view redacted_too_long = "[REDACTED:TOO_LONG]";

/// Finds and replaces the secrets in strings. Thread: one, except for `counted`. Throws: std::bad_alloc.
class text_rules {
 public:
  void enable(text_rule rule) {
    on_ |= bit(rule);
    active_ = true;
    full_ = (on_ & ~(bit(text_rule::url) | bit(text_rule::email))) != 0;
  }
  /// Sets the names by which a string itself names its secrets. The last call applies.
  void set_keywords(std::shared_ptr<name_rules const> names) {
    keywords_.emplace(std::move(names));
    enable(text_rule::keyword);
  }
  [[nodiscard]] bool has_keywords() const noexcept { return keywords_.has_value(); }
  /// Strings longer than this are replaced as a whole. Of several limits the smallest applies.
  void limit(std::size_t max_bytes) noexcept { max_bytes_ = (std::min)(max_bytes_, max_bytes); }

  [[nodiscard]] bool active() const noexcept { return active_; }
  [[nodiscard]] bool has(text_rule rule) const noexcept { return (on_ & bit(rule)) != 0; }

  /// A fast check that is false for most strings: nothing in them needs a replacement.
  [[nodiscard, gnu::always_inline]] bool may_change(std::string_view text) const noexcept {
    if (text.size() > max_bytes_) return true;
    if (!active_) return false;
    if (!full_) return detail::has_marks<detail::mark_set::few>(text);
    return detail::has_marks<detail::mark_set::full>(text);
  }
  /// Replaces the secrets in a string. Returns false if there are none. The new string lies in `memory`.
  bool clean(std::string_view& text, detail::arena& memory) {
    if (!find_secrets(text)) return false;
    if (text.size() > max_bytes_) {
      too_long_.add();
      text = redacted_too_long;
      return true;
    }
    for (text_edit const& e : edits_.all()) count(e.why);
    text = edits_.apply(text, memory);
    return true;
  }
  /// Searches a string and keeps what it finds for `clean`. Returns true if `clean` would change the string.
  [[nodiscard]] bool find_secrets(std::string_view text) {
    if (text.size() > max_bytes_) return true;
    edits_.clear();
    if (keywords_) keywords_->begin_text();
    return full_ ? scan<detail::mark_set::full>(text) : scan<detail::mark_set::few>(text);
  }
  /// True for numbers that cannot be a card number, whatever their digits.
  [[nodiscard]] bool is_harmless(std::uint64_t number) const noexcept {
    return number < min_card || !has(text_rule::card);
  }
  /// True for a card number, if the rule for cards is enabled.
  [[nodiscard]] bool is_card_number(std::uint64_t number) const noexcept {
    return has(text_rule::card) && is_card(number);
  }
  /// Counts a value that the caller replaced.
  void count(text_rule rule) noexcept { counts_[static_cast<std::size_t>(rule)].add(); }

  [[nodiscard]] std::uint64_t counted(text_rule rule) const noexcept {
    return counts_[static_cast<std::size_t>(rule)].value();
  }
  [[nodiscard]] std::uint64_t too_long() const noexcept { return too_long_.value(); }

 private:
  static constexpr unsigned bit(text_rule rule) noexcept { return 1U << static_cast<unsigned>(rule); }

  template <detail::mark_set Set>
  bool scan(std::string_view text) {
    bool has_at = false;
    std::size_t looked_to = 0;
    detail::text_signs const signs = detail::find_marks<Set>(text, [&](std::size_t i) {
      if (text[i] == '@') {
        has_at = true;
      } else if (text[i] == 'J') {
        if (has(text_rule::jwt)) find_jwt(text, i, looked_to, edits_);
      } else if (keywords_ && text[i] == '<') {
        keywords_->examine_element(text, i, edits_);
      } else if (keywords_) {
        keywords_->examine(text, i, edits_);
      }
    });
    return search_closely(text, signs, has_at);
  }

  bool search_closely(std::string_view text, detail::text_signs const& signs, bool has_at) {
    if (has_at) {
      // E-mail addresses must not overlap URLs, so URLs are searched first.
      urls_.clear();
      if (has(text_rule::url)) {
        find_urls(text, urls_);
        find_dsns(text, urls_);
      }
      if (has(text_rule::email)) find_emails(text, urls_);
      for (text_edit const& e : urls_.all()) edits_.add(e.begin, e.end, e.why);
    }
    if (signs.digits && has(text_rule::card)) find_cards(text, edits_);
    if (signs.rows) search_rows(text);
    if (signs.flags && keywords_) find_flags(text, keywords_->names(), edits_);
    if (signs.words && keywords_) find_words(text, keywords_->names(), edits_);
    if (signs.scheme && has(text_rule::bearer)) find_bearers(text, edits_);
    if (signs.dashes && has(text_rule::private_key)) find_private_keys(text, edits_);
    return !edits_.empty();
  }

  void search_rows(std::string_view text) {
    if (has(text_rule::aws_key)) find_aws_keys(text, edits_);
    if (!has(text_rule::vendor_token) && !keywords_) return;
    for_each_row(text, [&](std::size_t begin, std::size_t end) {
      if (has(text_rule::vendor_token)) find_vendor_tokens(text, begin, end, edits_);
      if (keywords_) find_named_row(text, begin, end, keywords_->names(), edits_);
    });
  }

  unsigned on_ = 0;
  bool active_ = false;
  bool full_ = false;
  std::size_t max_bytes_ = ~std::size_t{0};
  std::optional<keyword_finder> keywords_;
  text_edits edits_;
  text_edits urls_;
  std::array<worker_counter, text_rule_count> counts_;
  worker_counter too_long_;
};

}  // namespace fapilog::inline v0_1::detail
