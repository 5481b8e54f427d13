// SPDX-License-Identifier: MIT
// The regular expressions: what they match and refuse, their linear time, and a comparison with a naive matcher.
#include "support/catch.hpp"

#include <fapilog/detail/regex/linear_regex.hpp>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using fapilog::detail::linear_regex;

namespace {

bool matches(std::string_view pattern, std::string_view text) { return linear_regex{pattern}.matches(text); }

std::string refusal(std::string_view pattern) {
  try {
    linear_regex const made{pattern};
  } catch (fapilog::detail::pattern_error const& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("a pattern must match the whole string") {
  CHECK(matches("data.user", "data.user"));
  CHECK(matches("data.user", "data_user"));
  CHECK_FALSE(matches("data.user", "data.user.name"));
  CHECK_FALSE(matches("data.user", "x.data.user"));
  CHECK(matches("", ""));
  CHECK_FALSE(matches("", "a"));
}

TEST_CASE("classes, escapes and ranges") {
  CHECK(matches("[a-c]+", "abcabc"));
  CHECK_FALSE(matches("[a-c]+", "abcd"));
  CHECK(matches("[^.]+", "user"));
  CHECK_FALSE(matches("[^.]+", "user.name"));
  CHECK(matches("[]a]+", "]a"));
  CHECK(matches("[a-]+", "a-"));
  CHECK(matches(R"([\d.]+)", "1.2.3"));
  CHECK(matches(R"([\w-]+)", "a_b-9"));
  CHECK(matches(R"([^\W]+)", "a_b9"));
  CHECK_FALSE(matches(R"([^\W]+)", "a-b"));
  CHECK(matches(R"([\D]+)", "ab-"));
  CHECK_FALSE(matches(R"([\D]+)", "a1"));
  CHECK(matches(R"(\d\D\w\W\s\S)", "1a_- x"));
  CHECK(matches(R"(a\.b\*\\\[)", "a.b*\\["));
  CHECK(matches(R"(\x41\t)", "A\t"));
  CHECK(matches(R"([\x30-\x39]+)", "0123456789"));
}

TEST_CASE("repetitions, alternatives and groups") {
  CHECK(matches("a*", ""));
  CHECK(matches("a+b?", "aaa"));
  CHECK(matches("a{3}", "aaa"));
  CHECK_FALSE(matches("a{3}", "aa"));
  CHECK(matches("a{2,}", "aaaa"));
  CHECK_FALSE(matches("a{2,}", "a"));
  CHECK(matches("a{,2}b", "aab"));
  CHECK_FALSE(matches("a{1,2}", "aaa"));
  CHECK(matches("a{x}", "a{x}"));
  CHECK(matches("(ab|cd)+", "abcdab"));
  CHECK(matches("(?:a|b|)c", "c"));
  CHECK(matches("a.*?c", "abbc"));
  CHECK(matches("(a*)*", "aaa"));
  CHECK(matches("(a|b*)*c", "abbac"));
  CHECK(matches("()", ""));
}

TEST_CASE("anchors and word boundaries") {
  CHECK(matches("^a$", "a"));
  CHECK(matches(R"(.*\btoken\b.*)", "data.token.x"));
  CHECK(matches(R"(.*\btoken\b.*)", "token"));
  CHECK_FALSE(matches(R"(.*\btoken\b.*)", "data.user_token"));
  CHECK_FALSE(matches(R"(.*\btoken\b.*)", "tokenizer"));
  CHECK(matches(R"(.*\Btoken)", "user_token"));
  CHECK_FALSE(matches("a^b", "ab"));
  CHECK_FALSE(matches(".*a$b.*", "ab"));
}

TEST_CASE("(?i) ignores the case of ASCII letters") {
  CHECK(matches("(?i)PassWord", "pAsswORd"));
  CHECK(matches("(?i)[a-f]+", "ABCdef"));
  CHECK_FALSE(matches("(?i)[^a]+", "A"));
  CHECK_FALSE(matches("password", "PASSWORD"));
}

TEST_CASE("a character is a code point, and an invalid byte counts as one") {
  CHECK(matches(".", "\xC3\xBC"));
  CHECK(matches("\xC3\xBC+", "\xC3\xBC\xC3\xBC"));
  CHECK(matches("[\xC3\xA4-\xC3\xBC]", "\xC3\xB6"));
  CHECK(matches("..", "\xFF\xFE"));
  CHECK(matches("a.b", "a\nb"));
}

TEST_CASE("refuses unsupported patterns with the reason and the position") {
  CHECK_THAT(refusal("(a)\\1"), ContainsSubstring("references to groups are not supported (at character 5)"));
  CHECK_THAT(refusal("(?=a)b"), ContainsSubstring("looking ahead or behind is not supported"));
  CHECK_THAT(refusal("(?<!a)b"), ContainsSubstring("looking ahead or behind is not supported"));
  CHECK_THAT(refusal("(?P<n>a)"), ContainsSubstring("(?:...)"));
  CHECK_THAT(refusal("a(?i)b"), ContainsSubstring("(?i) at the beginning"));
  CHECK_THAT(refusal("(a"), ContainsSubstring("a '(' without its ')'"));
  CHECK_THAT(refusal("a)"), ContainsSubstring("a ')' without its '(' (at character 2)"));
  CHECK_THAT(refusal("[a"), ContainsSubstring("a '[' without its ']'"));
  CHECK_THAT(refusal("*a"), ContainsSubstring("a repetition of nothing"));
  CHECK_THAT(refusal("a|*"), ContainsSubstring("a repetition of nothing"));
  CHECK_THAT(refusal("a**"), ContainsSubstring("a repetition of a repetition"));
  CHECK_THAT(refusal("a*+"), ContainsSubstring("a repetition of a repetition"));
  CHECK_THAT(refusal("a{2}{3}"), ContainsSubstring("a repetition of a repetition"));
  CHECK_THAT(refusal("a{3,2}"), ContainsSubstring("a count that ends before it begins"));
  CHECK_THAT(refusal("a{1001}"), ContainsSubstring("a count above 1000"));
  CHECK_THAT(refusal("a{99999999999999999999}"), ContainsSubstring("a count above 1000"));
  CHECK_THAT(refusal("[z-a]"), ContainsSubstring("a range that ends before it begins"));
  CHECK_THAT(refusal("[a-\\d]"), ContainsSubstring("a range that ends with a class"));
  CHECK_THAT(refusal("[[:alpha:]]"), ContainsSubstring("classes such as [:alpha:]"));
  CHECK_THAT(refusal("\\q"), ContainsSubstring("an escape that is not known"));
  CHECK_THAT(refusal("\\x4"), ContainsSubstring("two hexadecimal digits"));
  CHECK_THAT(refusal("a\\"), ContainsSubstring("a backslash at the end"));
  CHECK_THAT(refusal("[a\\"), ContainsSubstring("a backslash at the end"));
  CHECK_THAT(refusal("\xFF"), ContainsSubstring("not UTF-8"));
}

TEST_CASE("refuses patterns that would become too large") {
  CHECK_THAT(refusal("(a{1000}){1000}"), ContainsSubstring("too large"));
  CHECK_THAT(refusal("((((){1000}){1000}){1000}){1000}"), ContainsSubstring("too large"));
  CHECK_THAT(refusal("(((a{9}){9}){9}){9}{9}"), ContainsSubstring("repetition"));
  CHECK_THAT(refusal(std::string(6000, 'a')), ContainsSubstring("too large"));
  CHECK_THAT(refusal(std::string(200'000, '(')), ContainsSubstring("nested deeper than 100"));
  CHECK(refusal("(a{10}){100}") == "accepted");
}

TEST_CASE("patterns that take exponential time with backtracking take linear time") {
  // With backtracking these would take longer than any timeout of the test.
  std::string const many(20'000, 'a');
  CHECK_FALSE(matches("(a+)+b", many));
  CHECK_FALSE(matches("(a|a)*b", many));
  CHECK_FALSE(matches("(.*a){12}b", many));
  CHECK_FALSE(matches("(a?){20}b", many));
  CHECK(matches("(x+x+)+y|a*", many));
}

namespace {

/// A random pattern with a matcher that tries everything: `ends` are all places where a match from `at` may end.
struct naive {
  std::string pattern;
  std::function<std::vector<std::size_t>(std::string const&, std::size_t)> ends;
};

std::vector<std::size_t> unique(std::vector<std::size_t> all) {
  std::sort(all.begin(), all.end());
  all.erase(std::unique(all.begin(), all.end()), all.end());
  return all;
}

class naive_maker {
 public:
  explicit naive_maker(unsigned seed) : random_(seed) {}

  naive make(unsigned depth) {
    switch (depth == 0 ? pick(3) : pick(8)) {
      case 0: return literal();
      case 1:
        return {".", [](std::string const& text, std::size_t at) {
                  return at < text.size() ? std::vector<std::size_t>{at + 1} : std::vector<std::size_t>{};
                }};
      case 2: return set();
      case 3: return repeat(make(depth - 1));
      case 4: return choice(make(depth - 1), make(depth - 1));
      case 5: return border();
      default: return sequence(make(depth - 1), make(depth - 1));
    }
  }
  std::string text() {
    std::string all;
    for (std::size_t size = pick(7); size != 0; --size) all += "ab_."[pick(4)];
    return all;
  }

 private:
  std::size_t pick(std::size_t count) {
    return std::uniform_int_distribution<std::size_t>{0, count - 1}(random_);
  }

  naive literal() {
    char const c = "ab_"[pick(3)];
    return {std::string{c}, [c](std::string const& text, std::size_t at) {
              return at < text.size() && text[at] == c ? std::vector<std::size_t>{at + 1}
                                                       : std::vector<std::size_t>{};
            }};
  }
  naive set() {
    bool const negated = pick(2) == 0;
    return {negated ? "[^a.]" : "[a_]", [negated](std::string const& text, std::size_t at) {
              bool const in = at < text.size() && std::string_view{negated ? "b_" : "a_"}.find(text[at]) !=
                                                      std::string_view::npos;
              return in ? std::vector<std::size_t>{at + 1} : std::vector<std::size_t>{};
            }};
  }
  naive border() {
    bool const is_not = pick(2) == 0;
    return {is_not ? "\\B" : "\\b", [is_not](std::string const& text, std::size_t at) {
              auto const word = [&](std::size_t i) { return i < text.size() && text[i] != '.'; };
              bool const is_border = (at > 0 && word(at - 1)) != word(at);
              return is_border != is_not ? std::vector<std::size_t>{at} : std::vector<std::size_t>{};
            }};
  }
  naive repeat(naive const& one) {
    std::size_t const least = pick(3);
    std::size_t const most = pick(3) == 0 ? 9 : least + pick(3);
    std::string const count = most == 9 ? "{" + std::to_string(least) + ",}"
                                        : "{" + std::to_string(least) + "," + std::to_string(most) + "}";
    return {"(?:" + one.pattern + ")" + count, [one, least, most](std::string const& text, std::size_t at) {
              std::vector<std::size_t> all;
              std::vector<std::size_t> now{at};
              for (std::size_t i = 0; i <= most && !now.empty(); ++i) {
                if (i >= least) all.insert(all.end(), now.begin(), now.end());
                std::vector<std::size_t> next;
                for (std::size_t const from : now) {
                  for (std::size_t const end : one.ends(text, from)) next.push_back(end);
                }
                now = unique(next);
              }
              return unique(all);
            }};
  }
  static naive choice(naive const& a, naive const& b) {
    return {"(" + a.pattern + "|" + b.pattern + ")", [a, b](std::string const& text, std::size_t at) {
              auto all = a.ends(text, at);
              for (std::size_t const end : b.ends(text, at)) all.push_back(end);
              return unique(all);
            }};
  }
  static naive sequence(naive const& a, naive const& b) {
    return {a.pattern + b.pattern, [a, b](std::string const& text, std::size_t at) {
              std::vector<std::size_t> all;
              for (std::size_t const middle : a.ends(text, at)) {
                for (std::size_t const end : b.ends(text, middle)) all.push_back(end);
              }
              return unique(all);
            }};
  }

  std::mt19937 random_;
};

}  // namespace

TEST_CASE("random patterns match the same as an exhaustive matcher") {
  std::size_t matched = 0;
  for (unsigned seed = 0; seed < 1500; ++seed) {
    naive_maker maker{seed};
    naive const made = maker.make(4);
    linear_regex const pattern{made.pattern};
    for (int i = 0; i < 12; ++i) {
      std::string const text = maker.text();
      auto const ends = made.ends(text, 0);
      bool const wanted = std::find(ends.begin(), ends.end(), text.size()) != ends.end();
      INFO(made.pattern << " against " << text << ", seed " << seed);
      REQUIRE(pattern.matches(text) == wanted);
      matched += wanted ? 1 : 0;
    }
  }
  CHECK(matched > 1000);
}

TEST_CASE("any input is either compiled or refused") {
  std::mt19937 random{3};
  std::size_t understood = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string pattern;
    for (std::size_t size = random() % 12; size != 0; --size)
      pattern += "ab()[]{}*+?|\\^$.-,1:=!d\xC3"[random() % 24];
    try {
      linear_regex const made{pattern};
      (void)made.matches("aab.ba");
      ++understood;
    } catch (fapilog::detail::pattern_error const& error) {
      REQUIRE_FALSE(std::string_view{error.what()}.empty());
    }
  }
  CHECK(understood > 1000);
}
