// SPDX-License-Identifier: MIT
// Encoding and decoding of UTF-8.
#include "support/catch.hpp"

#include <fapilog/detail/text/utf8.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace {

std::string encoded(std::uint32_t point) {
  char text[4];
  return {text, fapilog::detail::encode_utf8(text, point)};
}

}  // namespace

TEST_CASE("encodes a code point as UTF-8, and U+FFFD if it is none") {
  CHECK(encoded('a') == "a");
  CHECK(encoded(0x7F) == "\x7F");
  CHECK(encoded(0x80) == "\xC2\x80");
  CHECK(encoded(0x7FF) == "\xDF\xBF");
  CHECK(encoded(0x800) == "\xE0\xA0\x80");
  CHECK(encoded(0xFFFF) == "\xEF\xBF\xBF");
  CHECK(encoded(0x10000) == "\xF0\x90\x80\x80");
  CHECK(encoded(0x10FFFF) == "\xF4\x8F\xBF\xBF");
  for (std::uint32_t const none : {0xD800U, 0xDBFFU, 0xDC00U, 0xDFFFU, 0x110000U, 0xFFFFFFFFU}) {
    CHECK(encoded(none) == "\xEF\xBF\xBD");
  }
}

TEST_CASE("decodes every code point that it encodes") {
  std::uint32_t mismatches = 0;
  for (std::uint32_t point = 0; point <= 0x10FFFF; ++point) {
    if (point >= 0xD800 && point <= 0xDFFF) continue;
    std::string const text = encoded(point);
    auto const read = fapilog::detail::decode_utf8(text);
    if (!read.ok || read.value != point || read.size != text.size()) ++mismatches;
  }
  CHECK(mismatches == 0);
}

TEST_CASE(
    "ill-formed UTF-8 is recognised: overlong forms, surrogates, too large points, bytes that are missing") {
  for (std::string_view const text :
       {"\xC0\x80", "\xC1\xBF", "\xE0\x80\x80", "\xE0\x9F\xBF", "\xED\xA0\x80", "\xED\xBF\xBF",
        "\xF0\x80\x80\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "\x80",
        "\xC3", "\xE2\x82", "\xF0\x9F\x98"}) {
    CAPTURE(text);
    CHECK_FALSE(fapilog::detail::decode_utf8(text).ok);
    CHECK_FALSE(fapilog::detail::is_utf8(text));
    CHECK_FALSE(fapilog::detail::is_utf8("eight characters, and " + std::string{text}));
  }
}
