// SPDX-License-Identifier: MIT
// Files of Windows behind descriptors of the C library.
#pragma once

#include <fapilog/detail/os/file_types.hpp>
#include <fapilog/detail/os/platform.hpp>
#include <fapilog/detail/os/windows_text.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <io.h>

namespace fapilog::inline v0_1::detail {

namespace windows {

/// The handle behind a descriptor, or null.
[[nodiscard]] inline void* handle_of(int descriptor) noexcept {
  if (descriptor < 0) return nullptr;
  std::intptr_t const handle = ::_get_osfhandle(descriptor);
  return handle == -1 || handle == -2 ? nullptr : reinterpret_cast<void*>(handle);
}

/// An offset in the layout of OVERLAPPED.
struct position {
  std::uintptr_t internal[2] = {};
  std::uint32_t low = 0;
  std::uint32_t high = 0;
  void* event = nullptr;

  explicit position(std::uint64_t offset) noexcept
      : low(static_cast<std::uint32_t>(offset)), high(static_cast<std::uint32_t>(offset >> 32U)) {}
  [[nodiscard]] struct _OVERLAPPED* get() noexcept { return reinterpret_cast<struct _OVERLAPPED*>(this); }
};

/// BY_HANDLE_FILE_INFORMATION.
struct file_information {
  std::uint32_t attributes = 0;
  file_time created, accessed, written;
  std::uint32_t volume = 0;
  std::uint32_t size_high = 0, size_low = 0;
  std::uint32_t links = 0;
  std::uint32_t index_high = 0, index_low = 0;
};
/// FILE_STANDARD_INFO.
struct standard_information {
  std::int64_t allocated = 0, size = 0;
  std::uint32_t links = 0;
  unsigned char is_deleted = 0, is_directory = 0;
};

inline constexpr std::uint32_t is_directory = 0x10;
inline constexpr std::uint32_t is_reparse_point = 0x400;
inline constexpr std::uint32_t symlink_tag = 0xA000000C;
inline constexpr std::uint32_t mount_point_tag = 0xA0000003;
inline constexpr unsigned long share_all =
    7;  ///< others may read, write, rename and delete the file while it is open

[[nodiscard]] inline file_status status_of_handle(void* handle) noexcept {
  file_status status;
  file_information found;
  constexpr unsigned long disk = 1;
  constexpr unsigned long pipe = 3;
  if (handle == nullptr) {
    status.error = EBADF;
    return status;
  }
  if (unsigned long const type = GetFileType(handle); type != disk) {
    status.type = type == pipe ? file_type::fifo : file_type::device;
    return status;
  }
  if (GetFileInformationByHandle(handle, reinterpret_cast<struct _BY_HANDLE_FILE_INFORMATION*>(&found)) ==
      0) {
    status.error = last_error();
    return status;
  }
  static auto* const more =
      find<int __stdcall(void*, int, void*, unsigned long)>(L"kernel32.dll", "GetFileInformationByHandleEx");
  std::uint32_t attributes_and_tag[2] = {};
  constexpr int file_attribute_tag_info = 9;
  bool const is_link =
      (found.attributes & is_reparse_point) != 0 && more != nullptr &&
      more(handle, file_attribute_tag_info, attributes_and_tag, sizeof attributes_and_tag) != 0 &&
      (attributes_and_tag[1] == symlink_tag || attributes_and_tag[1] == mount_point_tag);
  status.type = is_link                                  ? file_type::symlink
                : (found.attributes & is_directory) != 0 ? file_type::directory
                                                         : file_type::regular;
  status.device = found.volume;
  status.inode = std::uint64_t{found.index_high} << 32U | found.index_low;
  status.links = found.links;
  status.size = std::uint64_t{found.size_high} << 32U | found.size_low;
  status.modified = found.written.unix_ns() / 1'000'000'000;
  standard_information standard;
  constexpr int file_standard_info = 1;
  // A deleted file keeps its name until it is closed.
  if (more != nullptr && more(handle, file_standard_info, &standard, sizeof standard) != 0 &&
      standard.is_deleted != 0)
    status.links = 0;
  return status;
}

/// Writes UTF-8 to a console, whatever its code page is.
[[nodiscard, gnu::cold]] inline transfer write_to_console(void* console, std::string_view text) noexcept {
  constexpr std::size_t max_bytes = 8'000;
  transfer result;
  while (result.bytes < text.size()) {
    std::string_view part = text.substr(result.bytes, max_bytes);
    // Not within a character.
    while (part.size() > max_bytes - 4 && result.bytes + part.size() < text.size() &&
           (static_cast<unsigned char>(text[result.bytes + part.size()]) & 0xC0U) == 0x80U)
      part.remove_suffix(1);
    wchar_t wide[max_bytes];
    int const size = MultiByteToWideChar(utf8, 0, part.data(), static_cast<int>(part.size()), wide,
                                         static_cast<int>(max_bytes));
    unsigned long written = 0;
    if (WriteConsoleW(console, wide, static_cast<unsigned long>(size), &written, nullptr) == 0)
      return {result.bytes, last_error()};
    result.bytes += part.size();
  }
  return result;
}

/// With an offset, there; without, where the handle says. At most 1 GiB per call.
[[nodiscard]] inline transfer write_to_handle(void* handle, std::string_view text, position* at) noexcept {
  unsigned long written = 0;
  auto const size = static_cast<unsigned long>((std::min)(text.size(), std::size_t{1} << 30));
  if (handle == nullptr) return {0, EBADF};
  if (WriteFile(handle, text.data(), size, &written, at == nullptr ? nullptr : at->get()) == 0)
    return {written, last_error()};
  return {written, written == 0 && size != 0 ? EIO : 0};
}

[[nodiscard]] inline transfer read_from_handle(void* handle, char* to, std::size_t size,
                                               position* at) noexcept {
  unsigned long got = 0;
  auto const wanted = static_cast<unsigned long>((std::min)(size, std::size_t{1} << 30));
  if (handle == nullptr) return {0, EBADF};
  if (ReadFile(handle, to, wanted, &got, at == nullptr ? nullptr : at->get()) != 0) return {got, 0};
  constexpr unsigned long end_of_file = 38;
  constexpr unsigned long broken_pipe = 109;
  unsigned long const error = GetLastError();
  return {got, error == end_of_file || error == broken_pipe ? 0 : errno_of(error)};
}

}  // namespace windows

/// True if the descriptor is a console. Makes it understand escape sequences (Windows 10 of 2016 and newer).
[[nodiscard]] inline bool is_terminal(int descriptor) noexcept {
  void* const handle = windows::handle_of(descriptor);
  unsigned long mode = 0;
  if (handle == nullptr || windows::GetConsoleMode(handle, &mode) == 0) return false;
  constexpr unsigned long processed_output = 1;
  constexpr unsigned long virtual_terminal = 4;
  (void)windows::SetConsoleMode(handle, mode | processed_output | virtual_terminal);
  return true;
}

/// Writes the whole text, without translating line ends. Waits for the reader of a full pipe whatever `timeout_ms` says.
[[nodiscard]] inline transfer write_all(int descriptor, std::string_view text, int /*timeout_ms*/) noexcept {
  void* const handle = windows::handle_of(descriptor);
  unsigned long mode = 0;
  if (handle != nullptr && windows::GetConsoleMode(handle, &mode) != 0)
    return windows::write_to_console(handle, text);
  transfer result;
  while (result.bytes < text.size()) {
    transfer const part = windows::write_to_handle(handle, text.substr(result.bytes), nullptr);
    result.bytes += part.bytes;
    if (part.error != 0) return {result.bytes, part.error};
  }
  return result;
}

/// Windows raises no signal for a pipe without a reader.
class sigpipe_guard {
 public:
  sigpipe_guard() noexcept {}  // NOLINT: not trivial, so that no compiler calls it unused
  void note(int) noexcept {}
};

[[nodiscard]] inline transfer write_all_to_stream(int descriptor, std::string_view text,
                                                  int timeout_ms) noexcept {
  return write_all(descriptor, text, timeout_ms);
}

/// Owns a file descriptor. Thread: one.
class file {
 public:
  file() noexcept = default;
  explicit file(int descriptor) noexcept : descriptor_(descriptor) {}
  file(file&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  file& operator=(file&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~file() { close(); }

  [[nodiscard]] bool is_open() const noexcept { return descriptor_ >= 0; }
  [[nodiscard]] int descriptor() const noexcept { return descriptor_; }
  void close() noexcept {
    if (descriptor_ >= 0) (void)::_close(descriptor_);
    descriptor_ = -1;
  }
  /// Releases the descriptor without closing it, because it belongs to other code.
  void forget() noexcept { descriptor_ = -1; }

  [[nodiscard]] transfer write(std::string_view text) const noexcept {
    return write_all(descriptor_, text, 0);
  }
  /// Reads up to `size` bytes; 0 bytes without an error is the end of the file.
  [[nodiscard]] transfer read(char* to, std::size_t size) const noexcept {
    return windows::read_from_handle(handle(), to, size, nullptr);
  }
  /// Returns the byte at this offset, or -1.
  [[nodiscard]] int byte_at(std::uint64_t offset) const noexcept {
    char byte = 0;
    return read_at(offset, &byte, 1).bytes == 1 ? static_cast<unsigned char>(byte) : -1;
  }
  /// Unknown: Windows does not show a part of a write, so nobody needs it.
  [[nodiscard]] std::int64_t end_of_write() const noexcept { return -1; }
  /// Windows does not show a part of a write.
  void wait_for_writer() const noexcept {}
  /// Reads `size` bytes at this offset; fewer only at the end of the file or after an error.
  [[nodiscard]] transfer read_at(std::uint64_t offset, char* to, std::size_t size) const noexcept {
    transfer result;
    while (result.bytes < size) {
      windows::position at{offset + result.bytes};
      transfer const part = windows::read_from_handle(handle(), to + result.bytes, size - result.bytes, &at);
      result.bytes += part.bytes;
      if (part.error != 0) return {result.bytes, part.error};
      if (part.bytes == 0) break;
    }
    return result;
  }
  /// Writes the whole text at this offset.
  [[nodiscard]] transfer write_at(std::uint64_t offset, std::string_view text) const noexcept {
    transfer result;
    while (result.bytes < text.size()) {
      windows::position at{offset + result.bytes};
      transfer const part = windows::write_to_handle(handle(), text.substr(result.bytes), &at);
      result.bytes += part.bytes;
      if (part.error != 0) return {result.bytes, part.error};
    }
    return result;
  }
  [[nodiscard]] file_status status() const noexcept { return windows::status_of_handle(handle()); }
  [[nodiscard]] int truncate(std::uint64_t size) const noexcept {
    constexpr unsigned long write_data = 2;
    // A handle for appending must not set the end, so through another one.
    void* const other = windows::ReOpenFile(handle(), write_data, windows::share_all, 0);
    if (other == reinterpret_cast<void*>(std::intptr_t{-1})) return windows::last_error();
    long high = static_cast<long>(size >> 32U);
    (void)windows::SetFilePointer(other, static_cast<long>(size & 0xFFFFFFFFU), &high, 0);
    int const error = windows::result_of(windows::SetEndOfFile(other));
    (void)windows::CloseHandle(other);
    return error;
  }
  /// Sets the time of the last change to now.
  [[nodiscard]] int touch() const noexcept {
    windows::file_time now;
    windows::GetSystemTimePreciseAsFileTime(reinterpret_cast<struct _FILETIME*>(&now));
    return windows::result_of(
        windows::SetFileTime(handle(), nullptr, nullptr, reinterpret_cast<struct _FILETIME const*>(&now)));
  }
  /// Waits until the content is on disk.
  [[nodiscard]] int sync() const noexcept { return windows::result_of(windows::FlushFileBuffers(handle())); }
  /// Advisory lock of the whole file until it is closed: of a byte behind all content, because locks of Windows are mandatory.
  /// Returns EWOULDBLOCK if a conflicting lock is held.
  [[nodiscard]] int lock_shared() const noexcept { return lock(0); }
  [[nodiscard]] int lock_exclusive() const noexcept { return lock(2); }

 private:
  [[nodiscard]] void* handle() const noexcept { return windows::handle_of(descriptor_); }
  [[nodiscard]] int lock(unsigned long exclusive) const noexcept {
    constexpr unsigned long at_once = 1;
    windows::position behind{std::uint64_t{1} << 62U};
    return windows::result_of(windows::LockFileEx(handle(), at_once | exclusive, 0, 1, 0, behind.get()));
  }

  int descriptor_ = -1;
};

struct opened_file {
  file handle;
  int error = 0;
};

/// Opens a file that child processes do not inherit and that others may rename or delete meanwhile. Does not follow a symbolic
/// link, except with `follow`. New files get the permissions of their directory. The caller must check `status().type`.
[[nodiscard]] inline opened_file open_file(std::string const& path, open_for purpose,
                                           unsigned /*mode*/ = 0600) {
  constexpr unsigned long read = 0x80000000UL;
  constexpr unsigned long write = 0x40000000UL;
  constexpr unsigned long append =
      0x0004 | 0x0001 | 0x0100 | 0x0080 | 0x100000;  // data at the end; attributes; locks
  constexpr unsigned long create_new = 1, create_always = 2, open_existing = 3, open_always = 4;
  constexpr unsigned long backup_semantics = 0x02000000, reparse_point = 0x00200000, normal = 0x80;
  unsigned long access = read | write;
  unsigned long how = open_existing;
  switch (purpose) {
    case open_for::read:
    case open_for::follow: access = read; break;
    case open_for::create:
      access = write;
      how = create_new;
      break;
    case open_for::replace:
      access = write;
      how = create_always;
      break;
    case open_for::update: break;
    case open_for::make: how = create_new; break;
    case open_for::append:
      access = append;
      how = open_always;
      break;
  }
  unsigned long const flags =
      normal | backup_semantics | (purpose == open_for::follow || how == create_always ? 0 : reparse_point);
  void* const handle = windows::CreateFileW(windows::wide_path(path).c_str(), access, windows::share_all,
                                            nullptr, how, flags, nullptr);
  if (handle == reinterpret_cast<void*>(std::intptr_t{-1})) return {{}, windows::last_error()};
  int const descriptor =
      ::_open_osfhandle(reinterpret_cast<std::intptr_t>(handle),
                        _O_BINARY | _O_NOINHERIT | (purpose == open_for::append ? _O_APPEND : 0));
  if (descriptor >= 0) return {file{descriptor}, 0};
  (void)windows::CloseHandle(handle);
  return {{}, EMFILE};
}

}  // namespace fapilog::inline v0_1::detail
