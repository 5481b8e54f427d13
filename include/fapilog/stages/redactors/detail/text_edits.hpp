// SPDX-License-Identifier: MIT
// Collects the parts of a string that must be replaced, and replaces them.
#pragma once

#include <fapilog/detail/memory/arena.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// What is searched for in strings. If parts overlap, the first of these determines the replacement.
enum class text_rule : std::uint8_t {
  private_key,
  card,
  jwt,
  bearer,
  aws_key,
  vendor_token,
  keyword,
  email,
  url
};
inline constexpr std::size_t text_rule_count = 9;

/// The names of the rules in metrics.
inline constexpr std::array<std::string_view, text_rule_count> text_rule_names{
    "private_key",  "payment_card", "jwt",   "bearer_token",   "aws_key",
    "vendor_token", "keyword",      "email", "url_credentials"};

/// The replacements. The credentials of a URL are removed without one.
inline constexpr std::array<std::string_view, text_rule_count> text_replacements{"[REDACTED:PRIVATE_KEY]",
                                                                                 "[REDACTED:CARD]",
                                                                                 "[REDACTED:JWT]",
                                                                                 "[REDACTED:TOKEN]",
                                                                                 "[REDACTED:AWS_KEY]",
                                                                                 "[REDACTED:TOKEN]",
                                                                                 "***",
                                                                                 "[REDACTED:EMAIL]",
                                                                                 ""};

/// Replacements for a value that is nested too deep to be checked, and for bytes that contain a secret.
inline constexpr std::string_view redacted_too_deep = "[REDACTED:TOO_DEEP]";
inline constexpr std::string_view redacted_bytes = "[REDACTED:BYTES]";
/// The end of a string that was truncated.
inline constexpr std::string_view truncation_mark = "[truncated]";

/// Bytes `begin` to `end` of a string, and the rule that found them.
struct text_edit {
  std::size_t begin;
  std::size_t end;
  text_rule why;
};

/// Collects the edits of one string. Thread: one. Throws: std::bad_alloc.
class text_edits {
 public:
  void clear() noexcept { all_.clear(); }
  [[nodiscard]] bool empty() const noexcept { return all_.empty(); }
  [[nodiscard]] std::vector<text_edit> const& all() const noexcept { return all_; }

  void add(std::size_t begin, std::size_t end, text_rule why) {
    if (begin < end) all_.push_back({begin, end, why});
  }
  /// Returns the string with its parts replaced, in this memory. Overlapping parts become one.
  [[nodiscard]] std::string_view apply(std::string_view text, detail::arena& memory) {
    merge();
    std::size_t size = text.size();
    for (text_edit const& e : all_) size += text_replacements[index(e)].size() - (e.end - e.begin);
    auto* const begin = reinterpret_cast<char*>(memory.take(size));
    char* to = begin;
    std::size_t from = 0;
    auto const put = [&to](std::string_view part) {
      if (!part.empty()) std::memcpy(to, part.data(), part.size());
      to += part.size();
    };
    for (text_edit const& e : all_) {
      put(text.substr(from, e.begin - from));
      put(text_replacements[index(e)]);
      from = e.end;
    }
    put(text.substr(from));
    return {begin, size};
  }

 private:
  static std::size_t index(text_edit const& e) noexcept { return static_cast<std::size_t>(e.why); }

  void merge() {
    std::sort(all_.begin(), all_.end(),
              [](text_edit const& a, text_edit const& b) { return a.begin < b.begin; });
    std::size_t kept = 0;
    for (std::size_t i = 1; i < all_.size(); ++i) {
      if (all_[i].begin < all_[kept].end) {
        all_[kept].end = (std::max)(all_[kept].end, all_[i].end);
        all_[kept].why = (std::min)(all_[kept].why, all_[i].why);
      } else {
        all_[++kept] = all_[i];
      }
    }
    all_.resize(kept + 1);
  }

  std::vector<text_edit> all_;
};

}  // namespace fapilog::inline v0_1::detail
