// SPDX-License-Identifier: MIT
// What stands in the place of a covered value: a mask, or a pseudonym under a key.
#pragma once

#include <fapilog/detail/hash/sha256.hpp>
#include <fapilog/detail/memory/arena.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/field.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/setting.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::redactors {

/// What becomes of a covered value.
enum class mask_mode : std::uint8_t {
  mask,  ///< the same text for all
  pseudonym,  ///< `hmac:` and 16 hexadecimal digits: equal values have equal pseudonyms, nobody without the key can try
};

/// Throws std::invalid_argument in the one form of all errors of configurations.
[[noreturn]] inline void refuse(std::string_view stage, std::string_view member, std::string_view value,
                                std::string_view rule) {
  throw std::invalid_argument{"fapilog: " + std::string{stage} + ": `" + std::string{member} + "` is " +
                              std::string{value} + "; it must be " + std::string{rule}};
}

/// Makes replacements. Copies share the key. Thread: one.
class masking {
 public:
  /// Fewer bytes of a key could be tried out.
  static constexpr std::size_t least_key = 16;

  /// Throws: std::invalid_argument where pseudonyms are wanted without a key of at least 16 bytes.
  masking(std::string_view stage, std::string_view mask, mask_mode mode = mask_mode::mask,
          std::string_view key = {})
      : mask_(mask) {
    if (mode == mask_mode::mask) return;
    if (key.size() < least_key) {
      refuse(stage, "key", std::to_string(key.size()) + " bytes long",
             "at least 16 bytes for the mode pseudonym");
    }
    hash_ = std::make_shared<detail::hmac_sha256 const>(key);
  }

  /// What stands for `v`, in this memory.
  [[nodiscard]] value replacement(value const& v, detail::arena& memory) {
    if (v.as_string() == sensitive_text) return v;  // masked already, at the call
    if (hash_ != nullptr) return value::of_string(pseudonym(v, memory));
    if (memory.round() != copied_in_) {
      copied_ = memory.copy(mask_);
      copied_in_ = memory.round();
    }
    return value::of_string(copied_);
  }

 private:
  [[nodiscard]] std::string_view pseudonym(value const& v, detail::arena& memory) {
    detail::text_buffer plain;
    json::put_plain(plain, v);
    detail::sha256::digest const hash = hash_->of(plain.view());
    constexpr std::size_t shown = 8;
    std::array<char, 5 + 2 * shown> text{'h', 'm', 'a', 'c', ':'};
    for (std::size_t i = 0; i < shown; ++i) detail::put_hex(&text[5 + 2 * i], hash[i]);
    return memory.copy({text.data(), text.size()});
  }

  std::string mask_;
  std::shared_ptr<detail::hmac_sha256 const> hash_;
  std::string_view copied_;  ///< the mask in the memory of a batch, which may outlive us
  std::uint64_t copied_in_ = 0;
};

/// Describes the three members that configurations with a mask have.
template <class Self, class Visitor>
void describe_mask(Self& self, Visitor&& visit) {
  visit(setting{.name = "mask_string", .text = "What stands in the place of a masked value."},
        self.mask_string);
  visit(setting{.name = "mode",
                .text = "mask: the same text for all; pseudonym: hmac: and 16 hexadecimal digits of a keyed "
                        "hash, equal for equal values."},
        self.mode);
  visit(
      setting{
          .name = "key", .text = "The key of pseudonyms, at least 16 bytes.", .form = setting_form::secret},
      self.key);
}

}  // namespace fapilog::inline v0_1::redactors

template <>
struct fapilog::enum_names<fapilog::redactors::mask_mode> {
  static constexpr std::array names{
      std::pair{redactors::mask_mode::mask, std::string_view{"mask"}},
      std::pair{redactors::mask_mode::pseudonym, std::string_view{"pseudonym"}}};
};
