// SPDX-License-Identifier: MIT
// The zstd component: a program with one file that includes this can compress the bodies of requests with zstd.
#pragma once

#include <fapilog/sinks/file/compressor.hpp>

#include <zstd.h>

#include <cstddef>
#include <new>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// Replaces the content of `to` by the text as one frame of zstd, with its size. Fast rather than small, because a sink waits
/// for it. Throws: std::bad_alloc.
inline void zstd_text(std::string_view text, std::string& to) {
  constexpr int fast = 1;
  to.resize(::ZSTD_compressBound(text.size()));
  std::size_t const size = ::ZSTD_compress(to.data(), to.size(), text.data(), text.size(), fast);
  if (::ZSTD_isError(size) != 0) throw std::bad_alloc{};  // nothing else can fail: the room is enough
  to.resize(size);
}

/// Registers zstd as the compressor of requests. `http.hpp`, `otlp.hpp` and `clickhouse.hpp` include this header if
/// FAPILOG_WITH_ZSTD is defined, as the CMake target `fapilog::zstd` does.
inline bool const zstd_is_registered = [] {
  linked_zstd_compressor.store_release([](std::string_view text, std::string& to) { zstd_text(text, to); });
  return true;
}();

}  // namespace fapilog::inline v0_1::detail
