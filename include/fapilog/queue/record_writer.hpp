// SPDX-License-Identifier: MIT
// Encodes one log call as a log record.
#pragma once

#include <fapilog/detail/os/cancellation.hpp>
#include <fapilog/queue/channel.hpp>
#include <fapilog/record/cell_view.hpp>
#include <fapilog/record/field_cells.hpp>
#include <fapilog/record/record.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace fapilog::inline v0_1::detail {

/// What one record contains. A message that is not a literal is the first item.
struct record_content {
  explicit record_content(call const& c) noexcept
      : logger(c.logger),
        what(c.what),
        text(static_cast<char const*>(c.text)),
        where(c.where),
        items(c.items + 1),
        count(c.count) {
    if (what.has(detail::record_format::text_is_cell))
      put_text_first(*c.items, *static_cast<std::string_view const*>(c.text));
  }

  /// Puts the literal into the record instead of its address. `first`: the unused element in front of the items.
  void copy_text(field& first) noexcept {
    put_text_first(first, text);
    what = what.with_flag(detail::record_format::text_is_cell);
  }

  /// Puts into the record what another process could not read at its address: the keys for which `keeps(char const*)` is false, and
  /// the message, unless `keeps.has_text`. `given`: the call.
  template <class Keeps>
  void copy_lost(call const& given, Keeps const& keeps) noexcept {
    for (std::size_t i = 1; i <= given.count; ++i) {
      key_view const name = given.items[i].name();
      if (name.flags == record_format::key_is_literal && !keeps(name.text))
        field_copy::copy_key(given.items[i]);
    }
    if (!keeps.has_text) copy_text(*given.items);
  }

  logger_core& logger;
  statement what;
  char const* text;
  detail::call_site where;
  field const* items;
  std::size_t count;

 private:
  void put_text_first(field& first, std::string_view message) noexcept {
    field_copy::assign(first, field::argument(message));
    text = nullptr;
    items = &first;
    ++count;
  }
};

/// Size of the encoded cell at `cell`.
[[nodiscard]] inline std::size_t encoded_size(std::byte const* cell) noexcept {
  return static_cast<std::size_t>(cell_view{cell}.end() - cell);
}

/// Writes the start of a record and returns where its cells go. `where` is a `call_site` or a `near_call_site`. `ticks` is a number,
/// or a function that returns it: called last, because what reads the processor's counter needs registers.
template <class Site, class Ticks>
[[gnu::always_inline]] inline std::byte* put_log_start(std::byte* to, logger_core& logger,
                                                       detail::record_format::record_head head,
                                                       void const* text, Site where,
                                                       Ticks const& ticks) noexcept {
  std::byte* const ticks_at = put(to, head);
  to = put(put(ticks_at + sizeof(std::uint64_t), static_cast<char const*>(text)), &logger);
  to = put(to, where);
  if constexpr (std::is_invocable_v<Ticks const&>) put(ticks_at, std::uint64_t{ticks()});
  else put(ticks_at, ticks);
  return to;
}
inline std::byte* put_log_start(std::byte* to, record_content const& c, std::uint64_t ticks, std::size_t size,
                                bool is_clipped) noexcept {
  unsigned const clipped = is_clipped ? detail::record_format::is_clipped : 0U;
  auto const head = c.what.head(static_cast<std::uint32_t>(size),
                                static_cast<std::uint8_t>(detail::record_format::where_is_far | clipped));
  return put_log_start(to, c.logger, head, c.text, c.where, ticks);
}

/// Encodes the deferred values of a call into `scratch` and returns the size of the whole record, or 0 without memory.
/// Sets `is_clipped` if a value was cut to stay within a limit. A deferred value runs the user's code, which may log;
/// its record then uses the scratch behind this one's. The thread is not cancelled meanwhile.
inline std::size_t encode_deferred(record_content const& c, byte_buffer& scratch, bool& is_clipped) noexcept {
  std::size_t size = detail::record_format::far_start_bytes;
  cancellation_guard guard;
  for (std::size_t i = 0; i < c.count; ++i) {
    field const& f = c.items[i];
    if (f.type() != kind::deferred) [[likely]] {
      size += cell_bytes(f);
      continue;
    }
    guard.begin();
    std::size_t const before = scratch.size();
    is_clipped |= append_guarded(scratch, f, before + c.logger.owner.max_record_bytes());
    if (scratch.size() == before) {  // nothing fitted: null keeps the item's place
      is_clipped = true;
      if (!append_null(scratch, f)) return 0;
    }
    size += scratch.size() - before;
  }
  return size;
}

/// Writes a whole log record. `encoded` has its deferred values.
inline void put_record(std::byte* to, record_content const& c, std::uint64_t ticks, std::size_t size,
                       std::byte const* encoded, bool is_clipped) noexcept {
  to = put_log_start(to, c, ticks, size, is_clipped);
  for (std::size_t i = 0; i < c.count; ++i) {
    if (c.items[i].type() != kind::deferred) [[likely]] {
      to = put_field(to, c.items[i]);
      continue;
    }
    std::size_t const bytes = encoded_size(encoded);
    std::memcpy(to, encoded, bytes);
    to += bytes;
    encoded += bytes;
  }
}

}  // namespace fapilog::inline v0_1::detail
