// SPDX-License-Identifier: MIT
// Fuzz target: any bytes as the list of modules, as a snapshot and as a module give known literals or none.
#include "support/temporary_directory.hpp"

#include <fapilog/kill_safe/kept_module.hpp>
#include <fapilog/kill_safe/literal_reader.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

constexpr std::uint64_t base = 0x10000;
constexpr std::string_view content{"a literal\0another\0without end", 29};

fapilog::detail::kept_module module_at(std::string const& path) {
  fapilog::detail::kept_module module;
  module.base = base;
  module.fingerprint = fapilog::detail::crc32c(content);
  module.content_checksum = module.fingerprint;
  module.ranges = {{0, content.size(), 0}};
  module.name = "snapshot";
  module.path = path;
  return module;
}

/// The bytes themselves, or a whole file with two of the bytes for each change: one for the place, one for the value.
std::string changed(std::string whole, std::string_view by, bool is_change) {
  if (!is_change) return std::string{by};
  for (std::size_t i = 0; i + 1 < by.size(); i += 2)
    whole[static_cast<unsigned char>(by[i]) % whole.size()] = by[i + 1];
  return whole;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  static support::temporary_directory const directory;
  if (size == 0) return 0;
  std::string_view const bytes{reinterpret_cast<char const*>(data) + 1, size - 1};
  bool const is_change = (data[0] & 1U) != 0;
  auto const module = module_at(directory / "module");
  std::string const entry = fapilog::detail::encode_module(module);
  std::string list = entry;
  std::string snapshot = entry + std::string{content};
  std::string file;
  switch (data[0] / 2 % 3) {
    case 0: list = changed(entry + entry, bytes, is_change); break;
    case 1: snapshot = changed(snapshot, bytes, is_change); break;
    default:
      snapshot.clear();
      file = is_change ? "\177ELF\2\1\1" + std::string(9, '\0') + std::string{bytes} : std::string{bytes};
      break;
  }
  for (auto const& [name, text] :
       {std::pair{"modules", &list}, std::pair{"snapshot", &snapshot}, std::pair{"module", &file}})
    std::ofstream{directory / name, std::ios::binary | std::ios::trunc} << *text;
  try {
    fapilog::detail::literal_reader const reader{directory.path().string(), directory.path().string()};
    for (std::uint64_t at = base - 2; at < base + 40; ++at) {
      if (auto const text = reader.text_at(at)) {
        if (text->size() > content.size() || text->data()[text->size()] != '\0') std::abort();
      }
      (void)reader.pointer_at(at);
    }
    (void)reader.text_at(data[0] * UINT64_C(0x0101010101010101));
  } catch (std::runtime_error const& error) {
    if (std::string_view{error.what()}.empty()) std::abort();
  }
  return 0;
}
