// SPDX-License-Identifier: MIT
// Logs the example of docs/record-format.md into a lane without a worker, and compares its bytes with the page.
// usage: record_format_test PAGE
#include <fapilog/logger.hpp>
#include <fapilog/queue/lane_channel.hpp>

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

/// Bytes of call_site beyond the eight of the page.
constexpr std::size_t wider = sizeof(fapilog::detail::call_site) - 8;

int failures = 0;

void check(bool truth, std::string const& what) {
  if (truth) return;
  ++failures;
  std::fprintf(stderr, "%s\n", what.c_str());
}

/// The rows of the page: an offset, two spaces, eight bytes in hexadecimal or `..` for those that differ from run to run.
std::vector<std::string> rows_of(char const* path) {
  std::vector<std::string> rows;
  std::ifstream page{path};
  for (std::string line; std::getline(page, line);) {
    constexpr std::size_t width = 4 + 8 * 3 - 1;
    if (line.size() < width || line.find_first_not_of("0123456789abcdef.  ") < width || line[2] != ' ' ||
        line[3] != ' ')
      continue;
    if (line.find_first_not_of("0123456789abcdef") == 2) rows.push_back(line.substr(0, width));
  }
  return rows;
}

std::string row_at(std::size_t offset, std::byte const* bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%02zx ", offset);
  std::string row = text;
  for (int i = 0; i < 8; ++i) {
    std::snprintf(text, sizeof text, " %02x", std::to_integer<unsigned>(bytes[i]));
    row += text;
  }
  return row;
}

bool matches(std::string const& wanted, std::string const& found) {
  if (wanted.size() != found.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i] != '.' && wanted[i] != found[i]) return false;
  }
  return true;
}

/// A logger whose records stay in the lane of this thread.
struct lane_without_reader {
  fapilog::detail::lane_channel* channel =
      fapilog::detail::lane_channel::make({.lane_bytes = 1 << 20, .max_record_bytes = 1 << 20});
  fapilog::logger log{new fapilog::detail::logger_core{*channel, channel->levels().acquire("billing"), {}}};

  lane_without_reader() = default;
  lane_without_reader(lane_without_reader const&) = delete;
  lane_without_reader& operator=(lane_without_reader const&) = delete;
  ~lane_without_reader() {
    log = {};
    channel->retired().end_of_worker();
    channel->drop_reference();
  }
  [[nodiscard]] fapilog::detail::ring const& queue() const { return channel->lanes().first()->queue; }
};

void the_example_has_these_bytes(char const* page) {
  lane_without_reader lane;
  {
    auto const scope = fapilog::scope(kv("tenant_id", "acme"));
    lane.log.warning("took {} ms", 350, kv("order", 1001), kv(fapilog::dynamic_key("path"), "/pay"));
  }
  std::size_t const size = lane.queue().published() - wider;
  std::vector<std::byte> bytes(lane.queue().at(0), lane.queue().at(0) + lane.queue().published());

  // The size with a call site of eight bytes.
  constexpr std::size_t inner = sizeof(record_head) + sizeof(context_head);
  for (std::size_t const at : {std::size_t{0}, inner}) {
    auto head = read<record_head>(bytes.data() + at);
    head.size -= static_cast<std::uint32_t>(wider);
    std::memcpy(bytes.data() + at, &head, sizeof head);
  }
  auto const where =
      bytes.begin() + static_cast<std::ptrdiff_t>(inner + sizeof(record_head) + offsetof(log_head, where));
  bytes.erase(where, where + static_cast<std::ptrdiff_t>(wider));

  auto const rows = rows_of(page);
  check(rows.size() * 8 == size,
        "the page has " + std::to_string(rows.size() * 8) + " bytes, the record " + std::to_string(size));
  for (std::size_t i = 0; i < rows.size() && (i + 1) * 8 <= size; ++i) {
    std::string const found = row_at(i * 8, bytes.data() + i * 8);
    check(matches(rows[i], found), "the page has  " + rows[i] + "\nthe record is " + found);
  }
}

void an_unchanged_scope_is_not_repeated() {
  lane_without_reader lane;
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
  lane_without_reader lane;
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
  check(sizeof(record_head) == 8 && sizeof(cell_head) == 8, "heads have eight bytes");
  check(sizeof(context_head) == 8 && sizeof(pointer_head) == 8, "a context or pointer head has eight bytes");
  check(sizeof(log_head) == 32 + wider, "a log head has 32 bytes where the call site has eight");
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
