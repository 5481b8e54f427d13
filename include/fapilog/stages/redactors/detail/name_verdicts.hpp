// SPDX-License-Identifier: MIT
// Decides and caches which names within a string are those of secrets.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/name_words.hpp>
#include <fapilog/record/path_cache.hpp>
#include <fapilog/record/value.hpp>
#include <fapilog/stages/redactors/detail/harmless_values.hpp>
#include <fapilog/stages/redactors/detail/name_rules.hpp>
#include <fapilog/stages/redactors/detail/path_rule.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// What a member is in an object such as `{"Name": "DB_PASSWORD", "Value": "..."}`.
enum class pair_part : std::uint8_t { none, name, value, type };

/// The part that a key has by its last word: `Name`, `ParameterKey`, `header`; `value`, `ParameterValue`, `content`; `type`, `id`.
[[nodiscard]] inline pair_part pair_part_of(std::string_view key) {
  constexpr std::size_t longest = 32;
  if (key.size() > longest || key.empty()) return pair_part::none;
  std::vector<std::string> words;
  add_words(key, word_cut::at_case, words);
  if (words.empty()) return pair_part::none;
  constexpr std::array<std::string_view, 12> names{"field",    "header",  "k",     "key",
                                                   "name",     "option",  "param", "parameter",
                                                   "property", "setting", "var",   "variable"};
  constexpr std::array<std::string_view, 4> values{"content", "v", "value", "val"};
  constexpr std::array<std::string_view, 2> types{"type", "id"};
  if (is_one_of(words.back(), names)) return pair_part::name;
  if (is_one_of(words.back(), values)) return pair_part::value;
  return words.size() == 1 && is_one_of(words.back(), types) ? pair_part::type : pair_part::none;
}

/// The members of an object such as `{"name": "Authorization", "value": "..."}`, by index.
struct named_pair {
  static constexpr std::size_t none = ~std::size_t{0};
  std::size_t name = none;
  std::size_t value = none;

  /// Notes the member with this index. Of `{"type": "password", "value": "..."}` the type is the name.
  void note(pair_part part, std::size_t i, fapilog::value const& v) noexcept {
    if (part == pair_part::value) value = i;
    if (part == pair_part::name || (part == pair_part::type && v.as_string() == "password")) name = i;
  }
  [[nodiscard]] bool is_complete() const noexcept { return name != none && value != none; }
};

/// Thread: one. Copies share the names.
class name_verdicts {
 public:
  struct verdict {
    coverage covered = coverage::none;
    bool may_be_second = false;  ///< it can end a name of two words
    bool is_weak = false;        ///< prose also puts it before a colon: `invalid token: ...`
    pair_part part = pair_part::none;
  };

  explicit name_verdicts(std::shared_ptr<name_rules const> names) : names_(std::move(names)) {}

  /// Call this first for each string.
  void begin_text() { known_.begin_event(); }

  [[nodiscard]] verdict of(std::string_view name) {
    if (auto const* const found = known_.find(0, name)) return found->decision;
    constexpr std::array<std::string_view, 13> weak{"auth",  "bearer", "cred", "credential", "credentials",
                                                    "otp",   "pass",   "pin",  "secret",     "secrets",
                                                    "token", "tokens", "jwt"};
    verdict const said{names_->covers(std::span{&name, 1}),
                       names_->has_name_ending_with(name) || name == "is", is_one_of(name, weak),
                       pair_part_of(name)};
    (void)known_.add(0, name, said);
    return said;
  }
  [[nodiscard]] bool covers(std::string_view name) { return of(name).covered != coverage::none; }

  /// The verdict on a name of two words, such as `API key` or `password is`. None if the second word begins something else: `token for`.
  [[nodiscard]] verdict of_two(std::string_view both, std::string_view first, std::string_view second) {
    verdict said = of(both);
    if (said.covered == coverage::none) return said;
    constexpr std::array<std::string_view, 9> continues{"code", "data",   "hash",   "header", "is",
                                                        "key",  "phrase", "string", "value"};
    said.is_weak = true;
    if (of(first).covered != coverage::none && !is_one_of(second, continues)) said.covered = coverage::none;
    return said;
  }

 private:
  std::shared_ptr<name_rules const> names_;
  path_cache<verdict> known_{1, 1024};
};

}  // namespace fapilog::inline v0_1::detail
