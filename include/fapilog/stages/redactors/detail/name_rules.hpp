// SPDX-License-Identifier: MIT
// Finds sensitive names by their words, at any depth: `user_token` and `card.number`, but not `tokenizer` or `author`.
#pragma once

#include <fapilog/detail/text/name_words.hpp>
#include <fapilog/stages/redactors/detail/path_rule.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// A set of names. A name is words separated by spaces: `card number` matches `card_number`, `cardNumber`, `cardnumber`,
/// `X-Card-Numbers`, `old_card_number_2`, and `number` below `card`. Marks: `*token` also matches at the end of a longer
/// word (`usertoken`); `^pass` matches only at the beginning of a key; `pass$` only at its end. If the name says that the
/// value is a measure or an answer (`token_count`, `has_password`, `max_tokens`), the coverage is `unless_measured`; if it
/// says that the value describes a credential or a contact (`token_type`, `phone_model`), it is `none`. A whole key such as
/// `pass` or `auth`, which often has a state as its value, is covered `unless_state`.
/// Thread: any; immutable.
class name_rules final : public path_rule {
 public:
  /// Throws: std::invalid_argument for a name without a word.
  template <class Names>
  explicit name_rules(Names const& names) {
    for (std::string_view const one : names) add(one);
  }

  [[nodiscard]] coverage covers(member_path const& path) const override {
    return covers(path.keys.subspan(path.keys.empty() ? 0 : 1));  // the root is not a name
  }
  /// Judges the last of these keys together with those above it.
  [[nodiscard]] coverage covers(std::span<std::string_view const> keys) const {
    if (keys.empty()) return coverage::none;
    coverage best = coverage::none;
    for (detail::word_cut const cut : {detail::word_cut::at_case, detail::word_cut::by_signs}) {
      best = (std::max)(best, search(split_into_words(keys, cut)));
      if (best == coverage::all) break;
    }
    return best;
  }
  /// True if a name of several words ends with this word.
  [[nodiscard]] bool has_name_ending_with(std::string_view text) const {
    std::vector<std::string> words;
    detail::add_words(text, detail::word_cut::by_signs, words);
    return words.size() == 1 && std::any_of(names_.begin(), names_.end(), [&](name const& n) {
             return n.words.size() > 1 && same_word(words[0], n.words.back());
           });
  }

 private:
  struct name {
    std::vector<std::string> words;
    bool at_begin = false;
    bool at_end = false;
    bool in_tail = false;         ///< its first word may be the end of a longer one
    bool has_attributes = false;  ///< words such as `type` and `policy` after it name something else
  };
  struct word_list {
    std::vector<std::string> words;
    std::size_t last_key = 0;             ///< index of the first word of the last key
    std::vector<std::size_t> key_begins;  ///< index of the first word of each key
  };
  struct text_hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  using index = std::unordered_map<std::string, std::vector<std::size_t>, text_hash, std::equal_to<>>;
  static constexpr std::size_t max_keys = 4;  ///< considered together

  void add(std::string_view text) {
    std::string_view const given = text;
    name n;
    if (text.starts_with('^')) {
      n.at_begin = true;
      text.remove_prefix(1);
    }
    if (text.starts_with('*')) {
      n.in_tail = true;
      text.remove_prefix(1);
    }
    if (text.ends_with('$')) {
      n.at_end = true;
      text.remove_suffix(1);
    }
    detail::add_words(text, detail::word_cut::at_case, n.words);
    if (n.words.empty()) {
      throw std::invalid_argument{"fapilog: name '" + std::string{given} +
                                  "' has no word; it must be words separated by spaces, such as card number"};
    }
    std::string joined;
    for (std::string const& word : n.words) joined += word;
    n.has_attributes = is_one_of(n.words.back(), described_words);
    std::size_t const at = names_.size();
    by_first_word_[n.words[0]].push_back(at);
    if (n.words.size() > 1) joined_[joined].push_back(at);
    if (n.in_tail) tails_.push_back(at);
    names_.push_back(std::move(n));
  }

  [[nodiscard]] static word_list split_into_words(std::span<std::string_view const> keys,
                                                  detail::word_cut cut) {
    word_list all;
    if (keys.size() > max_keys) keys = keys.last(max_keys);
    for (std::string_view const key : keys) {
      all.last_key = all.words.size();
      all.key_begins.push_back(all.last_key);
      detail::add_words(key, cut, all.words);
    }
    return all;
  }

  /// True for the same word or its plural.
  [[nodiscard]] static bool same_word(std::string_view found, std::string_view word) noexcept {
    if (!found.starts_with(word)) return false;
    std::string_view const rest = found.substr(word.size());
    return rest.empty() || rest == "s" || rest == "es";
  }

  /// Calls `f(index)` for each name with this word, in singular or plural.
  template <class F>
  static void for_each(index const& names, std::string_view word, F&& f) {
    auto const look = [&](std::string_view form) {
      if (auto const found = names.find(form); found != names.end()) {
        for (std::size_t const at : found->second) f(at);
      }
    };
    look(word);
    if (word.ends_with('s')) look(word.substr(0, word.size() - 1));
    if (word.ends_with("es")) look(word.substr(0, word.size() - 2));
  }

  [[nodiscard]] coverage search(word_list const& all) const {
    coverage best = coverage::none;
    auto const consider = [&](name const& n, std::size_t from, std::size_t count) {
      best = (std::max)(best, judge(all, n, from, count));
    };
    for (std::size_t i = 0; i < all.words.size() && best != coverage::all; ++i) {
      std::string_view const word = all.words[i];
      for_each(by_first_word_, word, [&](std::size_t at) {
        if (rest_follows(all, names_[at], i)) consider(names_[at], i, names_[at].words.size());
      });
      if (i < all.last_key) continue;
      for_each(joined_, word, [&](std::size_t at) { consider(names_[at], i, 1); });
      for (std::size_t const at : tails_) {
        std::string_view const first = names_[at].words[0];
        std::size_t const plural = word.size() > first.size() && word.ends_with('s') ? 1 : 0;
        bool const ends = word.ends_with(first) || word.substr(0, word.size() - plural).ends_with(first);
        if (ends && rest_follows(all, names_[at], i)) consider(names_[at], i, names_[at].words.size());
      }
    }
    return best;
  }

  [[nodiscard]] static bool rest_follows(word_list const& all, name const& n, std::size_t from) noexcept {
    if (from + n.words.size() > all.words.size()) return false;
    for (std::size_t i = 1; i < n.words.size(); ++i) {
      if (!same_word(all.words[from + i], n.words[i])) return false;
    }
    return true;
  }

  /// The coverage that follows if this name takes `count` words from `from` on.
  [[nodiscard]] static coverage judge(word_list const& all, name const& n, std::size_t from,
                                      std::size_t count) noexcept {
    std::size_t const end = from + count;
    bool const is_whole = end == all.words.size();
    bool const begins_key =
        std::find(all.key_begins.begin(), all.key_begins.end(), from) != all.key_begins.end();
    if (end <= all.last_key || (n.at_begin && !begins_key) || (n.at_end && !is_whole)) return coverage::none;
    // Across keys it must take all of the last key: `number_of_items` below `card` is not a card number.
    if (from < all.last_key && !is_whole) return coverage::none;
    std::string_view const first = all.words[(std::min)(all.last_key, all.words.size() - 1)];
    std::string_view const last = all.words.back();
    bool const is_question = from > all.last_key && is_one_of(first, questions);
    if (!is_whole && n.has_attributes && is_one_of(last, attribute_words)) return coverage::none;
    bool const is_measure_name = !is_whole && is_one_of(last, measure_words);
    bool const is_count = is_whole && last.size() > n.words.back().size() && last.ends_with('s') &&
                          !std::string_view{n.words.back()}.ends_with('s');
    if (is_question || is_measure_name || is_count) return coverage::unless_measured;
    bool const is_weak = is_whole && from == all.last_key && count == 1 && is_one_of(last, weak_words);
    if (is_weak && last == "pass") return coverage::unless_small;
    if (is_weak && last == "pwd") return coverage::unless_directory;
    return is_weak ? coverage::unless_state : coverage::all;
  }

  template <std::size_t N>
  [[nodiscard]] static bool is_one_of(std::string_view word,
                                      std::array<std::string_view, N> const& words) noexcept {
    return std::find(words.begin(), words.end(), word) != words.end();
  }
  static constexpr std::array measure_words = std::to_array<std::string_view>(
      {"accepted",  "active",    "age",     "allowed",   "at",        "attempts", "available", "average",
       "budget",    "bytes",     "changed", "cost",      "count",     "counts",   "created",   "day",
       "days",      "disabled",  "enabled", "encrypted", "exists",    "expired",  "expires",   "expiry",
       "failures",  "generated", "hour",    "hours",     "in",        "index",    "invalid",   "issued",
       "left",      "len",       "length",  "limit",     "locked",    "match",    "matched",   "matches",
       "max",       "min",       "minute",  "minutes",   "missing",   "ms",       "offset",    "ok",
       "percent",   "position",  "present", "provided",  "quota",     "rate",     "ratio",     "received",
       "remaining", "required",  "reset",   "retries",   "revoked",   "rotated",  "score",     "second",
       "seconds",   "set",       "shown",   "size",      "supported", "timeout",  "total",     "ttl",
       "updated",   "usage",     "used",    "valid",     "validated", "visible",  "window",    "protected",
       "based",     "only",      "exp",     "out",       "found",     "spent",    "saved",     "rounds",
       "iterations"});
  static constexpr std::array questions = std::to_array<std::string_view>(
      {"allow", "allows",  "can",      "enable", "gpio", "had", "has",  "is",  "missing", "needs",  "no",
       "num",   "require", "requires", "should", "skip", "use", "uses", "was", "with",    "without"});
  /// What a credential or a contact can have that is no secret.
  static constexpr std::array attribute_words = std::to_array<std::string_view>(
      {"alg",        "algorithm", "arn",      "audience", "brand",    "category",  "class",    "column",
       "complexity", "confirmed", "consent",  "country",  "dir",      "directory", "domain",   "endpoint",
       "engine",     "error",     "errors",   "field",    "fields",   "file",      "filename", "format",
       "issuer",     "kind",      "label",    "level",    "location", "manager",   "method",   "methods",
       "mode",       "model",     "name",     "names",    "os",       "owner",     "path",     "paths",
       "policies",   "policy",    "prefix",   "provider", "queue",    "reason",    "ref",      "reference",
       "refs",       "region",    "rotation", "rule",     "rules",    "scheme",    "scope",    "scopes",
       "selector",   "sent",      "server",   "service",  "source",   "state",     "status",   "store",
       "strategy",   "strength",  "template", "title",    "type",     "types",     "uri",      "url",
       "vendor",     "verified",  "version",  "stdin",    "prompt",   "env",       "cmd",      "command",
       "helper",     "callback",  "banner",   "color",    "subject",  "kid",       "gpio"});
  /// The last words of names that can have attributes.
  static constexpr std::array described_words = std::to_array<std::string_view>(
      {"apikey",     "auth",     "authorization", "bearer",  "card", "code",      "cookie",     "cred",
       "credential", "creds",    "csrf",          "cvc",     "cvv",  "dsn",       "email",      "fax",
       "jwt",        "kennwort", "key",           "mail",    "otp",  "pass",      "passcode",   "passphrase",
       "passwd",     "password", "passwort",      "phone",   "pin",  "pincode",   "privatekey", "psk",
       "pw",         "pwd",      "secret",        "session", "sid",  "telephone", "token",      "totp",
       "xsrf",       "phrase",   "word"});
  static constexpr std::array weak_words =
      std::to_array<std::string_view>({"auth", "bearer", "cookie", "cred", "creds", "credential",
                                       "credentials", "pass", "pwd", "secret", "token"});

  std::vector<name> names_;
  index by_first_word_;
  index joined_;
  std::vector<std::size_t> tails_;
};

}  // namespace fapilog::inline v0_1::detail
