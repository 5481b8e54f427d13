// SPDX-License-Identifier: MIT
// Names and directories of Windows.
#pragma once

#include <fapilog/detail/os/windows_file.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail {

namespace windows {

/// WIN32_FIND_DATAW.
struct found_name {
  std::uint32_t attributes = 0;
  file_time times[3];
  std::uint32_t sizes[4] = {};
  wchar_t name[260] = {};
  wchar_t short_name[14] = {};
  std::uint32_t unused[3] = {};
};

/// Opens a name of any type, to ask for its status.
[[nodiscard]] inline void* open_name(std::string const& path) {
  constexpr unsigned long read_attributes = 0x80;
  constexpr unsigned long open_existing = 3;
  constexpr unsigned long directories_and_links = 0x02200000;
  void* const handle = CreateFileW(wide_path(path).c_str(), read_attributes, share_all, nullptr,
                                   open_existing, directories_and_links, nullptr);
  return handle == reinterpret_cast<void*>(std::intptr_t{-1}) ? nullptr : handle;
}

}  // namespace windows

/// Returns the status of the file with this name; of a symbolic link itself, not its target.
[[nodiscard]] inline file_status status_of(std::string const& path) {
  void* const handle = windows::open_name(path);
  if (handle == nullptr) {
    file_status none;
    none.error = windows::last_error();
    return none;
  }
  file_status const status = windows::status_of_handle(handle);
  (void)windows::CloseHandle(handle);
  return status;
}

/// Renames a file and replaces an existing one. EBUSY if another program has one of them open and forbids that.
[[nodiscard]] inline int rename_file(std::string const& from, std::string const& to) {
  constexpr unsigned long replace_existing = 1;
  return windows::result_of(windows::MoveFileExW(windows::wide_path(from).c_str(),
                                                 windows::wide_path(to).c_str(), replace_existing));
}
[[nodiscard]] inline int unlink_file(std::string const& path) {
  return windows::result_of(windows::DeleteFileW(windows::wide_path(path).c_str()));
}

/// Creates the directory and its parents if they do not exist.
[[nodiscard]] inline int make_directories(std::string const& path) {
  std::size_t const drive = drive_length(path);
  for (std::size_t end = drive; end < path.size();) {
    end = path.find_first_of(path_separators, end + 1);
    if (end == std::string::npos) end = path.size();
    std::string const part = path.substr(0, end);
    if (windows::CreateDirectoryW(windows::wide_path(part).c_str(), nullptr) != 0) continue;
    int const error = windows::last_error();
    unsigned long const attributes = windows::GetFileAttributesW(windows::wide_path(part).c_str());
    constexpr unsigned long none = 0xFFFFFFFFUL;
    bool const is_last = end == path.size();
    if (attributes == none && !is_last) continue;  // the name of a server, or one that may not be read
    if (attributes == none) return error;
    if ((attributes & windows::is_directory) == 0) return ENOTDIR;
  }
  return 0;
}

/// NTFS writes changed names to its journal by itself.
[[nodiscard]] inline int sync_directory(std::string const&) { return 0; }

/// Lists the names in a directory that begin with `prefix`, in no particular order.
[[nodiscard, gnu::cold]] inline directory_listing list_directory(std::string const& path,
                                                                 std::string_view prefix) {
  directory_listing result;
  windows::found_name found;
  auto* const data = reinterpret_cast<struct _WIN32_FIND_DATAW*>(&found);
  void* const search = windows::FindFirstFileW(windows::wide_path(path + "/*").c_str(), data);
  if (search == reinterpret_cast<void*>(std::intptr_t{-1})) {
    result.error = windows::last_error();
    return result;
  }
  struct closer {
    void* search;
    ~closer() { (void)windows::FindClose(search); }
  } const at_end{search};
  do {
    std::string name = windows::narrow(found.name);
    if (std::string_view{name}.substr(0, prefix.size()) == prefix) result.names.push_back(std::move(name));
  } while (windows::FindNextFileW(search, data) != 0);
  return result;
}

/// False: Windows does not report it.
[[nodiscard]] constexpr bool is_stale(int) noexcept { return false; }

/// A longer path is refused by the system.
inline constexpr std::size_t max_path_bytes = 32'767;

/// Returns the path of the working directory, or an empty string. Throws: std::bad_alloc.
[[nodiscard]] inline std::string working_directory() {
  std::wstring path(1024, L'\0');
  unsigned long const size =
      windows::GetFullPathNameW(L".", static_cast<unsigned long>(path.size()), path.data(), nullptr);
  if (size == 0 || size >= path.size()) return {};
  path.resize(size);
  return windows::narrow(path);
}

/// A lock of a directory until destruction: a mutex that is named after it. Waits briefly for another process: one that is
/// stopped while it holds the lock must not stop the others. Thread: one.
class directory_lock {
 public:
  explicit directory_lock(std::string const& path) {
    file_status const status = status_of(path);
    if (status.type != file_type::directory) return;
    std::string const name =
        R"(Global\fapilog-)" + std::to_string(status.device) + '-' + std::to_string(status.inode);
    mutex_ = windows::CreateMutexW(nullptr, 0, windows::wide(name).c_str());
    if (mutex_ == nullptr) return;
    constexpr unsigned long max_wait_ms = 20;
    constexpr unsigned long abandoned = 0x80;
    unsigned long const result = windows::WaitForSingleObject(mutex_, max_wait_ms);
    is_held_ = result == 0 || result == abandoned;
  }
  directory_lock(directory_lock const&) = delete;
  directory_lock& operator=(directory_lock const&) = delete;
  ~directory_lock() {
    if (is_held_) (void)windows::ReleaseMutex(mutex_);
    if (mutex_ != nullptr) (void)windows::CloseHandle(mutex_);
  }

  /// False if another process holds it, or if the directory is not readable.
  [[nodiscard]] bool is_held() const noexcept { return is_held_; }

 private:
  void* mutex_ = nullptr;
  bool is_held_ = false;
};

}  // namespace fapilog::inline v0_1::detail
