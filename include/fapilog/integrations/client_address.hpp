// SPDX-License-Identifier: MIT
// The address of a client behind trusted proxies, from X-Forwarded-For or Forwarded, which clients can forge.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::integrations {

/// An IP address as 16 bytes; an IPv4 address is mapped (::ffff:a.b.c.d).
class ip_address {
 public:
  /// Reads an address without a port, in any form of RFC 4291 and as dotted decimals. Nothing for other text.
  [[nodiscard]] static std::optional<ip_address> parse(std::string_view text) {
    ip_address result;
    if (text.find(':') == std::string_view::npos) {
      result.bytes_[10] = result.bytes_[11] = 0xFF;
      return parse_dotted(text, &result.bytes_[12]) ? std::optional{result} : std::nullopt;
    }
    std::array<std::uint8_t, 16> tail{};  // what follows "::"
    std::size_t head_size = 0;
    std::size_t tail_size = 0;
    bool has_gap = false;
    if (text.starts_with("::")) {
      has_gap = true;
      text.remove_prefix(2);
    }
    while (!text.empty()) {
      std::string_view const group = text.substr(0, text.find(':'));
      auto& to = has_gap ? tail : result.bytes_;
      auto& size = has_gap ? tail_size : head_size;
      bool const is_last = group.size() == text.size();
      if (is_last && group.find('.') != std::string_view::npos) {
        if (head_size + tail_size > 12 || !parse_dotted(group, &to[size])) return std::nullopt;
        size += 4;
        break;
      }
      if (head_size + tail_size > 14 || !parse_group(group, &to[size])) return std::nullopt;
      size += 2;
      if (is_last) break;
      text.remove_prefix(group.size() + 1);
      if (text.starts_with(':')) {
        if (has_gap) return std::nullopt;
        has_gap = true;
        text.remove_prefix(1);
      } else if (text.empty()) {
        return std::nullopt;
      }
    }
    if (has_gap ? head_size + tail_size > 14 : head_size != 16) return std::nullopt;
    for (std::size_t i = 0; i < tail_size; ++i) result.bytes_[16 - tail_size + i] = tail[i];
    return result;
  }

  /// True if the first `bits` bits are those of the other address.
  [[nodiscard]] bool shares(ip_address const& other, unsigned bits) const noexcept {
    for (unsigned i = 0; i < bits; ++i) {
      unsigned const mask = 0x80U >> (i % 8);
      if ((bytes_[i / 8] & mask) != (other.bytes_[i / 8] & mask)) return false;
    }
    return true;
  }
  [[nodiscard]] bool is_v4() const noexcept {
    for (std::size_t i = 0; i < 10; ++i) {
      if (bytes_[i] != 0) return false;
    }
    return bytes_[10] == 0xFF && bytes_[11] == 0xFF;
  }

 private:
  static bool parse_dotted(std::string_view text, std::uint8_t* to) noexcept {
    for (int part = 0; part < 4; ++part) {
      std::string_view const number = text.substr(0, text.find('.'));
      if (number.empty() || number.size() > 3 || (number.size() > 1 && number[0] == '0')) return false;
      unsigned value = 0;
      for (char const c : number) {
        if (c < '0' || c > '9') return false;
        value = value * 10 + static_cast<unsigned>(c - '0');
      }
      if (value > 255) return false;
      to[part] = static_cast<std::uint8_t>(value);
      bool const is_last = number.size() == text.size();
      if (is_last != (part == 3)) return false;
      if (!is_last) text.remove_prefix(number.size() + 1);
    }
    return true;
  }
  static bool parse_group(std::string_view text, std::uint8_t* to) noexcept {
    if (text.empty() || text.size() > 4) return false;
    unsigned value = 0;
    for (char const c : text) {
      unsigned digit = 0;
      if (c >= '0' && c <= '9') digit = static_cast<unsigned>(c - '0');
      else if (c >= 'a' && c <= 'f') digit = static_cast<unsigned>(c - 'a') + 10;
      else if (c >= 'A' && c <= 'F') digit = static_cast<unsigned>(c - 'A') + 10;
      else return false;
      value = value * 16 + digit;
    }
    to[0] = static_cast<std::uint8_t>(value >> 8U);
    to[1] = static_cast<std::uint8_t>(value);
    return true;
  }

  std::array<std::uint8_t, 16> bytes_{};
};

/// Addresses of proxies whose headers are trusted: `10.0.0.0/8`, `fd00::/8`, `192.0.2.7`.
class trusted_proxies {
 public:
  trusted_proxies() = default;
  /// Throws: std::invalid_argument for text that is not an address or a CIDR range.
  explicit trusted_proxies(std::vector<std::string> const& ranges) {
    for (std::string const& text : ranges) {
      std::size_t const slash = text.find('/');
      auto const address = ip_address::parse(std::string_view{text}.substr(0, slash));
      unsigned const all = address && address->is_v4() ? 32 : 128;
      unsigned bits = all;
      bool is_valid = address.has_value();
      if (slash != std::string::npos) {
        std::string_view const number = std::string_view{text}.substr(slash + 1);
        bits = 0;
        is_valid = is_valid && !number.empty() && number.size() <= 3;
        for (char const c : number) {
          is_valid = is_valid && c >= '0' && c <= '9';
          bits = bits * 10 + static_cast<unsigned>(c - '0');
        }
        is_valid = is_valid && bits <= all;
      }
      if (!is_valid)
        throw std::invalid_argument("fapilog: trusted_proxies: \"" + text +
                                    "\" is not an address or a range such as 10.0.0.0/8");
      ranges_.push_back({*address, bits + (all == 32 ? 96 : 0)});
    }
  }

  [[nodiscard]] bool contain(ip_address const& address) const noexcept {
    for (auto const& [of, bits] : ranges_) {
      if (address.shares(of, bits)) return true;
    }
    return false;
  }

  /// The client of a request that came from `peer`. Each trusted proxy has added the address that it saw at the end of
  /// the header, so the list is read from the right, up to the first address that is not a trusted proxy. Anything
  /// further left may be forged. `forwarded` (RFC 7239) is used only without `x_forwarded_for`.
  [[nodiscard]] std::string client(std::string_view peer, std::string_view x_forwarded_for,
                                   std::string_view forwarded = {}) const {
    std::string_view best = peer;
    if (ranges_.empty()) return std::string{best};
    auto const seen = ip_address::parse(peer);
    if (!seen || !contain(*seen)) return std::string{best};
    bool const is_simple = !x_forwarded_for.empty();
    std::string_view rest = is_simple ? x_forwarded_for : forwarded;
    for (int hops = 0; !rest.empty() && hops < 64; ++hops) {
      std::size_t const comma = rest.rfind(',');
      std::string_view one = comma == std::string_view::npos ? rest : rest.substr(comma + 1);
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(0, comma);
      if (!is_simple) one = for_of(one);
      one = without_port(trimmed(one));
      auto const address = ip_address::parse(one);
      if (!address) break;
      best = one;
      if (!contain(*address)) break;
    }
    return std::string{best};
  }

 private:
  struct range {
    ip_address address;
    unsigned bits;
  };

  static std::string_view trimmed(std::string_view text) noexcept {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t' || text.front() == '"'))
      text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '"'))
      text.remove_suffix(1);
    return text;
  }
  static std::string_view without_port(std::string_view text) noexcept {
    if (text.starts_with('['))
      return text.substr(1, text.find(']') == std::string_view::npos ? 0 : text.find(']') - 1);
    std::size_t const colon = text.find(':');
    bool const has_port =
        colon != std::string_view::npos && text.find(':', colon + 1) == std::string_view::npos;
    return has_port ? text.substr(0, colon) : text;
  }
  /// The value of the parameter `for` of one element of Forwarded.
  static std::string_view for_of(std::string_view element) noexcept {
    while (!element.empty()) {
      std::string_view const pair = trimmed(element.substr(0, element.find(';')));
      if (pair.size() > 4 && (pair[0] | 32) == 'f' && (pair[1] | 32) == 'o' && (pair[2] | 32) == 'r' &&
          pair[3] == '=')
        return pair.substr(4);
      std::size_t const end = element.find(';');
      if (end == std::string_view::npos) break;
      element.remove_prefix(end + 1);
    }
    return {};
  }

  std::vector<range> ranges_;
};

}  // namespace fapilog::inline v0_1::integrations
