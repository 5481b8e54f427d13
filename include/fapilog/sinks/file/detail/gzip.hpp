// SPDX-License-Identifier: MIT
// Compresses a finished file into a gzip file beside it, reads such a file, and compresses a string; needs zlib.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/sinks/file/compressor.hpp>
#include <fapilog/sinks/file/detail/leftovers.hpp>

#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail {

namespace gzip_detail {

[[noreturn]] inline void fail(std::string const& path, std::string const& what) {
  throw std::runtime_error("cannot compress '" + path + "', which stays uncompressed: " + what);
}

/// Reads `from` to its end and writes it compressed. Returns the number of bytes read.
inline std::size_t compress(file const& from, file const& to, std::string const& path, int effort) {
  constexpr std::size_t piece = std::size_t{64} * 1024;
  auto const input = std::make_unique<std::array<char, piece>>();
  auto const output = std::make_unique<std::array<char, piece>>();
  ::z_stream stream{};
  constexpr int gzip_window = 15 + 16;  // the largest window, and gzip's header and checksum
  if (::deflateInit2(&stream, effort, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
    fail(path, "zlib cannot be initialised");
  }
  std::unique_ptr<::z_stream, void (*)(::z_stream*)> const ended{&stream,
                                                                 [](::z_stream* s) { ::deflateEnd(s); }};
  std::size_t total = 0;
  for (int state = Z_OK; state != Z_STREAM_END;) {
    transfer const got = from.read(input->data(), input->size());
    if (got.error != 0) fail(path, "reading: " + errno_text(got.error));
    total += got.bytes;
    stream.next_in = reinterpret_cast<::Bytef*>(input->data());
    stream.avail_in = static_cast<::uInt>(got.bytes);
    do {
      stream.next_out = reinterpret_cast<::Bytef*>(output->data());
      stream.avail_out = static_cast<::uInt>(output->size());
      state = ::deflate(&stream, got.bytes == 0 ? Z_FINISH : Z_NO_FLUSH);
      if (state == Z_STREAM_ERROR) fail(path, "zlib reports an invalid state");
      transfer const put = to.write({output->data(), output->size() - stream.avail_out});
      if (put.error != 0) fail(path, "writing: " + errno_text(put.error));
    } while (stream.avail_out == 0);
  }
  return total;
}

}  // namespace gzip_detail

/// Replaces `path` by `path`.gz with the same permissions. The .gz appears complete or not at all, and is on disk before the
/// original is removed. Returns false and changes nothing if the file does not exist or is removed meanwhile, if it is empty
/// (a reserved name), or if another process compresses it, may still write to it (`file::lock_shared`), or writes to it.
/// `effort`: 1 (fast) to 9 (small).
/// Throws: std::runtime_error with file and reason, std::bad_alloc; the original is then unchanged and there is no .gz.
inline bool gzip_file(std::string const& path, int effort = 5) {
  using gzip_detail::fail;
  opened_file const original = open_file(path, open_for::read);
  if (original.error == ENOENT) return false;
  if (original.error != 0) fail(path, "opening it: " + errno_text(original.error));
  file_status const status = original.handle.status();
  if (status.type != file_type::regular) fail(path, std::string{"it is "} + file_type_name(status.type));
  if (status.size == 0) return false;
  // File systems without locks return other errors: the file is compressed without a lock.
  if (original.handle.lock_exclusive() == EWOULDBLOCK) return false;
  auto const is_unchanged = [&](std::uint64_t size) {
    file_status const now = original.handle.status();
    return now.links != 0 && now.size == size;
  };
  if (!is_unchanged(status.size)) return false;  // another process was faster

  std::string const unfinished = path + std::string{unfinished_suffix};
  opened_file const target = open_file(unfinished, open_for::append, status.mode);
  if (target.error != 0) fail(path, "creating '" + unfinished + "': " + errno_text(target.error));
  if (!lock_leftover(target.handle, unfinished)) return false;
  bool is_complete = false;
  try {
    if (int const error = target.handle.truncate(0); error != 0)
      fail(path, "emptying '" + unfinished + "': " + errno_text(error));
    std::size_t const size = gzip_detail::compress(original.handle, target.handle, path, effort);
    if (int const error = target.handle.sync(); error != 0) fail(path, "writing: " + errno_text(error));
    is_complete = is_unchanged(size);
    int const error = is_complete ? rename_file(unfinished, path + std::string{compressed_suffix}) : 0;
    if (error != 0) fail(path, "renaming '" + unfinished + "': " + errno_text(error));
  } catch (...) {
    (void)unlink_file(unfinished);
    throw;
  }
  if (!is_complete) {
    (void)unlink_file(unfinished);
    return false;
  }
  // Retention may have removed the original meanwhile, and its name may belong to another file.
  file_status const now = status_of(path);
  int error = now.error;
  if (error == 0 && !now.is_same_file(status)) return true;
  if (error == 0) error = unlink_file(path);
  if (error != 0 && error != ENOENT)
    throw std::runtime_error("'" + path + "' was compressed but could not be removed: " + errno_text(error));
  return true;
}

/// Replaces the content of `to` by the text in the gzip format. Fast rather than small, because a sink waits for it.
/// Throws: std::bad_alloc.
inline void gzip_text(std::string_view text, std::string& to) {
  constexpr int gzip_window = 15 + 16;
  ::z_stream stream{};
  if (::deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, gzip_window, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw std::bad_alloc{};
  std::unique_ptr<::z_stream, void (*)(::z_stream*)> const ended{&stream,
                                                                 [](::z_stream* s) { ::deflateEnd(s); }};
  to.resize(::deflateBound(&stream, number_cast<::uLong>(text.size())));
  stream.next_in = reinterpret_cast<::Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<::uInt>(text.size());
  stream.next_out = reinterpret_cast<::Bytef*>(to.data());
  stream.avail_out = static_cast<::uInt>(to.size());
  ::deflate(&stream, Z_FINISH);
  to.erase(number_cast<std::size_t>(stream.total_out));
}

/// Passes the content of the gzip file at `path` to `take`, piece by piece, until it returns false. Returns false if the file
/// does not exist. Throws: std::runtime_error with file and reason if it cannot be read or is damaged, std::bad_alloc, and what
/// `take` throws.
inline bool read_gzip_file(std::string const& path, std::function<bool(std::string_view)> const& take) {
  auto const fail_reading = [&path](std::string const& what) {
    throw std::runtime_error("cannot read '" + path + "': " + what);
  };
  opened_file const opened = open_file(path, open_for::read);
  if (opened.error == ENOENT) return false;
  if (opened.error != 0) fail_reading(errno_text(opened.error));
  if (opened.handle.status().type != file_type::regular) fail_reading("it is not a regular file");
  constexpr std::size_t piece = std::size_t{64} * 1024;
  auto const input = std::make_unique<std::array<char, piece>>();
  auto const output = std::make_unique<std::array<char, piece>>();
  ::z_stream stream{};
  constexpr int gzip_window = 15 + 16;
  if (::inflateInit2(&stream, gzip_window) != Z_OK) fail_reading("zlib cannot be initialised");
  std::unique_ptr<::z_stream, void (*)(::z_stream*)> const ended{&stream,
                                                                 [](::z_stream* s) { ::inflateEnd(s); }};
  for (int state = Z_OK; state != Z_STREAM_END;) {
    if (stream.avail_in == 0) {
      transfer const got = opened.handle.read(input->data(), input->size());
      if (got.error != 0) fail_reading(errno_text(got.error));
      if (got.bytes == 0) fail_reading("it is cut");
      stream.next_in = reinterpret_cast<::Bytef*>(input->data());
      stream.avail_in = static_cast<::uInt>(got.bytes);
    }
    stream.next_out = reinterpret_cast<::Bytef*>(output->data());
    stream.avail_out = static_cast<::uInt>(output->size());
    state = ::inflate(&stream, Z_NO_FLUSH);
    if (state != Z_OK && state != Z_STREAM_END && state != Z_BUF_ERROR) fail_reading("it is damaged");
    std::size_t const size = output->size() - stream.avail_out;
    if (size != 0 && !take({output->data(), size})) return true;
  }
  return true;
}

}  // namespace fapilog::inline v0_1::detail
