// SPDX-License-Identifier: MIT
// The compressors of rotated files and of requests, which the components zlib and zstd register in the programs that link them.
#pragma once

#include <fapilog/detail/compiler.hpp>
#include <fapilog/detail/memory/atomic.hpp>

#include <functional>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::detail {

/// Suffix of a compressed file.
inline constexpr std::string_view compressed_suffix = ".gz";
/// Suffix of a compressed file while it is written. Its writer holds a lock on it.
inline constexpr std::string_view unfinished_suffix = ".gz.tmp";

/// Replaces the file at `path` by a compressed `<path>.gz`. Returns false if there is nothing to compress, or if another
/// process uses the file. Throws std::runtime_error if it fails; the file is then unchanged.
using file_compressor = bool (*)(std::string const& path);

/// One variable for the whole program, so that `rotating_file` is the same type in files with and without the component.
/// Null: the program does not link one.
FAPILOG_DETAIL_SHARED inline constinit detail::atomic_word<file_compressor> linked_compressor{nullptr};

/// Passes the content of the compressed file at `path` to `take`, piece by piece, until it returns false. Returns false if the
/// file does not exist. Throws std::runtime_error if it cannot be read or is damaged, after the pieces before that.
using file_decompressor = bool (*)(std::string const& path,
                                   std::function<bool(std::string_view)> const& take);

/// Like `linked_compressor`.
FAPILOG_DETAIL_SHARED inline constinit detail::atomic_word<file_decompressor> linked_decompressor{nullptr};

/// Replaces the content of `to` by the compressed text. Throws: std::bad_alloc.
using text_compressor = void (*)(std::string_view text, std::string& to);

/// Like `linked_compressor`, for the bodies of requests: gzip.
FAPILOG_DETAIL_SHARED inline constinit detail::atomic_word<text_compressor> linked_text_compressor{nullptr};

/// The same for zstd, from the component `fapilog::zstd`.
FAPILOG_DETAIL_SHARED inline constinit detail::atomic_word<text_compressor> linked_zstd_compressor{nullptr};

/// True if the program links the zlib component (`fapilog::zlib`), so that `rotating_file` can compress. The component
/// registers itself during static initialisation, before main().
[[nodiscard]] inline bool can_compress() noexcept { return linked_compressor.load_acquire() != nullptr; }

}  // namespace fapilog::inline v0_1::detail
