// SPDX-License-Identifier: MIT
// Fills the templates of a corpus with random secrets and harmless text. No secret is complete in the source, so that
// scanners of repositories find none.
#pragma once

#include "support/check_digit.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace corpus {

/// One string or object that is logged, and the secrets in it.
struct entry {
  std::string kind;
  std::string place;  ///< `m`: the message; `d`: data; `k`: a key; `l`: the logger's name
  nlohmann::json logged;
  std::vector<std::string> secrets;
  bool is_kept_aside = false;  ///< every third template: not looked at while rules are written
};

/// Fills templates such as `["url","m","https://{host}/?token={*hex32}"]`; a star marks a secret.
class generator {
 public:
  explicit generator(unsigned seed) : random_(seed) {}

  /// `per_template` entries of each template in this file of the folder of this header.
  std::vector<entry> read(std::string const& file, std::size_t per_template) {
    std::vector<entry> all;
    std::ifstream in{std::filesystem::path{__FILE__}.parent_path() / file};
    std::size_t number = 0;
    for (std::string line; std::getline(in, line); ++number) {
      for (std::size_t i = 0; i < per_template; ++i) {
        entry& e = all.emplace_back();
        nlohmann::json const made = nlohmann::json::parse(fill(line, e.secrets));
        e.kind = made.at(0);
        e.place = made.at(1);
        e.logged = made.at(2);
        e.is_kept_aside = number % 3 == 2;
      }
    }
    return all;
  }

 private:
  static constexpr std::string_view lower = "abcdefghijklmnopqrstuvwxyz";
  static constexpr std::string_view upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  static constexpr std::string_view digits = "0123456789";
  static constexpr std::string_view hex = "0123456789abcdef";

  std::string fill(std::string const& line, std::vector<std::string>& secrets) {
    std::string made;
    for (std::size_t i = 0; i < line.size(); ++i) {
      std::size_t const end = line.find('}', i);
      bool const is_secret = line.substr(i, 2) == "{*";
      std::string const spec = line[i] == '{' && end != std::string::npos
                                   ? line.substr(i + (is_secret ? 2 : 1), end - i - (is_secret ? 2 : 1))
                                   : "";
      if (!is_spec(spec)) {
        made += line[i];
        continue;
      }
      std::string const value = some(spec);
      if (is_secret) secrets.push_back(value);
      std::string const escaped = nlohmann::json(value).dump();
      made += escaped.substr(1, escaped.size() - 2);
      i = end;
    }
    return made;
  }
  static bool is_spec(std::string_view spec) {
    return !spec.empty() && spec.find_first_not_of("abcdefghijklmnopqrstuvwxyz_0123456789") == spec.npos;
  }

  std::size_t pick(std::size_t count) { return random_() % count; }
  std::string one_of(std::vector<std::string> const& all) { return all[pick(all.size())]; }
  std::string chars(std::string_view from, std::size_t count) {
    std::string all;
    while (all.size() < count) all += from[pick(from.size())];
    return all;
  }
  std::string alnum(std::size_t count) {
    static std::string const all = std::string{lower} + std::string{upper} + std::string{digits};
    std::string text = chars(all, count);
    text[pick(count)] = digits[pick(10)];
    return text;
  }

  std::string some(std::string const& spec) {
    std::size_t const at = spec.find_last_not_of("0123456789") + 1;
    std::string name = spec.substr(0, at);
    std::size_t const count = at == spec.size() ? 0 : std::stoul(spec.substr(at));
    if (!name.empty() && name.back() == '_') name.pop_back();
    if (count != 0) {
      if (name == "hex") return chars(hex, count);
      if (name == "alnum") return alnum(count);
      if (name == "upper") return chars(std::string{upper} + "234567", count);
      if (name == "dig") return chars("123456789", 1) + chars(digits, count - 1);
      if (name == "b64") return alnum(count / 2) + chars("+/", 1) + alnum(count - count / 2 - 1);
      if (name == "b64url") return alnum(count / 2) + chars("-_", 1) + alnum(count - count / 2 - 1);
    }
    if (spec.starts_with("card")) return card(spec.size() > 4 ? spec.substr(5) : "");
    return named(spec);
  }

  std::string named(std::string const& spec) {
    if (spec == "word") return word();
    if (spec == "user") return word() + (pick(2) == 0 ? "" : std::to_string(pick(100)));
    if (spec == "host") return word() + one_of({".example.com", ".internal", ".example.org"});
    if (spec == "email") return word() + "@" + word() + ".example.com";
    if (spec == "path")
      return "/var/lib/" + word() + "/" + word() + one_of({".txt", ".json", ".pem", ".log"});
    if (spec == "int") return std::to_string(1 + pick(99'999));
    if (spec == "ver")
      return std::to_string(pick(20)) + "." + std::to_string(pick(50)) + "." + std::to_string(pick(9));
    if (spec == "iso") return "2026-0" + chars("123456789", 1) + "-1" + chars(digits, 1) + "T10:30:00.123Z";
    if (spec == "sha") return chars(hex, 40);
    if (spec == "uuid")
      return chars(hex, 8) + "-" + chars(hex, 4) + "-4" + chars(hex, 3) + "-a" + chars(hex, 3) + "-" +
             chars(hex, 12);
    if (spec == "simple") return word() + chars(digits, 2);
    if (spec == "phrase")
      return one_of(phrases) + " " + one_of(phrases) + " " + one_of(phrases) + " " + one_of(phrases);
    if (spec == "pw") return password();
    if (spec == "jwt") return jwt();
    if (spec == "awsid") return one_of({"AK", "AS"}) + "IA" + chars(std::string{upper} + "234567", 16);
    if (spec == "pem") return pem();
    if (spec == "vendor") return vendor();
    throw std::invalid_argument{"no such placeholder: " + spec};
  }

  /// The words of passphrases: no other text has them.
  std::vector<std::string> const phrases{"battery", "staple", "horse",   "zebra",
                                         "pencil",  "window", "thunder", "velvet"};

  std::string word() {
    return one_of({"amber",  "basil",  "cedar",   "delta",   "ember",   "falcon", "garnet",
                   "harbor", "indigo", "juniper", "kestrel", "lagoon",  "marble", "nectar",
                   "orchid", "pepper", "quartz",  "raven",   "saffron", "timber", "umber",
                   "violet", "walnut", "yarrow",  "zephyr",  "copper",  "meadow"});
  }
  std::string password() {
    switch (pick(4)) {
      case 0: return word() + chars(digits, 2);
      case 1: return chars(upper, 1) + chars(lower, 5) + chars("!$*.-_", 1) + chars(digits, 3);
      case 2: return alnum(10 + pick(8));
      default:
        return chars(lower, 4) + chars(digits, 2) + chars(upper, 2) + chars("!#^~", 1) + chars(lower, 3);
    }
  }
  std::string jwt() {
    return "eyJ" + std::string{"hbGciOiJ"} + one_of({"IUzI1NiJ9", "SUzI1NiJ9", "FUzI1NiJ9"}) + ".eyJ" +
           alnum(40) + "." + alnum(43);
  }
  std::string pem() {
    std::string const label = one_of({"RSA ", "EC ", "OPENSSH ", ""}) + "PRIVATE" + " KEY-----";
    return "-----BEGIN " + label + "\n" + alnum(64) + "\n" + alnum(64) + "\n-----END " + label;
  }

  std::string card(std::string const& separator) {
    std::string number = one_of({"4", "51", "55", "2221", "6011", "3530", "62"});
    number = support::with_check_digit(number + chars(digits, 15 - number.size()));
    if (separator.empty()) return number;
    std::vector<std::pair<std::string, std::string>> const signs{
        {"space", " "}, {"dash", "-"}, {"dot", "."},         {"slash", "/"},
        {"under", "_"}, {"plus", "+"}, {"nbsp", "\xC2\xA0"}, {"endash", "\xE2\x80\x93"},
        {"colon", ":"}, {"comma", ","}};
    for (auto const& [name, sign] : signs) {
      if (name != separator) continue;
      for (std::size_t at : {12U, 8U, 4U}) number.insert(at, sign);
    }
    return number;
  }

  /// A token with the prefix of a vendor. The prefix is in two parts.
  std::string vendor() {
    struct form {
      char const* head;
      char const* tail;
      char set;  ///< `a`: letters and digits; `h`: hexadecimal; `u`: capitals and digits; `-`: also - and _
      std::size_t size;
    };
    static std::vector<form> const forms{{"gh", "p_", 'a', 36},
                                         {"gh", "o_", 'a', 36},
                                         {"gh", "s_", 'a', 36},
                                         {"gh", "u_", 'a', 36},
                                         {"gh", "r_", 'a', 36},
                                         {"github", "_pat_", 'a', 82},
                                         {"sk_l", "ive_", 'a', 24},
                                         {"rk_l", "ive_", 'a', 24},
                                         {"sk_t", "est_", 'a', 24},
                                         {"wh", "sec_", 'a', 32},
                                         {"xo", "xb-", 'a', 40},
                                         {"xo", "xp-", 'a', 40},
                                         {"xa", "pp-1-", 'u', 60},
                                         {"AI", "za", '-', 35},
                                         {"gl", "pat-", '-', 20},
                                         {"gl", "dt-", '-', 20},
                                         {"gl", "rt-", '-', 20},
                                         {"np", "m_", 'a', 36},
                                         {"py", "pi-AgEIcHlwaS5vcmc", '-', 90},
                                         {"AK", "IA", 'u', 16},
                                         {"AS", "IA", 'u', 16},
                                         {"SG", ".", 's', 0},
                                         {"ke", "y-", 'h', 32},
                                         {"do", "p_v1_", 'h', 64},
                                         {"do", "o_v1_", 'h', 64},
                                         {"h", "f_", 'a', 34},
                                         {"sk-", "ant-api03-", '-', 93},
                                         {"sk-", "proj-", '-', 100},
                                         {"sh", "pat_", 'h', 32},
                                         {"sh", "pss_", 'h', 32},
                                         {"dckr", "_pat_", '-', 27},
                                         {"ATA", "TT3", '-', 186},
                                         {"lin", "_api_", 'a', 40},
                                         {"fi", "gd_", '-', 40},
                                         {"AGE-SECRET", "-KEY-1", 'u', 58},
                                         {"", "", 't', 0},
                                         {"", "", 'd', 0},
                                         {"S", "K", 'h', 32},
                                         {"", "", 'm', 0},
                                         {"hv", "s.", '-', 95},
                                         {"ya", "29.", '-', 60},
                                         {"GO", "CSPX-", '-', 28},
                                         {"PM", "AK-", 'h', 59},
                                         {"NR", "AK-", 'u', 27},
                                         {"gl", "sa_", 'a', 41},
                                         {"nf", "p_", 'a', 36},
                                         {"sn", "tryu_", 'h', 64},
                                         {"ruby", "gems_", 'h', 48},
                                         {"da", "pi", 'h', 32},
                                         {"x", "keysib-", 'h', 81},
                                         {"pu", "l-", 'h', 40},
                                         {"gs", "k_", 'a', 52},
                                         {"r8", "_", 'a', 37},
                                         {"sb", "p_", 'h', 40},
                                         {"ts", "key-auth-", 'a', 30},
                                         {"pscale", "_tkn_", '-', 43},
                                         {"sq0", "csp-", '-', 43},
                                         {"EA", "AA", '-', 60},
                                         {"LT", "AI", 'a', 20}};
    form const f = forms[pick(forms.size())];
    std::string const prefix = std::string{f.head} + f.tail;
    switch (f.set) {
      case 's': return prefix + alnum(22) + "." + alnum(43);
      case 't': return chars("123456789", 1) + chars(digits, 9) + ":AA" + alnum(33);
      case 'd': return "MT" + alnum(22) + "." + alnum(6) + "." + alnum(38);
      case 'm': return chars(hex, 32) + "-us" + chars("123456789", 1);
      case 'h': return prefix + chars(hex, f.size);
      case 'u': return prefix + chars(std::string{upper} + "234567", f.size);
      default: return prefix + alnum(f.size);
    }
  }

  std::mt19937 random_;
};

}  // namespace corpus
