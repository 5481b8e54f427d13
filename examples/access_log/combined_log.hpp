// SPDX-License-Identifier: MIT
// Apache's combined log format: host ident user [time] "request" status bytes "referrer" "user agent".
#pragma once

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace combined_log {

/// One request. Strings are views into the line as Apache wrote it, with its escapes (`\"`, `\\`, `\xhh`), because the
/// escaped bytes need not be UTF-8. A value that the line gives as `-` is absent.
struct request {
  std::string_view client;  ///< host name, IPv4 or IPv6 address
  std::optional<std::string_view> user;
  std::chrono::sys_seconds time;
  std::string_view line;  ///< as the client sent it; its parts are absent if it is not a request line
  std::optional<std::string_view> method;
  std::optional<std::string_view> path;
  std::optional<std::string_view> protocol;
  int status = 0;
  std::uint64_t bytes = 0;  ///< of the body; Apache writes 0 as `-`
  std::optional<std::string_view> referrer;
  std::optional<std::string_view> user_agent;
};

/// Parses a number that consists of digits only.
template <class Unsigned>
[[nodiscard]] std::optional<Unsigned> parse_number(std::string_view text) {
  Unsigned number{};
  char const* const end = text.data() + text.size();
  auto const [stop, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return number;
}

/// Parses `17/May/2015:10:05:03 +0200`.
[[nodiscard]] inline std::optional<std::chrono::sys_seconds> parse_time(std::string_view text) {
  using namespace std::chrono;
  constexpr std::string_view months = "JanFebMarAprMayJunJulAugSepOctNovDec";
  constexpr std::string_view form = "00/mmm/0000:00:00:00 s0000";
  if (text.size() != form.size()) return std::nullopt;
  for (std::size_t i = 0; i < form.size(); ++i) {
    bool const is_digit = text[i] >= '0' && text[i] <= '9';
    bool const fits = form[i] == '0'   ? is_digit
                      : form[i] == 's' ? text[i] == '+' || text[i] == '-'
                                       : form[i] == 'm' || text[i] == form[i];
    if (!fits) return std::nullopt;
  }
  auto const number = [text](std::size_t at, std::size_t size) {
    return *parse_number<unsigned>(text.substr(at, size));
  };

  std::size_t const month_at = months.find(text.substr(3, 3));
  if (month_at == std::string_view::npos || month_at % 3 != 0) return std::nullopt;
  year_month_day const date{year{static_cast<int>(number(7, 4))},
                            month{static_cast<unsigned>(month_at / 3 + 1)}, day{number(0, 2)}};
  hours const hour{number(12, 2)};
  minutes const minute{number(15, 2)};
  seconds const second{number(18, 2)};  // 60 is a leap second
  minutes const zone = hours{number(22, 2)} + minutes{number(24, 2)};
  if (!date.ok() || hour > 23h || minute > 59min || second > 60s || zone >= 24h) return std::nullopt;
  return sys_days{date} + hour + minute + second - (text[21] == '-' ? -zone : zone);
}

/// Reads a line from left to right. After the first mismatch `failed()` is true and every result is empty.
class reader {
 public:
  explicit reader(std::string_view line) : rest_(line) {}

  /// Returns the characters before the mark, at least one, and skips the mark.
  std::string_view until(std::string_view mark) {
    std::size_t const at = rest_.find(mark);
    return take(at == 0 ? std::string_view::npos : at, mark.size());
  }

  /// Returns the characters before the next quote without a backslash before it, and skips the quote.
  std::string_view until_quote() {
    std::size_t const at = closing_quote();
    return take(at < rest_.size() ? at : std::string_view::npos, 1);
  }
  /// The same for a line that may have been cut: without a quote, returns the rest of the line.
  std::string_view until_quote_or_end() {
    std::size_t const at = closing_quote();
    return at < rest_.size() ? take(at, 1) : take(rest_.size(), 0);
  }

  void skip(std::string_view text) {
    if (rest_.starts_with(text)) rest_.remove_prefix(text.size());
    else fail();
  }

  void fail() {
    failed_ = true;
    rest_ = {};
  }
  [[nodiscard]] bool failed() const { return failed_; }
  [[nodiscard]] bool at_end() const { return rest_.empty(); }

 private:
  std::string_view take(std::size_t size, std::size_t mark_size) {
    if (size == std::string_view::npos) {
      fail();
      return {};
    }
    std::string_view const text = rest_.substr(0, size);
    rest_.remove_prefix(size + mark_size);
    return text;
  }
  [[nodiscard]] std::size_t closing_quote() const {
    std::size_t at = 0;
    while (at < rest_.size() && rest_[at] != '"') at += rest_[at] == '\\' ? 2 : 1;
    return at;
  }

  std::string_view rest_;
  bool failed_ = false;
};

/// Splits `GET /path HTTP/1.1`, or `GET /path` of old clients; a path may contain spaces.
inline void parse_request_line(request& r) {
  std::size_t const after_method = r.line.find(' ');
  std::string_view const method = r.line.substr(0, after_method);
  if (after_method == std::string_view::npos || method.empty()) return;
  if (method.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ-_") != std::string_view::npos) return;
  std::string_view path = r.line.substr(after_method + 1);
  std::size_t const before_protocol = path.rfind(" HTTP/");
  if (before_protocol != std::string_view::npos) {
    r.protocol = path.substr(before_protocol + 1);
    path = path.substr(0, before_protocol);
  }
  r.method = method;
  r.path = path;
}

/// Returns nothing if the line is not in the combined format. Lines that were cut in the referrer or the user agent, as
/// real logs have, are requests with as much of these as there is.
[[nodiscard]] inline std::optional<request> parse(std::string_view line) {
  auto const unless_dash = [](std::string_view text) {
    return text == "-" ? std::nullopt : std::optional{text};
  };
  if (line.ends_with('\r')) line.remove_suffix(1);

  request r;
  reader in{line};
  r.client = in.until(" ");
  in.until(" ");  // ident: obsolete
  r.user = unless_dash(in.until(" "));
  in.skip("[");
  auto const time = parse_time(in.until("] \""));
  r.line = in.until_quote();
  in.skip(" ");
  auto const status = in.until(" ");
  auto const bytes = in.until(" \"");
  r.referrer = unless_dash(in.until_quote_or_end());
  if (!in.at_end()) {
    in.skip(" \"");
    r.user_agent = unless_dash(in.until_quote_or_end());
  }

  auto const status_number = parse_number<unsigned>(status);
  auto const byte_count = bytes == "-" ? 0 : parse_number<std::uint64_t>(bytes);
  if (in.failed() || !in.at_end()) return std::nullopt;
  if (!time || status.size() != 3 || !status_number || !byte_count) return std::nullopt;
  r.time = *time;
  r.status = static_cast<int>(*status_number);
  r.bytes = *byte_count;
  parse_request_line(r);
  return r;
}

}  // namespace combined_log
