// SPDX-License-Identifier: MIT
// Writes whole lines to standard output and the like on Windows, where each write to a console, pipe or file is whole.
#pragma once

#include <fapilog/detail/os/file.hpp>

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// What keeps the lines of several writers apart.
enum class stream_kind : std::uint8_t {
  whole,     ///< each write is whole
  messages,  ///< not on Windows
};
enum class stream_wait : std::uint8_t { as_opened, limited };

/// Writes pieces of whole lines. Windows cannot limit how long a write to a pipe waits: there is no timeout.
/// Thread: one at a time. Throws: never.
class shared_stream {
 public:
  shared_stream(int descriptor, int /*timeout_ms*/, stream_wait = stream_wait::as_opened) noexcept
      : descriptor_(descriptor) {}

  void set_descriptor(int descriptor) noexcept { descriptor_ = descriptor; }
  void examine() noexcept {}
  [[nodiscard]] stream_kind kind() const noexcept { return stream_kind::whole; }
  /// Number of bytes that are written together, if they are whole lines.
  [[nodiscard]] std::size_t max_piece() const noexcept { return std::size_t{1} << 30; }
  /// A result with fewer bytes has an error.
  [[nodiscard]] transfer write(std::string_view piece, bool /*is_rest*/ = false) noexcept {
    return write_all(descriptor_, piece, 0);
  }
  void release() noexcept {}

 private:
  int descriptor_;
};

/// Writes a line to standard error; false if it was not written. Thread: any.
[[gnu::cold]] inline bool write_to_standard_error(std::string_view line) noexcept {
  return write_all(2, line, 0).error == 0;
}

}  // namespace fapilog::inline v0_1::detail
