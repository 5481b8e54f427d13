// SPDX-License-Identifier: MIT
// The file of a program or shared library: what the loader would put into memory, for a module that is loaded at address 0.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/segment_type.hpp>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <link.h>

namespace fapilog::inline v0_1::detail {

/// Does not trust the file: it may have been replaced or damaged. Thread: one. Throws: std::bad_alloc.
class module_file {
 public:
  explicit module_file(std::string const& path) {
    opened_file opened = open_file(path, open_for::follow);
    file_status const status = opened.handle.status();
    if (opened.error != 0 || status.type != file_type::regular) return;
    file_ = std::move(opened.handle);
    size_ = status.size;
    constexpr unsigned char own_class = sizeof(void*) == 8 ? ELFCLASS64 : ELFCLASS32;
    constexpr unsigned char own_order =
        std::endian::native == std::endian::little ? ELFDATA2LSB : ELFDATA2MSB;
    ElfW(Ehdr) head{};
    bool const is_module = read(0, &head, sizeof head) && std::memcmp(head.e_ident, ELFMAG, SELFMAG) == 0 &&
                           head.e_ident[EI_CLASS] == own_class && head.e_ident[EI_DATA] == own_order &&
                           head.e_phentsize == sizeof(ElfW(Phdr));
    if (!is_module || !read_table(head.e_phoff, head.e_phnum * sizeof(ElfW(Phdr)), segments_)) return;
    read_relocations();
  }

  /// The bytes of the segment that begins at `offset` from the base and has `size` bytes in the file, with the addresses that the
  /// loader writes; nothing if the file has no such segment.
  [[nodiscard]] std::optional<std::string> segment(std::uint64_t offset, std::uint64_t size) const {
    for (ElfW(Phdr) const& s : segments_) {
      if (segment_type(s) != PT_LOAD || s.p_vaddr != offset || s.p_filesz != size || size > size_) continue;
      std::string bytes(number_cast<std::size_t>(size), '\0');
      if (!read(s.p_offset, bytes.data(), bytes.size())) return std::nullopt;
      for (ElfW(Rela) const& r : relocations_) {
        // Without a symbol: the base and the addend.
        std::uint64_t const at = std::uint64_t{r.r_offset} - offset;
        auto const word = static_cast<std::uintptr_t>(r.r_addend);
        bool const is_inside = at < size && size - at >= sizeof word;
        if (is_inside && r.r_info >> (sizeof(void*) == 8 ? 32U : 8U) == 0)
          std::memcpy(bytes.data() + at, &word, sizeof word);
      }
      return bytes;
    }
    return std::nullopt;
  }

 private:
  [[nodiscard]] bool read(std::uint64_t at, void* to, std::size_t size) const noexcept {
    if (at > size_ || size > size_ - at) return false;
    return file_.read_at(at, static_cast<char*>(to), size).bytes == size;
  }
  template <class Row>
  [[nodiscard]] bool read_table(std::uint64_t at, std::uint64_t size, std::vector<Row>& rows) const {
    if (size > size_) return false;
    rows.resize(number_cast<std::size_t>(size) / sizeof(Row));
    return read(at, rows.data(), rows.size() * sizeof(Row));
  }
  /// The position in the file of an address of the module; the end of the file if it has none.
  [[nodiscard]] std::uint64_t position_of(std::uint64_t address) const noexcept {
    for (ElfW(Phdr) const& s : segments_) {
      if (segment_type(s) == PT_LOAD && address - s.p_vaddr < s.p_filesz)
        return s.p_offset + (address - s.p_vaddr);
    }
    return size_;
  }
  /// Other forms of relocations have the address already in place.
  void read_relocations() {
    auto const dynamic = std::find_if(segments_.begin(), segments_.end(),
                                      [](auto const& s) { return segment_type(s) == PT_DYNAMIC; });
    if (dynamic == segments_.end()) return;
    std::vector<ElfW(Dyn)> rows;
    if (!read_table(dynamic->p_offset, dynamic->p_filesz, rows)) return;
    std::uint64_t at = 0;
    std::uint64_t size = 0;
    for (ElfW(Dyn) const& row : rows) {
      if (row.d_tag == DT_RELA) at = row.d_un.d_ptr;
      if (row.d_tag == DT_RELASZ) size = row.d_un.d_val;
    }
    if (size != 0 && !read_table(position_of(at), size, relocations_)) relocations_.clear();
  }

  file file_;
  std::uint64_t size_ = 0;
  std::vector<ElfW(Phdr)> segments_;
  std::vector<ElfW(Rela)> relocations_;
};

}  // namespace fapilog::inline v0_1::detail
