// SPDX-License-Identifier: MIT
// ASCII characters: classes, case, hexadecimal digits.
#include "support/catch.hpp"

#include <fapilog/detail/text/ascii.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace {

namespace detail = fapilog::detail;

std::string characters_where(bool (*holds)(char)) {
  std::string found;
  for (int i = 0; i < 256; ++i) {
    if (holds(static_cast<char>(i))) found.push_back(static_cast<char>(i));
  }
  return found;
}

}  // namespace

TEST_CASE("classifies ASCII characters and no others") {
  std::string const upper = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
  std::string const lower = "abcdefghijklmnopqrstuvwxyz";
  CHECK(characters_where([](char c) { return detail::is_ascii_upper(c); }) == upper);
  CHECK(characters_where([](char c) { return detail::is_ascii_lower(c); }) == lower);
  CHECK(characters_where([](char c) { return detail::is_ascii_digit(c); }) == "0123456789");
  CHECK(characters_where([](char c) { return detail::is_ascii_letter(c); }) == upper + lower);
  CHECK(characters_where([](char c) { return detail::is_ascii_alphanumeric(c); }) ==
        "0123456789" + upper + lower);
  CHECK(characters_where([](char c) { return detail::to_ascii_lower(c) != c; }) == upper);
  CHECK(characters_where([](char c) { return detail::to_ascii_upper(c) != c; }) == lower);
}

TEST_CASE("ignores the case of ASCII letters only") {
  CHECK(detail::equals_ignoring_case("ToKen", "tOkEN"));
  CHECK_FALSE(detail::equals_ignoring_case("token", "tokens"));
  CHECK_FALSE(detail::equals_ignoring_case("\xC3\x84", "\xC3\xA4"));
  CHECK_FALSE(detail::equals_ignoring_case("@", "`"));
}

TEST_CASE("writes hexadecimal digits that read back") {
  for (unsigned byte = 0; byte < 256; ++byte) {
    char text[2];
    CHECK(detail::put_hex(text, static_cast<std::uint8_t>(byte)) == text + 2);
    CHECK(detail::hex_value(text[0]) * 16 + detail::hex_value(text[1]) == static_cast<int>(byte));
  }
  char text[4];
  CHECK(detail::put_hex(text, 0x1FA0B, 4) == text + 4);
  CHECK(std::string_view(text, 4) == "fa0b");
  CHECK(detail::hex_value('F') == 15);
  CHECK(characters_where([](char c) { return detail::hex_value(c) >= 0; }) == "0123456789ABCDEFabcdef");
}
