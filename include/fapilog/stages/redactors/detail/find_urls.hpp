// SPDX-License-Identifier: MIT
// Finds credentials in URLs, and e-mail addresses, anywhere in a string.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/stages/redactors/detail/text_edits.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

namespace fapilog::inline v0_1::detail {
namespace url_detail {

/// True for a character that ends a URL within a string.
[[nodiscard]] constexpr bool ends_url(char c) noexcept {
  return static_cast<unsigned char>(c) <= ' ' || c == '"' || c == '<' || c == '>' || c == '`' || c == 0x7F;
}
/// True for a character that ends the authority of a URL (user, password, host and port).
[[nodiscard]] constexpr bool ends_authority(char c) noexcept {
  return c == '/' || c == '?' || c == '#' || c == '\\' || ends_url(c);
}

/// Caches the next position that passes a test, so that a whole string is scanned only once.
template <class Test>
class next_place {
 public:
  next_place(std::string_view text, Test test) : text_(text), test_(test) {}
  [[nodiscard]] std::size_t from(std::size_t begin) {
    if (at_ < begin || !known_) {
      at_ = begin;
      while (at_ < text_.size() && !test_(text_[at_])) ++at_;
      known_ = true;
    }
    return at_;
  }

 private:
  std::string_view text_;
  Test test_;
  std::size_t at_ = 0;
  bool known_ = false;
};

[[nodiscard]] inline std::size_t end_of_authority(std::string_view text, std::size_t begin) noexcept {
  while (begin < text.size() && !ends_authority(text[begin])) ++begin;
  return begin;
}

/// True if this cannot be a host: it has a colon that is not followed by a port number.
[[nodiscard]] inline bool is_user_and_password(std::string_view authority) noexcept {
  if (authority.starts_with('[')) authority.remove_prefix((std::min)(authority.find(']'), authority.size()));
  std::size_t const colon = authority.find(':');
  if (colon == std::string_view::npos) return false;
  std::string_view const port = authority.substr(colon + 1);
  return !std::all_of(port.begin(), port.end(), detail::is_ascii_digit);
}

/// The scheme of the URL whose `//` begins at `slash`, if there is one.
[[nodiscard]] inline std::string_view scheme_before(std::string_view text, std::size_t slash) noexcept {
  constexpr std::size_t longest = 16;
  if (slash == 0 || text[slash - 1] != ':') return {};
  std::size_t begin = slash - 1;
  while (begin > 0 && slash - begin < longest &&
         (is_ascii_alphanumeric(text[begin - 1]) || text[begin - 1] == '+'))
    --begin;
  return text.substr(begin, slash - 1 - begin);
}
/// True for a user without a password where a scheme such as `ssh` needs one: `ssh://git@host`. With other
/// schemes the user may be a token, but not if it is `git`.
[[nodiscard]] inline bool is_user_only(std::string_view user, std::string_view scheme) noexcept {
  constexpr std::size_t longest_user = 32;
  constexpr std::array<std::string_view, 11> schemes{
      "ssh", "sftp", "scp", "git", "git+ssh", "ftp", "smb", "svn+ssh", "postgres", "postgresql", "mysql"};
  bool const is_plain = user.size() <= longest_user && std::all_of(user.begin(), user.end(), [](char c) {
                          return is_ascii_alphanumeric(c) || c == '-' || c == '_' || c == '.';
                        });
  bool const is_scheme = std::any_of(schemes.begin(), schemes.end(), [scheme](std::string_view one) {
    return equals_ignoring_case(one, scheme);
  });
  return is_plain && (is_scheme || user == "git");
}

}  // namespace url_detail

/// Adds `user:password@` of each URL, of any scheme or of `//host` without one. A password may have raw slashes as long as
/// what comes before the first one cannot be host and port. Also finds `\/\/`, as JSON may write it.
inline void find_urls(std::string_view text, text_edits& edits) {
  using namespace url_detail;
  next_place at_sign{text, [](char c) { return c == '@'; }};
  next_place url_end{text, ends_url};
  for (std::size_t slash = text.find('/'); slash != std::string_view::npos;
       slash = text.find('/', slash + 1)) {
    std::size_t begin = slash + 1;
    if (begin < text.size() && text[begin] == '\\') ++begin;
    if (begin >= text.size() || text[begin] != '/') continue;
    ++begin;
    std::size_t sign = at_sign.from(begin);
    if (sign == text.size()) return;
    std::size_t const last = url_end.from(begin);
    if (sign > last) continue;
    std::size_t authority = end_of_authority(text, begin);
    if (sign > authority && !is_user_and_password(text.substr(begin, authority - begin))) continue;
    // The host begins after the last @ before its end.
    for (;;) {
      authority = end_of_authority(text, sign + 1);
      std::size_t const next = at_sign.from(sign + 1);
      if (next >= authority) break;
      sign = next;
    }
    std::string_view const user = text.substr(begin, sign - begin);
    if (!is_user_only(user, scheme_before(text, slash))) edits.add(begin, sign + 1, text_rule::url);
    slash = sign;
  }
}

/// Adds the password of `user:password@tcp(host)` and `jdbc:oracle:thin:user/password@host` and
/// `sqlplus user/password@host`, which have no `//`.
inline void find_dsns(std::string_view text, text_edits& edits) {
  constexpr std::size_t longest = 160;
  std::size_t done = 0;
  for (std::size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    std::string_view const rest = text.substr(at + 1, 5);
    bool const is_go = rest.starts_with("tcp(") || rest.starts_with("unix(") || rest.starts_with("udp(");
    std::size_t const from = (std::max)(done, at > longest ? at - longest : 0);
    std::string_view const before = text.substr(from, at - from);
    std::size_t const thin = (std::min)(before.rfind("oracle:thin:"), before.rfind("sqlplus "));
    std::size_t password = std::string_view::npos;
    if (is_go) {
      std::size_t const user = before.find_last_of(" \t\n\"'=") + 1;
      std::size_t const colon = before.find(':', user);
      if (colon != before.npos) password = colon + 1;
    } else if (thin != before.npos) {
      std::size_t const slash = before.find('/', thin);
      if (slash != before.npos) password = slash + 1;
    }
    done = at + 1;
    if (password != std::string_view::npos) edits.add(from + password, at, text_rule::keyword);
  }
}

namespace url_detail {

[[nodiscard]] constexpr bool is_in_local_part(char c) noexcept {
  return detail::is_ascii_alphanumeric(c) || c == '.' || c == '_' || c == '%' || c == '+' || c == '-' ||
         static_cast<unsigned char>(c) >= 0x80;
}
[[nodiscard]] constexpr bool is_in_domain(char c) noexcept {
  return is_in_local_part(c) && c != '_' && c != '%' && c != '+';
}

inline constexpr std::array<std::string_view, 4> remote_commands{"ssh ", "scp ", "sftp ", "rsync "};

/// True for the user and host of a remote login: `ssh://git@host`, `git@host:path`, `ssh -p 22 ada@host`.
[[nodiscard]] inline bool is_remote_login(std::string_view text, std::size_t begin, std::size_t at,
                                          std::size_t end) noexcept {
  constexpr std::size_t longest_command = 48;
  if (begin >= 2 && text.substr(begin - 2, 2) == "//") return true;
  if (text.substr(begin, at - begin) == "git" && end < text.size() && (text[end] == ':' || text[end] == '/'))
    return true;
  std::size_t const from = begin > longest_command ? begin - longest_command : 0;
  std::string_view command = text.substr(from, begin - from);
  command.remove_prefix(command.find_last_of("\n;|&") + 1);
  return std::any_of(remote_commands.begin(), remote_commands.end(), [command](std::string_view one) {
    std::size_t const found = command.find(one);
    return found != command.npos && (found == 0 || !is_ascii_alphanumeric(command[found - 1]));
  });
}

}  // namespace url_detail

/// Adds e-mail addresses, except for what an earlier `find_urls` has found.
inline void find_emails(std::string_view text, text_edits& edits) {
  using namespace url_detail;
  constexpr std::size_t longest_local = 128;
  std::size_t const known = edits.all().size();
  std::size_t url = 0;
  std::size_t done = 0;
  for (std::size_t at = text.find('@'); at != std::string_view::npos; at = text.find('@', at + 1)) {
    while (url < known && edits.all()[url].end <= at) ++url;
    bool const is_taken = url < known && edits.all()[url].begin <= at;
    std::size_t begin = at;
    while (begin > done && at - begin < longest_local && is_in_local_part(text[begin - 1])) --begin;
    std::size_t end = at + 1;
    while (end < text.size() && is_in_domain(text[end])) ++end;
    while (end > at + 1 && (text[end - 1] == '.' || text[end - 1] == '-')) --end;
    std::string_view const domain = text.substr(at + 1, end - at - 1);
    std::size_t const dot = domain.rfind('.');
    bool const has_top = dot != std::string_view::npos && dot > 0 && domain.size() - dot > 2 &&
                         !detail::is_ascii_digit(domain[dot + 1]);
    if (is_taken || begin == at || !has_top || is_remote_login(text, begin, at, end)) continue;
    edits.add(begin, end, text_rule::email);
    done = end;
    at = end - 1;
  }
}

}  // namespace fapilog::inline v0_1::detail
