// SPDX-License-Identifier: MIT
// The client's side of RELP 1: commands with numbers, each of which the receiver acknowledges.
#pragma once

#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/detail/text/decimal.hpp>
#include <fapilog/detail/text/text_buffer.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail::syslog {

/// A response of the receiver.
struct relp_response {
  std::uint32_t number = 0;  ///< of the command; 0: the receiver ends the session
  std::uint32_t status = 0;  ///< 200: acknowledged
  std::string text;
};

inline constexpr std::uint32_t relp_ok = 200;
/// Commands are numbered from 1 to this, and then from 1 again.
inline constexpr std::uint32_t relp_max_number = 999'999'999;

/// Writes commands and reads responses; transfers nothing itself. Thread: one. Throws: std::bad_alloc.
class relp_session {
 public:
  enum class progress : std::uint8_t { incomplete, response, malformed };

  /// Forgets everything about an earlier connection.
  void begin() {
    last_number_ = 0;
    received_.clear();
  }

  /// Appends a command and returns its number.
  std::uint32_t put(text_buffer& out, std::string_view command, std::string_view data) {
    last_number_ = last_number_ == relp_max_number ? 1 : last_number_ + 1;
    out.end_at(put_decimal(out.room(20), last_number_));
    out.push_back(' ');
    out.append(command);
    out.push_back(' ');
    out.end_at(put_decimal(out.room(20), std::uint64_t{data.size()}));
    if (!data.empty()) {
      out.push_back(' ');
      out.append(data);
    }
    out.push_back('\n');
    return last_number_;
  }
  std::uint32_t put_open(text_buffer& out) {
    return put(out, "open", "relp_version=1\nrelp_software=fapilog\ncommands=syslog");
  }

  void received(std::string_view bytes) { received_.append(bytes); }

  /// Takes the next frame out of what was received.
  [[nodiscard]] progress next(relp_response& response) {
    constexpr std::size_t max_command = 32;
    constexpr std::size_t max_data = std::size_t{128} * 1024;
    std::string_view text = received_;
    std::size_t number = 0;
    std::size_t size = 0;
    if (!take_number(text, number)) return may_become_number(text);
    if (!take(text, ' ')) return progress::malformed;
    std::size_t const name_end = text.find(' ');
    if (name_end == std::string_view::npos)
      return text.size() <= max_command ? progress::incomplete : progress::malformed;
    std::string_view const command = text.substr(0, name_end);
    text.remove_prefix(name_end + 1);
    if (!take_number(text, size)) return may_become_number(text);
    if (size > max_data) return progress::malformed;
    if (size != 0 && !take(text, ' ')) return progress::malformed;
    if (text.size() < size + 1) return progress::incomplete;
    std::string_view data = text.substr(0, size);
    if (text[size] != '\n') return progress::malformed;
    response.number = static_cast<std::uint32_t>(number);
    response.text = data.substr(0, data.find('\n'));
    std::size_t status = 0;
    if (command == "rsp") {
      (void)take_number(data, status);
    } else if (command != "serverclose") {
      return progress::malformed;
    }
    response.status = static_cast<std::uint32_t>(status);
    received_.erase(0, received_.size() - text.size() + size + 1);
    return progress::response;
  }

 private:
  [[nodiscard]] static bool take(std::string_view& text, char c) noexcept {
    if (text.empty() || text.front() != c) return false;
    text.remove_prefix(1);
    return true;
  }
  /// Takes digits that another character follows.
  [[nodiscard]] static bool take_number(std::string_view& text, std::size_t& number) noexcept {
    std::size_t digits = 0;
    for (; digits < text.size() && is_ascii_digit(text[digits]) && digits < max_digits; ++digits)
      number = number * 10 + static_cast<std::size_t>(text[digits] - '0');
    if (digits == 0 || digits == text.size()) return false;
    text.remove_prefix(digits);
    return true;
  }
  /// What `take_number` refused may be the begin of a number.
  [[nodiscard]] static progress may_become_number(std::string_view text) noexcept {
    bool is_number = text.size() <= max_digits;
    for (char const c : text) is_number = is_number && is_ascii_digit(c);
    return is_number ? progress::incomplete : progress::malformed;
  }

  static constexpr std::size_t max_digits = 10;

  std::uint32_t last_number_ = 0;
  std::string received_;
};

}  // namespace fapilog::inline v0_1::detail::syslog
