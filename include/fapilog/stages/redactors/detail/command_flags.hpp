// SPDX-License-Identifier: MIT
// Commands whose flags of one letter have secret arguments: `mysql -px`, `sshpass -p x`.
#pragma once

#include <fapilog/stages/redactors/detail/harmless_values.hpp>
#include <fapilog/stages/redactors/detail/keyword_text.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail::argument_detail {

using keyword_detail::is_in_name;

/// A command with a flag of one letter whose argument is a secret.
struct secret_flag {
  std::string_view command;  ///< also its longer forms: `mysql` covers `mysqldump`
  char flag;
  bool is_attached;  ///< `-pSECRET`; otherwise `-p SECRET`
};
inline constexpr std::array secret_flags{secret_flag{"mysql", 'p', true},
                                         secret_flag{"mariadb", 'p', true},
                                         secret_flag{"7z", 'p', true},
                                         secret_flag{"rar", 'p', true},
                                         secret_flag{"unrar", 'p', true},
                                         secret_flag{"sshpass", 'p', false},
                                         secret_flag{"sshpass", 'p', true},
                                         secret_flag{"redis-cli", 'a', false},
                                         secret_flag{"login", 'p', false},
                                         secret_flag{"zip", 'P', false},
                                         secret_flag{"unzip", 'P', false},
                                         secret_flag{"sqlcmd", 'P', false},
                                         secret_flag{"sqlcmd", 'P', true},
                                         secret_flag{"bcp", 'P', false},
                                         secret_flag{"bcp", 'P', true},
                                         secret_flag{"osql", 'P', false},
                                         secret_flag{"ldap", 'w', false},
                                         secret_flag{"ldappasswd", 's', false},
                                         secret_flag{"mongo", 'p', false},
                                         secret_flag{"cqlsh", 'p', false},
                                         secret_flag{"snmp", 'A', false},
                                         secret_flag{"snmp", 'X', false},
                                         secret_flag{"ipmitool", 'P', false},
                                         secret_flag{"ssh-keygen", 'N', false},
                                         secret_flag{"ssh-keygen", 'P', false},
                                         secret_flag{"mosquitto_", 'P', false},
                                         secret_flag{"rabbitmqadmin", 'p', false},
                                         secret_flag{"rdesktop", 'p', false},
                                         secret_flag{"influx", 'p', false},
                                         secret_flag{"tsm", 'p', false},
                                         secret_flag{"snmp", 'c', false},
                                         secret_flag{"onesixtyone", 'c', false},
                                         secret_flag{"openssl", 'k', false},
                                         secret_flag{"xfreerdp", 'p', false},
                                         secret_flag{"impala", 'p', false}};

/// Commands whose `-u` has a user and a password, separated by a colon.
[[nodiscard]] constexpr bool has_user_flag(std::string_view command) noexcept {
  constexpr std::array<std::string_view, 5> commands{"curl", "wget", "http", "https", "xh"};
  return is_one_of(command, commands);
}

/// The commands of the line that is read. Positions must ascend, so that each word is read once.
class command_words {
 public:
  /// Reads the words up to `end`.
  void read(std::string_view text, std::size_t end) {
    while (at_ < end) {
      char const c = text[at_];
      if (c == '\n' || c == ';' || c == '|') forms_ = has_user_ = 0;
      if (!is_in_name(c)) {
        ++at_;
        continue;
      }
      std::size_t const begin = at_;
      while (at_ < end && is_in_name(text[at_])) ++at_;
      add(text.substr(begin, at_ - begin));
    }
  }
  [[nodiscard]] bool has(std::size_t form) const noexcept { return (forms_ >> form & 1U) != 0; }
  [[nodiscard]] bool has_user_flag() const noexcept { return has_user_ != 0; }
  void add(command_words const& other) noexcept {
    forms_ |= other.forms_;
    has_user_ |= other.has_user_;
  }

 private:
  void add(std::string_view word) noexcept {
    static_assert(secret_flags.size() < 64);
    for (std::size_t i = 0; i < secret_flags.size(); ++i) {
      if (word.starts_with(secret_flags[i].command)) forms_ |= std::uint64_t{1} << i;
    }
    if (argument_detail::has_user_flag(word)) has_user_ = 1;
  }

  std::size_t at_ = 0;
  std::uint64_t forms_ = 0;
  std::uint64_t has_user_ = 0;
};

/// Follows the strings of a list such as `["mysql", "-px", "--password", "y"]`.
class argument_list {
 public:
  /// What the next string is.
  enum class kind : std::uint8_t { plain, flag, secret, attached };

  /// A string after a `flag` is the flag's argument if it is no flag itself. Of an `attached` string, all but the first two
  /// characters are secret.
  kind next(std::string_view element) {
    bool const is_flag = element.size() > 1 && element[0] == '-' && element[1] != ' ';
    bool const follows = std::exchange(expects_secret_, false) && !is_flag && !element.empty();
    char const sign = std::exchange(expects_sign_, '\0');
    bool const has_sign = sign != '\0' && !is_flag && element.find(sign) != element.npos;
    if (follows || has_sign) return kind::secret;
    if (!is_flag) {
      command_words word;
      word.read(element, element.size());
      commands_.add(word);
      return kind::plain;
    }
    if (commands_.has_user_flag() && (element == "-u" || element == "--user")) expects_sign_ = ':';
    if (commands_.has_user_flag() && element == "-b") expects_sign_ = '=';
    if (element[1] == '-') return element.find('=') == element.npos ? kind::flag : kind::plain;
    for (std::size_t i = 0; i < secret_flags.size(); ++i) {
      if (secret_flags[i].flag != element[1] || !commands_.has(i)) continue;
      if (secret_flags[i].is_attached && element.size() > 2) return kind::attached;
      if (!secret_flags[i].is_attached && element.size() == 2) expects_secret_ = true;
    }
    return element.size() > 2 ? kind::flag : kind::plain;
  }

 private:
  command_words commands_;
  bool expects_secret_ = false;
  char expects_sign_ = '\0';  ///< in a user with a password, or a cookie
};

}  // namespace fapilog::inline v0_1::detail::argument_detail
