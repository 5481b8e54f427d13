// SPDX-License-Identifier: MIT
// The zlib component: a program with one file that includes this can compress rotated files and read compressed ones.
#pragma once

#include <fapilog/sinks/file/compressor.hpp>
#include <fapilog/sinks/file/detail/gzip.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// Registers zlib as the compressor and decompressor of rotated files and of requests. `rotating_file.hpp` includes this header if FAPILOG_WITH_ZLIB is
/// defined, as the CMake target `fapilog::zlib` does.
inline bool const zlib_is_registered = [] {
  linked_compressor.store_release([](std::string const& path) { return detail::gzip_file(path); });
  linked_text_compressor.store_release(
      [](std::string_view text, std::string& to) { detail::gzip_text(text, to); });
  linked_decompressor.store_release(
      [](std::string const& path, std::function<bool(std::string_view)> const& take) {
        return detail::read_gzip_file(path, take);
      });
  return true;
}();

}  // namespace fapilog::inline v0_1::detail
