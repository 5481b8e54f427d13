// SPDX-License-Identifier: MIT
// Copying up to the first character that JSON must escape, compared with a loop over single bytes.
#include "support/catch.hpp"

#include <fapilog/detail/text/copy_plain.hpp>
#include <fapilog/record/scalar.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

namespace detail = fapilog::detail;

namespace {

/// A string in memory of exactly its size, so that a sanitizer sees reads beyond it.
std::string copied(std::string const& text, std::size_t& count) {
  std::vector<char> const from(text.begin(), text.end());
  std::vector<char> out(text.size() + detail::block_bytes, '?');
  char* to = out.data();
  count = detail::copy_plain(to, from.data(), from.size());
  return {out.data(), to};
}

}  // namespace

TEST_CASE("copies strings of every length up to a special character at every position") {
  int wrong = 0;
  for (std::size_t size = 0; size <= 70; ++size) {
    for (std::size_t at = 0; at <= size; ++at) {
      for (char const special : {'"', '\\', '\x1f', '\0', '\x7f', '\x80', '\xff', '\n'}) {
        std::string text(size, 'a');
        if (at < size) text[at] = special;
        std::size_t count = 0;
        if (copied(text, count) != text.substr(0, at) || count != at) ++wrong;
      }
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("the portable check of eight and four bytes finds every special byte") {
  int wrong = 0;
  for (unsigned byte = 0; byte < 256; ++byte) {
    for (std::size_t at = 0; at < 8; ++at) {
      std::array<char, 8> text{'a', ' ', '~', '!', '#', '[', ']', '0'};
      text[at] = static_cast<char>(byte);
      bool const is_plain = detail::is_plain(text[at]);
      if ((detail::special_bytes(std::bit_cast<std::uint64_t>(text)) == 0) != is_plain) ++wrong;
      if (at >= 4) continue;
      std::uint32_t half = 0;
      std::memcpy(&half, text.data(), sizeof half);
      if ((detail::special_bytes(half) == 0) != is_plain) ++wrong;
    }
  }
  CHECK(wrong == 0);
}

TEST_CASE("copies a string of any length and writes nothing after it") {
  int wrong = 0;
  for (std::size_t size = 0; size <= 200; ++size) {
    std::vector<char> text(size);
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>('0' + i % 75);
    std::vector<std::byte> out(256, std::byte{0xEE});
    detail::put_bytes(out.data(), text.data(), size);
    for (std::size_t i = 0; i < out.size(); ++i) {
      if (out[i] != (i < size ? static_cast<std::byte>(text[i]) : std::byte{0xEE})) ++wrong;
    }
  }
  CHECK(wrong == 0);
}
