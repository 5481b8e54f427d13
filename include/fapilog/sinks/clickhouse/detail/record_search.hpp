// SPDX-License-Identifier: MIT
// Finds records in the table of the ClickHouse sink by their ids.
#pragma once

#include <fapilog/detail/text/concat.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/uuid.hpp>
#include <fapilog/sinks/clickhouse/detail/server_query.hpp>
#include <fapilog/sinks/clickhouse/detail/table_check.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace fapilog::inline v0_1::detail::ch {

/// A condition on the time of these entries, which lets the server skip most of the table; empty if a column DateTime could not
/// hold them.
[[nodiscard, gnu::cold]] inline std::string time_condition(batch const& entries) {
  constexpr std::int64_t second = 1'000'000'000;
  constexpr std::int64_t last = (std::numeric_limits<std::uint32_t>::max)();
  auto const [low, high] =
      std::minmax_element(entries.begin(), entries.end(),
                          [](entry const& a, entry const& b) { return a.event.unix_ns < b.event.unix_ns; });
  std::int64_t const from = low->event.unix_ns / second - 1;
  std::int64_t const to = high->event.unix_ns / second + 1;
  if (from < 0 || to > last) return {};
  return concat({"\"timestamp\" >= toDateTime(", std::to_string(from), ") AND \"timestamp\" <= toDateTime(",
                 std::to_string(to), ") AND "});
}

/// True for each entry that is in the table. Throws: query_failure; std::bad_alloc.
[[nodiscard, gnu::cold]] inline std::vector<bool> find_records(query_function const& run,
                                                               std::string_view table, batch const& entries) {
  constexpr std::size_t ids_at_once = 4'000;  // a statement of 160 kB; the server's limit is 256 kB
  std::vector<bool> found(entries.size());
  for (std::size_t at = 0; at < entries.size(); at += ids_at_once) {
    batch const part = entries.from(at).up_to(ids_at_once);
    std::string sql =
        concat({"SELECT toString(\"id\") FROM ", table, " WHERE ", time_condition(part), "\"id\" IN ("});
    for (std::size_t i = 0; i < part.size(); ++i)
      append(sql, {i == 0 ? "'" : ", '", to_string(part[i].event.message_id), "'"});
    sql += ") FORMAT TabSeparated";
    std::unordered_set<std::string> ids;
    for (auto const& row : run(std::move(sql))) ids.insert(row.at(0));
    for (std::size_t i = 0; i < part.size(); ++i)
      found[at + i] = ids.contains(to_string(part[i].event.message_id));
  }
  return found;
}

}  // namespace fapilog::inline v0_1::detail::ch
