// SPDX-License-Identifier: MIT
// Logs the example of docs/record-format.md into a lane without a worker, and compares its bytes with the page.
// usage: record_format_test PAGE
#include "support/lane_without_reader.hpp"

#include <fapilog/logger.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace fapilog::detail::record_format;
using fapilog::kv;
using fapilog::detail::read;

int failures = 0;

void check(bool truth, std::string const& what) {
  if (truth) return;
  ++failures;
  std::fprintf(stderr, "%s\n", what.c_str());
}

/// The bytes of the page: rows of an offset, two spaces, and bytes in hexadecimal or `..` for those that differ from run to
/// run.
std::vector<std::string> bytes_of(char const* path) {
  std::vector<std::string> bytes;
  std::ifstream page{path};
  for (std::string line; std::getline(page, line);) {
    if (line.find_first_not_of("0123456789abcdef") != 2 || line.compare(2, 2, "  ") != 0) continue;
    check(std::stoul(line, nullptr, 16) == bytes.size(), "the page has a wrong offset: " + line);
    for (std::size_t at = 4; at + 1 < line.size() && line[at] != ' '; at += 3)
      bytes.push_back(line.substr(at, 2));
  }
  return bytes;
}

std::string in_hexadecimal(std::byte value) {
  char text[3];
  std::snprintf(text, sizeof text, "%02x", std::to_integer<unsigned>(value));
  return text;
}

/// Removes the bytes by which the place of a call is longer than on the page from the record at `at`.
void shorten_place(std::vector<std::byte>& bytes, std::size_t at, std::size_t wider) {
  auto const where = bytes.begin() + static_cast<std::ptrdiff_t>(at + sizeof(log_start));
  bytes.erase(where, where + static_cast<std::ptrdiff_t>(wider));
}
void shorten_size(std::vector<std::byte>& bytes, std::size_t at, std::size_t wider) {
  auto head = read<record_head>(bytes.data() + at);
  head.size -= static_cast<std::uint32_t>(wider);
  std::memcpy(bytes.data() + at, &head, sizeof head);
}

void the_example_has_these_bytes(char const* page) {
  support::lane_without_reader lane{"billing"};
  {
    auto const scope = fapilog::scope(kv("tenant_id", "acme"));
    lane.log.warning("took {} ms", 350, kv("order", 1001), kv(fapilog::dynamic_key("path"), "/pay"));
    lane.log.warning("took {} ms", 350, kv("order", 1001), kv("path", "/pay"));
  }
  std::vector<std::byte> bytes(lane.queue().at(0), lane.queue().at(lane.queue().published()));
  constexpr std::size_t inner = sizeof(record_head) + sizeof(context_head);
  constexpr std::size_t wider = sizeof(fapilog::detail::call_site) - 8;
  constexpr std::size_t near_wider = sizeof(fapilog::detail::near_call_site) - 4;
  std::size_t const second = read<record_head>(bytes.data()).size;
  shorten_size(bytes, 0, wider);
  shorten_size(bytes, inner, wider);
  shorten_size(bytes, second, near_wider);
  shorten_place(bytes, second, near_wider);
  shorten_place(bytes, inner, wider);

  auto const wanted = bytes_of(page);
  check(wanted.size() == bytes.size(), "the page has " + std::to_string(wanted.size()) +
                                           " bytes, the records " + std::to_string(bytes.size()));
  for (std::size_t i = 0; i < wanted.size() && i < bytes.size(); ++i) {
    std::string const found = in_hexadecimal(bytes[i]);
    check(wanted[i] == ".." || wanted[i] == found,
          "byte " + std::to_string(i) + " is " + wanted[i] + " on the page, " + found + " in the record");
  }
}

void an_unchanged_scope_is_not_repeated() {
  support::lane_without_reader lane{"billing"};
  auto const scope = fapilog::scope(kv("tenant_id", "acme"));
  lane.log.info("first");
  auto const second = lane.queue().published();
  lane.log.info("second");
  check(read<record_head>(lane.queue().at(0)).type == record_type::context,
        "the first record of a scope is wrapped");
  check(read<record_head>(lane.queue().at(second)).type == record_type::log,
        "the second record of a scope is not wrapped");
}

void a_large_record_is_a_pointer() {
  support::lane_without_reader lane{"billing"};
  lane.log.info("begin");  // the lane's first record contains the scope, even an empty one
  auto const at = lane.queue().published();
  std::string const large(lane.queue().longest(), 'x');
  lane.log.info("large", kv("text", large));
  auto const outer = read<record_head>(lane.queue().at(at));
  check(outer.type == record_type::pointer && outer.size == 16,
        "a record longer than a lane carries is 16 bytes of type pointer");
  auto const* const block =
      static_cast<std::byte const*>(read<pointer_head>(lane.queue().at(at) + sizeof outer).block);
  auto const head = read<record_head>(block);
  check(head.type == record_type::log && head.size > large.size(),
        "the block begins with the head of a log record");
}

void sizes_are_as_written() {
  check(sizeof(record_head) == 8 && sizeof(log_start) == 32, "a log record starts with 8 and 24 bytes");
  check(sizeof(context_head) == 8 && sizeof(pointer_head) == 8, "a context or pointer head has eight bytes");
  bool const is_pointer = sizeof(fapilog::detail::call_site) == 8;
  check(sizeof(fapilog::detail::near_call_site) == (is_pointer ? 4 : 24), "a near place has 4 bytes");
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  std::uint16_t const one = 1;
  if (*reinterpret_cast<unsigned char const*>(&one) != 1 || sizeof(void*) != 8) {
    std::puts("skipped: the page shows the bytes of a 64-bit little-endian machine");
    return 77;
  }
  sizes_are_as_written();
  the_example_has_these_bytes(argv[1]);
  an_unchanged_scope_is_not_repeated();
  a_large_record_is_a_pointer();
  return failures == 0 ? 0 : 1;
}
