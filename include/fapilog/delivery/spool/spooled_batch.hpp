// SPDX-License-Identifier: MIT
// Encodes a batch as the payload of a spool frame, and decodes it.
#pragma once

#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/event_codec.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Replaces the content of `out` by the encoded entries. Throws: std::bad_alloc.
inline void encode_batch(detail::text_buffer& out, batch const& entries) {
  out.clear();
  detail::event_encoder encoder{out};
  for (entry const& e : entries) encoder.put(e);
}
/// The same for the entries at these indices.
inline void encode_batch(detail::text_buffer& out, batch const& entries,
                         std::vector<std::uint32_t> const& indices) {
  out.clear();
  detail::event_encoder encoder{out};
  for (std::uint32_t const i : indices) encoder.put(entries[i]);
}

/// Returns a batch with its own memory, or an empty one if the payload is not valid. Throws: std::bad_alloc.
[[nodiscard]] inline batch decode_batch(std::string_view payload, std::size_t records,
                                        bool is_recovered = false) {
  auto storage = std::make_shared<batch_storage>();
  if (is_recovered) storage->mark_recovered();
  detail::event_decoder decoder{storage->memory().copy(payload), storage->memory()};
  if (records > payload.size() / event_decoder::smallest_entry) return {};
  storage->entries().reserve(records);
  for (std::size_t i = 0; i < records; ++i) {
    if (!decoder.next(storage->entries().emplace_back(storage->memory()))) return {};
  }
  if (!decoder.at_end()) return {};
  std::size_t lines = 0;
  for (entry const& e : storage->entries()) lines += e.json.size() + 1;
  char* to = storage->text().room(lines);
  for (entry& e : storage->entries()) {
    if (e.json.empty()) {
      e.json = {};
      continue;
    }
    std::string_view const line{to, e.json.size()};
    storage->text().append(e.json);
    storage->text().push_back('\n');
    e.json = line;
    to += line.size() + 1;
  }
  return batch{std::move(storage)};
}

}  // namespace fapilog::inline v0_1::detail
