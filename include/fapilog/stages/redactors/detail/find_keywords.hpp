// SPDX-License-Identifier: MIT
// Finds secrets that a string itself names: `password=...`, `"token": "..."`, `Authorization: ...`, `<pin>...</pin>`.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/stages/redactors/detail/harmless_values.hpp>
#include <fapilog/stages/redactors/detail/keyword_text.hpp>
#include <fapilog/stages/redactors/detail/name_rules.hpp>
#include <fapilog/stages/redactors/detail/name_verdicts.hpp>
#include <fapilog/stages/redactors/detail/text_edits.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Examines the name before and the value after a `=` or `:`, also if they are percent-encoded. Copies share the names.
/// Thread: one.
class keyword_finder {
 public:
  explicit keyword_finder(std::shared_ptr<name_rules const> names) : names_(std::move(names)) {}

  /// Call this first for each string.
  void begin_text() {
    names_.begin_text();
    done_ = 0;
    last_value_ = {};
  }
  [[nodiscard]] name_verdicts& names() noexcept { return names_; }

  /// Adds the value after the sign at `sign` if there is one and the name before it is sensitive. Signs must ascend.
  void examine(std::string_view text, std::size_t sign, text_edits& edits) {
    if (sign == 0 || sign < done_) return;
    std::size_t after = sign + 1;
    if (text[sign] == '%') {
      after = keyword_detail::end_of_encoded_sign(text, sign);
      if (after == 0) return;
      if (part const user = keyword_detail::encoded_user(text, after); user.end != 0)
        return take(user, edits);
    } else if (keyword_detail::is_no_assignment(text, sign)) {
      return;
    }
    name const n = keyword_detail::name_before(text, sign);
    if (n.text.empty()) return;
    bool const follows_colon = n.begin > 0 && text[n.begin - 1] == ':';
    if (follows_colon && keyword_detail::is_in_arn(text, n.begin)) return;
    verdict const said = names_.of(full_name(text, n));
    if (said.covered != coverage::none) return take_value(text, sign, after, n, said, edits);
    if (said.may_be_second) examine_two_words(text, sign, after, n, edits);
    if (said.part != pair_part::none) examine_pair(text, sign, after, n, said.part, edits);
    if (text[sign] == '=' || text[sign] == '%') examine_query(text, sign, after, n, edits);
  }

  /// Adds the text of the XML element that begins at `open` if its name is sensitive. Without an end tag, only a word after
  /// a name that prose does not use counts.
  void examine_element(std::string_view text, std::size_t open, text_edits& edits) {
    if (open < done_) return;
    std::size_t begin = open + 1;
    std::size_t tag_end = begin;
    while (keyword_detail::is_in_name(keyword_detail::at(text, tag_end)) ||
           keyword_detail::at(text, tag_end) == ':') {
      if (text[tag_end++] == ':') begin = tag_end;  // a namespace
      if (tag_end - begin > keyword_detail::longest_name) return;
    }
    std::string_view const tag = text.substr(begin, tag_end - begin);
    if (keyword_detail::is_blank(keyword_detail::at(text, tag_end)))
      tag_end += (std::min)(text.substr(tag_end, longest_pair).find_first_of("<>"), longest_pair);
    if (take_attribute(text, tag, begin + tag.size(), tag_end, edits)) return;
    if (tag.empty() || keyword_detail::at(text, tag_end) != '>' || text[tag_end - 1] == '/') return;
    verdict const said = names_.of(tag);
    if (said.covered == coverage::none) {
      if (said.part == pair_part::name) examine_named_element(text, tag_end + 1, edits);
      return;
    }
    constexpr std::string_view opening = "<![CDATA[";
    begin = tag_end + 1;
    bool const is_verbatim = text.substr(begin).starts_with(opening);
    if (is_verbatim) begin += opening.size();
    std::size_t const end =
        (std::min)(is_verbatim ? text.find("]]>", begin) : text.find('<', begin), text.size());
    std::string_view const shown = text.substr(begin, end - begin);
    bool const is_closed = is_verbatim || text.substr(end).starts_with("</");
    bool const is_word = !said.is_weak && end == text.size() && !shown.empty() &&
                         is_ascii_alphanumeric(shown[0]) && shown.find(' ') == shown.npos;
    if ((is_closed || is_word) && !is_harmless(said, shown)) take({begin, end, false}, edits);
  }

 private:
  using name = keyword_detail::name;
  using part = keyword_detail::part;
  using verdict = name_verdicts::verdict;

  /// `<Password value="x"/>`.
  bool take_attribute(std::string_view text, std::string_view tag, std::size_t from, std::size_t to,
                      text_edits& edits) {
    constexpr std::string_view attribute = " value=";
    std::size_t const at = text.substr(0, to).find(attribute, from);
    if (at == text.npos || names_.of(tag).covered == coverage::none) return false;
    std::size_t const quote = at + attribute.size();
    std::size_t slashes = 0;
    while (keyword_detail::at(text, quote + slashes) == '\\') ++slashes;
    if (!keyword_detail::is_quote(keyword_detail::at(text, quote + slashes))) return false;
    part const value = keyword_detail::quoted(text, quote + slashes + 1, slashes);
    if (is_harmless(names_.of(tag), text.substr(value.begin, value.end - value.begin))) return false;
    take(value, edits);
    return true;
  }
  /// `<key>Password</key><string>x</string>`, `<name>token</name><value>x</value>`.
  void examine_named_element(std::string_view text, std::size_t begin, text_edits& edits) {
    std::size_t const end = text.substr(0, begin + keyword_detail::longest_name).find("</", begin);
    if (end == text.npos || end == begin || !names_.covers(text.substr(begin, end - begin))) return;
    std::size_t const tag_end = text.substr(0, end + longest_pair).find('>', end);
    if (tag_end == text.npos) return;
    std::size_t next = tag_end + 1;
    while (static_cast<unsigned char>(keyword_detail::at(text, next) - 1) < ' ') ++next;
    if (keyword_detail::at(text, next) == '<') (void)take_text(text, next, edits);
  }

  /// The name without percent-encoding.
  [[nodiscard]] std::string_view full_name(std::string_view text, name const& n) {
    if (n.begin < 3 || text[n.begin - 3] != '%') return n.text;
    std::size_t begin = n.begin;
    while (begin > 0 && n.begin - begin < keyword_detail::longest_name &&
           (keyword_detail::is_in_name(text[begin - 1]) || text[begin - 1] == '%')) {
      --begin;
    }
    return keyword_detail::decoded_name(text.substr(begin, n.begin + n.text.size() - begin), decoded_);
  }

  /// `API key: ...`.
  void examine_two_words(std::string_view text, std::size_t sign, std::size_t after, name const& n,
                         text_edits& edits) {
    if (n.begin < 2 || text[n.begin - 1] != ' ' || !keyword_detail::is_in_name(text[n.begin - 2])) return;
    std::size_t begin = n.begin - 1;
    while (begin > 0 && n.begin - begin < keyword_detail::longest_name &&
           keyword_detail::is_in_name(text[begin - 1]))
      --begin;
    name const both{text.substr(begin, n.begin + n.text.size() - begin), begin, n.is_quoted};
    verdict const said = names_.of_two(both.text, text.substr(begin, n.begin - 1 - begin), n.text);
    if (said.covered != coverage::none) take_value(text, sign, after, both, said, edits);
  }

  /// `{"Name": "DB_PASSWORD", "Value": "..."}` in either order, `<add key="..." value="..."/>`, and the parts of a form.
  void examine_pair(std::string_view text, std::size_t sign, std::size_t after, name const& n, pair_part what,
                    text_edits& edits) {
    std::string_view const nearby = text.substr(0, after + longest_pair);
    part const value = value_after(nearby, sign, after, n);
    if (what == pair_part::value) {
      last_value_ = value;
      return;
    }
    std::string_view const named = text.substr(value.begin, value.end - value.begin);
    if (named.empty() || named.size() > keyword_detail::longest_name) return;
    if (what == pair_part::type && !equals_ignoring_case(named, "password")) return;
    coverage const covered = (std::min)(names_.of(named).covered, coverage::unless_placeholder);
    if (covered == coverage::none) return;
    if (take_form_part(text, value.end, edits) || take_later_value(text, value.end, covered, edits)) return;
    if (take_element_text(text, value.end, edits)) return;
    if (last_value_.end == 0 || last_value_.end > n.begin || n.begin - last_value_.end > longest_pair) return;
    std::string_view const between = text.substr(last_value_.end, n.begin - last_value_.end);
    if (between.find_first_of("{}>\n") == between.npos)
      edits.add(last_value_.begin, last_value_.end, text_rule::keyword);
  }

  /// The next member, if it is named as a value.
  bool take_later_value(std::string_view text, std::size_t from, coverage covered, text_edits& edits) {
    std::size_t const limit = (std::min)(text.size(), from + longest_pair);
    for (std::size_t i = from; i < limit; ++i) {
      char const c = text[i];
      if (c == '{' || c == '}' || c == '>') return false;
      if (c != ':' && c != '=') continue;
      if (keyword_detail::is_no_assignment(text, i)) continue;
      name const n = keyword_detail::name_before(text, i);
      pair_part const what = n.text.empty() ? pair_part::none : names_.of(n.text).part;
      if (what == pair_part::name) return false;
      if (what != pair_part::value) continue;
      take_value(text, i, i + 1, n, {.covered = covered}, edits);
      return true;
    }
    return false;
  }

  /// The text of an element with an attribute that names it: `<entry key="db.password">x</entry>`,
  /// `<setting name="password"><value>x</value></setting>`.
  bool take_element_text(std::string_view text, std::size_t from, text_edits& edits) {
    std::string_view const nearby = text.substr(0, from + longest_pair);
    std::size_t const tag_end = nearby.find_first_of("<>{}\n", from);
    if (tag_end == nearby.npos || text[tag_end] != '>' || text[tag_end - 1] == '/') return false;
    return take_text(text, tag_end + 1, edits);
  }
  /// Adds the text from `begin` to the next end tag. An element such as `<value>` or `<string>` may be around it.
  bool take_text(std::string_view text, std::size_t begin, text_edits& edits) {
    constexpr int max_around = 2;  // <value><string>
    for (int around = 0; around < max_around; ++around) {
      std::size_t inner = begin;
      while (static_cast<unsigned char>(keyword_detail::at(text, inner) - 1) < ' ') ++inner;
      if (keyword_detail::at(text, inner) != '<' || !is_ascii_letter(keyword_detail::at(text, inner + 1)))
        break;
      std::size_t const tag_end = text.substr(0, inner + longest_pair).find('>', inner);
      if (tag_end == text.npos) return false;
      begin = tag_end + 1;
    }
    std::size_t const end = text.find('<', begin);
    if (end == text.npos || end == begin || keyword_detail::at(text, end + 1) != '/') return false;
    std::string_view const shown = text.substr(begin, end - begin);
    if (is_harmless({.covered = coverage::unless_placeholder}, shown)) return false;
    take({begin, end, false}, edits);
    return true;
  }

  /// The part of a form after its head: `name="password"`, an empty line, the value.
  bool take_form_part(std::string_view text, std::size_t from, text_edits& edits) {
    std::size_t at = from;
    while (at < text.size() &&
           (keyword_detail::is_quote(text[at]) ||
            (text[at] == '\\' && keyword_detail::is_quote(keyword_detail::at(text, at + 1))))) {
      ++at;
    }
    std::size_t const limit = (std::min)(text.size(), from + longest_pair);
    bool is_first = true;
    while (at < limit) {
      std::size_t const next = keyword_detail::skip_line_end(text, at);
      if (next == at) {
        if (is_first && text[at] != ';') return false;
        ++at;
        continue;
      }
      is_first = false;
      std::size_t const begin = keyword_detail::skip_line_end(text, next);
      if (begin == next) {
        at = next;
        continue;
      }
      std::string_view const boundary = text[at] == '\\' ? "\\n--" : "\n--";
      std::size_t end = (std::min)(text.find(boundary, begin), text.size());
      while (end > begin && keyword_detail::is_line_end(text[end - 1])) --end;
      if (text.substr(begin, end - begin).ends_with("\\r")) end -= 2;
      edits.add(begin, end, text_rule::keyword);
      done_ = (std::max)(done_, end);
      return true;
    }
    return false;
  }

  /// `?sig=...`, `&X-Amz-Signature=...`, `?code=...`: names that are only those of secrets in a query.
  void examine_query(std::string_view text, std::size_t sign, std::size_t after, name const& n,
                     text_edits& edits) {
    constexpr std::array<std::string_view, 7> signatures{
        "sig", "signature", "x-amz-signature", "x-goog-signature", "hmac", "assertion", "ticket"};
    constexpr std::array<std::string_view, 2> others{"code", "key"};
    bool const is_signature = is_one_of(n.text, signatures);
    if (!is_signature && !is_one_of(n.text, others)) return;
    char const before = n.begin > 0 ? text[n.begin - 1] : ' ';
    bool const in_query = before == '?' || before == '&' || before == '#' || before == ';' ||
                          (n.begin > 2 && text[n.begin - 3] == '%');
    if (!in_query) return;
    part const value = value_after(text.substr(0, after + longest_pair), sign, after, n);
    std::string_view const shown = text.substr(value.begin, value.end - value.begin);
    constexpr std::size_t shortest = 16;
    if (shown.size() < shortest || !looks_secret(shown)) return;
    if (is_signature || looks_generated(shown)) take(value_after(text, sign, after, n), edits);
  }

  void take(part const& value, text_edits& edits) {
    edits.add(value.begin, value.end, text_rule::keyword);
    done_ = (std::max)(done_, value.end);
  }

  void take_value(std::string_view text, std::size_t sign, std::size_t after, name const& n,
                  verdict const& said, text_edits& edits) {
    part const value = value_after(text, sign, after, n);
    std::string_view const shown = text.substr(value.begin, value.end - value.begin);
    if (is_harmless(said, shown)) return;
    if (is_placeholder(text.substr(value.begin, shown.size() + 1))) return;  // its bracket ends the word
    if (!value.is_quoted && is_code(text, sign, value, shown)) return;
    if (value.is_quoted && is_sign(text, sign, after, said.is_weak, shown)) return;
    if (!value.is_quoted && !n.is_quoted && is_prose(text, sign, after, said.is_weak, shown)) return;
    take(value, edits);
  }

  /// True for a value that is no secret under a name with this verdict, whatever is around it.
  [[nodiscard]] static bool is_harmless(verdict const& said, std::string_view shown) noexcept {
    constexpr std::size_t shortest_code = 4;
    if (shown.find_first_not_of(" \t\r\n") == shown.npos || is_nothing(shown) || is_placeholder(shown))
      return true;
    if (is_complaint(shown) || is_list_of_complaints(shown)) return true;
    if (said.covered == coverage::unless_directory) return is_directory(shown);
    if (said.covered == coverage::unless_measured && (is_number(shown) || is_measure_text(shown)))
      return true;
    if (said.covered <= coverage::unless_state && is_state(shown)) return true;
    return said.covered == coverage::unless_small && is_number(shown) && shown.size() < shortest_code;
  }
  /// True for what source code has after a name: `token = next();`, `if (token == EOF)`, `SET password = :password`.
  [[nodiscard]] bool is_code(std::string_view text, std::size_t sign, part const& value,
                             std::string_view shown) {
    if (shown.ends_with('(') && keyword_detail::at(text, value.end) == ')') return true;
    bool const is_compared = text[sign] == '=' && text[sign - 1] == '=';
    if (is_compared && std::all_of(shown.begin(), shown.end(), is_ascii_letter)) return true;
    return (shown[0] == ':' || shown[0] == '@') && names_.covers(shown.substr(1));
  }
  /// True for a sign that a message quotes: `unexpected token: ')'`.
  [[nodiscard]] static bool is_sign(std::string_view text, std::size_t sign, std::size_t after, bool is_weak,
                                    std::string_view shown) noexcept {
    constexpr std::size_t longest_sign = 3;
    return is_weak && text[sign] == ':' && keyword_detail::is_blank(keyword_detail::at(text, after)) &&
           shown.size() <= longest_sign && std::none_of(shown.begin(), shown.end(), is_ascii_alphanumeric);
  }
  /// True for a value that continues a sentence: `password: must have 8 characters`, `invalid token: unexpected end`.
  [[nodiscard]] static bool is_prose(std::string_view text, std::size_t sign, std::size_t after, bool is_weak,
                                     std::string_view shown) noexcept {
    if (text[sign] != ':' || !keyword_detail::is_blank(keyword_detail::at(text, after))) return false;
    std::string_view const word = shown.substr(0, shown.find_first_of(" ,;."));
    constexpr std::array<std::string_view, 8> schemes{"apikey", "basic",     "bearer", "digest",
                                                      "hawk",   "negotiate", "ntlm",   "token"};
    if (word.size() < shown.size() && is_one_of(word, schemes)) return false;  // `auth: Bearer 8f3a`
    if (continues_sentence(word) || is_state(word) || is_type_name(word)) return true;
    constexpr std::size_t shortest_code = 4;
    return is_weak && (!looks_secret(shown) || (is_number(word) && word.size() < shortest_code));
  }

  /// The value after a sign.
  [[nodiscard]] static part value_after(std::string_view text, std::size_t sign, std::size_t begin,
                                        name const& n) {
    using namespace keyword_detail;
    if (text[sign] == '%') return {begin, end_of_encoded_value(text, begin), false};
    bool const is_arrow = text[sign] == '=' && at(text, begin) == '>';
    if (is_arrow) ++begin;
    // JSON and dumps of PHP may go on in the next line: `"password":\n"x"`, `["password"]=>\n string(1) "x"`.
    while (is_blank(at(text, begin)) || (n.is_quoted && is_line_end(at(text, begin)))) ++begin;
    begin = skip_type(text, begin);
    char const first = at(text, begin);
    std::size_t slashes = 0;
    while (at(text, begin + slashes) == '\\') ++slashes;
    if (is_quote(at(text, begin + slashes))) return quoted(text, begin + slashes + 1, slashes);
    if (text[sign] == ':' && !n.is_quoted) {
      part const block = yaml_block(text, n.begin, begin);
      if (block.end != 0) return block;
    }
    if (std::size_t const template_end = end_of_template(text, begin); template_end != 0)
      return {begin, template_end, false};
    if (first == '{' || first == '[') return {begin, end_of_block(text, begin), true};
    std::size_t end = begin;
    if (text[sign] == ':' && is_header(n.text)) {
      // A quote ends it only if there is one before the name: curl -H "Cookie: ..."
      char const quote = n.begin > 0 && is_quote(text[n.begin - 1]) ? text[n.begin - 1] : '\n';
      while (end < text.size() && !is_line_end(text[end]) && text[end] != quote) ++end;
      return {begin, end, false};
    }
    if (is_between_semicolons(text, n.begin)) {
      while (end < text.size() && !is_line_end(text[end]) && text[end] != ';' && text[end] != '"') ++end;
      return {begin, end, false};
    }
    end = end_of_word(text, begin, text[sign]);
    // `token=Bearer abc`
    for (std::string_view const scheme : {"bearer", "basic", "digest", "token"}) {
      if (!equals_ignoring_case(text.substr(begin, end - begin), scheme) || at(text, end) != ' ') continue;
      if (at(text, end + 1) == '=') continue;
      return {begin, end_of_word(text, end + 1, text[sign]), false};
    }
    return {begin, rest_of_line(text, sign, n, end), false};
  }
  /// Where a value with spaces ends in text of several lines, such as YAML, headers or an environment: at the end of the
  /// line or at a comment. `end` if the line has several assignments.
  [[nodiscard]] static std::size_t rest_of_line(std::string_view text, std::size_t sign, name const& n,
                                                std::size_t end) noexcept {
    using namespace keyword_detail;
    if (n.is_quoted || !is_blank(at(text, end)) || !begins_line(text, n)) return end;
    std::size_t const line_end = end_of_line(text, end);
    if (begin_of_line(text, n.begin) == 0 && line_end == text.size()) return end;
    std::string_view rest = text.substr(end, line_end - end);
    if (rest.find(text[sign]) != rest.npos) return end;
    return end + (std::min)(rest.find(" #"), rest.size());
  }
  [[nodiscard]] static bool is_header(std::string_view text) noexcept {
    constexpr std::array<std::string_view, 4> names{"authorization", "proxy-authorization", "cookie",
                                                    "set-cookie"};
    return is_one_of(text, names);
  }

  static constexpr std::size_t longest_pair = keyword_detail::longest_pair;

  name_verdicts names_;
  std::string decoded_;
  std::size_t done_ = 0;  ///< everything before it in this string is already redacted
  part last_value_;       ///< of the last member that is named as a value
};

}  // namespace fapilog::inline v0_1::detail
