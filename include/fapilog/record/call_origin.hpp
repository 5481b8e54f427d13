// SPDX-License-Identifier: MIT
// Where a record comes from that another library logged: its time, logger, call site and thread, instead of those of the call.
#pragma once

#include <fapilog/record/field.hpp>

#include <cstdint>
#include <string_view>

namespace fapilog::inline v0_1 {

/// What a record has from elsewhere. A member with its default keeps what the call itself gives, except for the call site: it
/// is replaced as a whole, because that of the bridge is of no interest.
struct call_origin {
  std::int64_t unix_ns =
      0;  ///< time of the call, in nanoseconds since 1970-01-01 UTC; 0: the time of this call
  std::uint64_t thread_id = 0;       ///< as the operating system numbers threads; 0: this thread
  std::string_view logger = {};      ///< name of the logger; empty: the logger of this call
  std::string_view level_name = {};  ///< empty: the name of the level of this call
  std::string_view file = {};
  std::string_view function = {};
  std::uint32_t line = 0;
};

/// Makes a field of an origin, for bridges from other logging libraries: `log.info(runtime_text(text), from(origin))`. It
/// is not written as a member. The id of the record has the time of this call.
[[nodiscard]] inline field from(call_origin const& origin) noexcept {
  return field{detail::key_view{},
               [](value_writer& writer, detail::key_view no_key, void const* object) {
                 auto const& value = *static_cast<call_origin const*>(object);
                 auto const cell = writer.open(no_key, kind::object);
                 if (!cell.ok) return;
                 using detail::key_view;
                 writer.encode(key_view::literal("unix_ns"), value.unix_ns);
                 writer.encode(key_view::literal("thread_id"), value.thread_id);
                 writer.encode(key_view::literal("logger"), value.logger);
                 writer.encode(key_view::literal("level_name"), value.level_name);
                 writer.encode(key_view::literal("file"), value.file);
                 writer.encode(key_view::literal("function"), value.function);
                 writer.encode(key_view::literal("line"), value.line);
                 writer.close(cell);
               },
               &origin};
}

}  // namespace fapilog::inline v0_1
