// SPDX-License-Identifier: MIT
// The names of the fields of one record, in destinations where two fields must not have the same name.
#pragma once

#include <fapilog/detail/text/text_buffer.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::detail {

/// Names in the order in which they were added. Thread: one. Throws: std::bad_alloc.
class unique_names {
 public:
  /// `reserved`: names that are always there, also after `clear`.
  unique_names(std::initializer_list<std::string_view> reserved = {}) {
    for (std::string_view const name : reserved) append(name);
    reserved_count_ = ends_.size();
    reserved_bits_ = bits_;
  }

  void clear() noexcept {
    ends_.resize(reserved_count_);
    characters_.shrink(ends_.empty() ? 0 : ends_.back());
    bits_ = reserved_bits_;
  }
  [[nodiscard]] std::size_t size() const noexcept { return ends_.size(); }
  [[nodiscard]] std::string_view operator[](std::size_t index) const noexcept {
    std::size_t const begin = index == 0 ? 0 : ends_[index - 1];
    return characters_.view().substr(begin, ends_[index] - begin);
  }
  /// How many names got a suffix, since this object was made.
  [[nodiscard]] std::size_t renamed() const noexcept { return renamed_; }

  [[nodiscard]] bool contains(std::string_view name) const noexcept {
    auto const [word, bit] = place_of(name);
    if ((bits_[word] & bit) == 0) return false;  // the usual case
    for (std::size_t i = 0; i < ends_.size(); ++i) {
      if ((*this)[i] == name) return true;
    }
    return false;
  }
  /// Adds a name that is not there yet.
  void append(std::string_view name) {
    characters_.append(name);
    ends_.push_back(characters_.size());
    auto const [word, bit] = place_of(name);
    bits_[word] |= bit;
  }
  /// Appends `_2`, `_3` and so on to a name that was added before, so that it has at most `max_size` characters.
  void add(std::string& name, std::size_t max_size) {
    if (contains(name)) [[unlikely]]
      rename(name, max_size);
    append(name);
  }

 private:
  struct place {
    std::size_t word;
    std::uint64_t bit;
  };
  [[nodiscard]] static place place_of(std::string_view name) noexcept {
    if (name.empty()) return {0, 1};
    auto const at = [name](std::size_t i) { return std::size_t{static_cast<unsigned char>(name[i])}; };
    std::size_t const sum = name.size() + 5 * at(0) + 19 * at(name.size() / 2) + 71 * at(name.size() - 1);
    return {sum / 64 % 4, std::uint64_t{1} << (sum % 64)};
  }
  [[gnu::cold]] void rename(std::string& name, std::size_t max_size) {
    ++renamed_;
    std::size_t const size = name.size();
    for (std::size_t number = 2; contains(name); ++number) {
      std::string const suffix = '_' + std::to_string(number);
      name.resize((std::min)(size, max_size - suffix.size()));
      name += suffix;
    }
  }

  text_buffer characters_;
  std::vector<std::size_t> ends_;        ///< of the names in `characters_`
  std::array<std::uint64_t, 4> bits_{};  ///< the places of all names
  std::array<std::uint64_t, 4> reserved_bits_{};
  std::size_t reserved_count_ = 0;
  std::size_t renamed_ = 0;
};

}  // namespace fapilog::inline v0_1::detail
