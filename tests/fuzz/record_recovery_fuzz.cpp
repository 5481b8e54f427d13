// SPDX-License-Identifier: MIT
// Fuzz target: any bytes as a record that a killed process left are refused with a reason or become a valid line.
#include "support/kept_records.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/kill_safe/literal_reader.hpp>
#include <fapilog/kill_safe/literal_store.hpp>
#include <fapilog/kill_safe/record_recovery.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace {

/// The literals of this program, as if another process had kept them.
struct kept_here {
  kept_here() {
    (void)fapilog::detail::literal_store{directory.path().string(), directory.path().string()}.keep(
        "any literal");
  }
  support::temporary_directory directory;
};

struct recovery {
  kept_here here;
  fapilog::detail::literal_reader literals{here.directory.path().string(), here.directory.path().string()};
  fapilog::detail::record_recovery records{literals};
  support::recovered_lines lines;
};

support::byte_vector whole_record() {
  using fapilog::kv;
  auto const scope = fapilog::scope(kv("tenant_id", "acme"));
  return support::kept_call("fuzz", [](fapilog::logger const& log) {
    auto const bound = log.with(kv("pool", 3));
    bound.info("{} {}", std::vector<int>{1, 2}, 2.5, kv("lasted", std::chrono::seconds{1}),
               kv("text", "some text"), kv("at", std::chrono::system_clock::time_point{}),
               kv("error", std::runtime_error("broken")));
    return bound;
  });
}

/// The bytes themselves, or a whole record with three of the bytes for each change: two for the place, one for the value.
support::byte_vector input_of(std::uint8_t const* data, std::size_t size) {
  static support::byte_vector const whole = whole_record();
  bool const is_change = size != 0 && data[0] % 2 != 0;
  if (!is_change) {
    auto const* const bytes = reinterpret_cast<std::byte const*>(data);
    return {bytes, bytes + size};
  }
  support::byte_vector changed = whole;
  for (std::size_t i = 1; i + 2 < size; i += 3)
    changed[(data[i] + std::size_t{256} * data[i + 1]) % changed.size()] =
        static_cast<std::byte>(data[i + 2]);
  return changed;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  static auto all = std::make_unique<recovery>();
  static int runs = 0;
  if (++runs % 10'000 == 0) all = std::make_unique<recovery>();  // it remembers names and call sites
  std::string why;
  auto found = all->records.read(input_of(data, size), why);
  if (!found && why.empty()) std::abort();
  if (found && !nlohmann::json::accept(all->lines.line_of(*std::move(found)))) std::abort();
  return 0;
}
