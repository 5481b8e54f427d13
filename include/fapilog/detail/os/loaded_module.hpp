// SPDX-License-Identifier: MIT
// The program or shared library that contains an address, with what identifies its build.
#pragma once

#include <fapilog/detail/memory/vector.hpp>
#include <fapilog/detail/os/segment_type.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/text/ascii.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <string>
#include <string_view>

#if defined(__ELF__)
#include <link.h>
#endif
#if !FAPILOG_DETAIL_WINDOWS
#include <dlfcn.h>
#endif

namespace fapilog::inline v0_1::detail {

struct loaded_module {
  /// A part of the file that is loaded.
  struct segment {
    std::uintptr_t offset = 0;  ///< from `base`
    std::size_t size = 0;       ///< in the file
    bool is_code = false;
    bool is_writable = false;
  };

  std::string path;           ///< empty: no module contains the address
  std::uintptr_t offset = 0;  ///< of the address, as addr2line(1) takes it
  std::string build_id;       ///< in hexadecimal; empty if the linker wrote none
  std::uintptr_t base = 0;    ///< what the loader added to the addresses in the file
  vector<segment> segments;
};

/// Copies memory of a module. No sanitizer checks it: it reads between literals, and variables that other threads may change.
[[gnu::no_sanitize_address, gnu::no_sanitize_thread, gnu::noinline]] inline void copy_module_memory(
    char* to, std::uintptr_t from, std::size_t size) noexcept {
  // Volatile, so that the compiler does not call memcpy, which the sanitizer checks.
  auto const* const source = reinterpret_cast<char const volatile*>(from);
  std::size_t i = 0;
  for (; i < size && (from + i) % sizeof(std::uint64_t) != 0; ++i) to[i] = source[i];
  for (; i + sizeof(std::uint64_t) <= size; i += sizeof(std::uint64_t)) {
    std::uint64_t const word =
        *static_cast<std::uint64_t const volatile*>(static_cast<void const volatile*>(source + i));
    std::memcpy(to + i, &word, sizeof word);
  }
  for (; i < size; ++i) to[i] = source[i];
}

#if defined(__ELF__)

/// Throws: std::bad_alloc.
[[gnu::cold]] inline void read_module(::dl_phdr_info const& module, std::uintptr_t address,
                                      loaded_module& found) {
  found.path = module.dlpi_name;
  found.offset = address - module.dlpi_addr;
  found.base = module.dlpi_addr;
  for (int i = 0; i < module.dlpi_phnum; ++i) {
    auto const& part = module.dlpi_phdr[i];
    if (segment_type(part) == PT_LOAD && (part.p_flags & PF_R) != 0) {
      found.segments.push_back(
          {part.p_vaddr, part.p_filesz, (part.p_flags & PF_X) != 0, (part.p_flags & PF_W) != 0});
    }
    if (segment_type(part) != PT_NOTE) continue;
    auto const* at = reinterpret_cast<char const*>(module.dlpi_addr + part.p_vaddr);
    char const* const end = at + part.p_memsz;
    constexpr auto padded = [](std::size_t bytes) { return (bytes + 3) / 4 * 4; };
    while (at + sizeof(ElfW(Nhdr)) <= end) {
      ElfW(Nhdr) head;
      std::memcpy(&head, at, sizeof head);
      char const* const name = at + sizeof head;
      char const* const content = name + padded(head.n_namesz);
      if (head.n_type == NT_GNU_BUILD_ID && head.n_namesz == 4 && std::memcmp(name, "GNU", 4) == 0) {
        for (std::size_t byte = 0; byte < head.n_descsz; ++byte) {
          char hex[2];
          (void)put_hex(hex, static_cast<std::uint8_t>(content[byte]));
          found.build_id.append(hex, 2);
        }
      }
      at = content + padded(head.n_descsz);
    }
  }
}

/// Throws: std::bad_alloc.
[[nodiscard, gnu::cold]] inline loaded_module module_of(std::uintptr_t address) {
  struct search {
    std::uintptr_t address;
    loaded_module found;
    bool has_no_memory = false;
  };
  constexpr auto visit = [](::dl_phdr_info* module, std::size_t, void* to) {
    auto& wanted = *static_cast<search*>(to);
    bool contains = false;
    for (int i = 0; i < module->dlpi_phnum; ++i) {
      auto const& part = module->dlpi_phdr[i];
      std::uintptr_t const begin = module->dlpi_addr + part.p_vaddr;
      contains |=
          segment_type(part) == PT_LOAD && wanted.address >= begin && wanted.address < begin + part.p_memsz;
    }
    if (!contains) return 0;
    // No exception may leave: to pass it on, the C library needs memory, without which it ends the process.
    try {
      read_module(*module, wanted.address, wanted.found);
    } catch (std::bad_alloc const&) {
      wanted.has_no_memory = true;
    }
    return 1;
  };
  search wanted{address, {}};
  int const is_found = ::dl_iterate_phdr(visit, &wanted);
  if (wanted.has_no_memory) throw std::bad_alloc{};
  if (is_found != 0 && wanted.found.path.empty()) {
    wanted.found.path = program_path();
    ::Dl_info info{};
    // Without a path of the program: as it was started.
    bool const is_named = wanted.found.path.empty() &&
                          ::dladdr(reinterpret_cast<void*>(address), &info) != 0 && info.dli_fname != nullptr;
    if (is_named) wanted.found.path = info.dli_fname;
    if (wanted.found.path.empty()) wanted.found.path = "program";
  }
  return wanted.found;
}

#elif FAPILOG_DETAIL_WINDOWS

/// Throws: std::bad_alloc.
[[nodiscard, gnu::cold]] inline loaded_module module_of(std::uintptr_t address) {
  loaded_module found;
  constexpr unsigned long from_address_unowned = 6;
  struct HINSTANCE__* module = nullptr;
  if (windows::GetModuleHandleExW(from_address_unowned, reinterpret_cast<wchar_t const*>(address), &module) ==
      0)
    return found;
  std::wstring path(1024, L'\0');
  path.resize(windows::GetModuleFileNameW(module, path.data(), static_cast<unsigned long>(path.size())));
  found.path = windows::narrow(path);
  found.base = reinterpret_cast<std::uintptr_t>(module);
  found.offset = address - found.base;
  return found;
}

#else

/// POSIX knows neither the segments nor the build id. Throws: std::bad_alloc.
[[nodiscard, gnu::cold]] inline loaded_module module_of(std::uintptr_t address) {
  loaded_module found;
  ::Dl_info info{};
  if (::dladdr(reinterpret_cast<void*>(address), &info) == 0 || info.dli_fname == nullptr) return found;
  found.path = info.dli_fname;
  found.base = reinterpret_cast<std::uintptr_t>(info.dli_fbase);
  found.offset = address - found.base;
  return found;
}

#endif

/// The name of the exported function that contains the address, with its parameters; empty if there is none.
/// Throws: std::bad_alloc.
[[nodiscard, gnu::cold]] inline std::string symbol_of([[maybe_unused]] std::uintptr_t address) {
#if FAPILOG_DETAIL_WINDOWS
  return {};  // the loader does not know names
#else
  ::Dl_info info{};
  if (::dladdr(reinterpret_cast<void*>(address), &info) == 0 || info.dli_sname == nullptr) return {};
  return demangled(info.dli_sname);
#endif
}

}  // namespace fapilog::inline v0_1::detail
