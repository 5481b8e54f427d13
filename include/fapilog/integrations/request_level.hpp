// SPDX-License-Identifier: MIT
// A signed choice of the level for one request, for a header that the application accepts.
#pragma once

#include <fapilog/detail/hash/sha256.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/record/level.hpp>

#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::integrations {

/// The level that a client may choose for its request, and who it is, for the record.
struct request_level {
  level lowest = level::debug;
  std::string chosen_by = {};
};

/// Reads and writes values `v1;DEBUG;1767225600;alice;<64 digits>` of the header X-Log-Level: the level by name or number, its end
/// in seconds of Unix time, for whom it is, and the HMAC-SHA-256 (RFC 2104) of all before the last semicolon, in lower-case
/// hexadecimal. Use it as `request_log_config::accepts_level`. Until its end, a value holds for any number of requests. Thread: any.
class signed_request_levels {
 public:
  /// `key`: at least 32 random bytes, shared with the program that signs. `lowest`: no value goes below it. `max_age`: a value that
  /// expires later is refused. Throws: std::invalid_argument for a shorter key, std::bad_alloc.
  explicit signed_request_levels(std::string_view key, level lowest = level::debug,
                                 std::chrono::seconds max_age = std::chrono::hours{24})
      : hash_(checked(key)), lowest_(lowest), max_age_(max_age) {}

  /// Makes a value. `who`: 1 to 64 letters, digits and `-_.@`. Throws: std::invalid_argument for another `who`, std::bad_alloc.
  [[nodiscard]] std::string sign(level lowest, std::chrono::system_clock::time_point until,
                                 std::string_view who) const {
    if (!is_name(who))
      throw std::invalid_argument{
          "fapilog: signed_request_levels: 'who' must have 1 to 64 letters, digits and -_.@"};
    std::string text =
        "v1;" + std::to_string(static_cast<unsigned>(lowest)) + ';' +
        std::to_string(std::chrono::duration_cast<std::chrono::seconds>(until.time_since_epoch()).count()) +
        ';' + std::string{who};
    std::string const signature = hex_of(text);
    return text + ';' + signature;
  }

  /// The choice, or nothing for a value that is not signed with this key, has ended, or is not allowed. Throws: std::bad_alloc.
  [[nodiscard]] std::optional<request_level> read(std::string_view value,
                                                  std::chrono::system_clock::time_point now) const {
    constexpr std::size_t max_size = 256;
    std::size_t const end = value.rfind(';');
    if (value.size() > max_size || end == value.npos ||
        !is_signed(value.substr(0, end), value.substr(end + 1)))
      return std::nullopt;
    std::string_view rest = value.substr(0, end);
    auto const next = [&rest] {
      std::string_view const part = rest.substr(0, rest.find(';'));
      rest.remove_prefix(part.size() == rest.size() ? part.size() : part.size() + 1);
      return part;
    };
    bool const is_known = next() == "v1";
    auto const severity = parse_level(next());
    std::string_view const ends = next();
    std::int64_t until = 0;
    auto const [last, error] = std::from_chars(ends.data(), ends.data() + ends.size(), until);
    if (!is_known || !severity || error != std::errc{} || last != ends.data() + ends.size() || !is_name(rest))
      return std::nullopt;
    std::int64_t const present =
        std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    if (until <= present || until - present > max_age_.count() || severity.value < lowest_)
      return std::nullopt;
    return request_level{severity.value, std::string{rest}};
  }
  /// For `request_log_config::accepts_level`.
  template <class Start>
  [[nodiscard]] std::optional<request_level> operator()(Start const& start) const {
    return read(start.log_level, std::chrono::system_clock::now());
  }

 private:
  static std::string_view checked(std::string_view key) {
    if (key.size() < 32)
      throw std::invalid_argument{"fapilog: signed_request_levels: the key must have at least 32 bytes"};
    return key;
  }
  static bool is_name(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 64 &&
           text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.@") ==
               text.npos;
  }
  [[nodiscard]] std::string hex_of(std::string_view text) const {
    auto const digest = hash_.of(text);
    std::string hex;
    for (unsigned char const byte : digest) {
      hex += fapilog::detail::hex_digits[byte >> 4U];
      hex += fapilog::detail::hex_digits[byte & 15U];
    }
    return hex;
  }
  /// Takes the same time wherever the first difference is.
  [[nodiscard]] bool is_signed(std::string_view text, std::string_view signature) const {
    std::string const right = hex_of(text);
    if (signature.size() != right.size()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < right.size(); ++i)
      difference |= static_cast<unsigned char>(signature[i]) ^
                    static_cast<unsigned>(static_cast<unsigned char>(right[i]));
    return difference == 0;
  }

  fapilog::detail::hmac_sha256 hash_;
  level lowest_;
  std::chrono::seconds max_age_;
};

}  // namespace fapilog::inline v0_1::integrations
