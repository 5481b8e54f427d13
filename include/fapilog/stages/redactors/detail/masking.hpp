// SPDX-License-Identifier: MIT
// Makes the replacement for a covered value: a mask, or a pseudonym with a key.
#pragma once

#include <fapilog/detail/hash/sha256.hpp>
#include <fapilog/detail/memory/arena.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/field.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/stages/redactors/mask_mode.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail {

/// Makes replacements. Copies share the key. Thread: one.
class masking {
 public:
  /// A shorter key could be found by trying all keys.
  static constexpr std::size_t min_key_bytes = 16;

  /// Throws: std::invalid_argument if pseudonyms are requested without a key of at least 16 bytes.
  masking(std::string_view stage, std::string_view mask,
          redactors::mask_mode mode = redactors::mask_mode::mask, std::string_view key = {})
      : mask_(mask) {
    if (mode == redactors::mask_mode::mask) return;
    if (key.size() < min_key_bytes) {
      detail::refuse_setting(stage, "key", "a key of " + std::to_string(key.size()) + " bytes",
                             "at least 16 bytes for the mode pseudonym");
    }
    hash_ = std::make_shared<detail::hmac_sha256 const>(key);
  }

  /// The replacement for `v`, in this memory.
  [[nodiscard]] value replacement(value const& v, detail::arena& memory) {
    if (v.as_string() == sensitive_text) return v;  // masked already by the call
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
    detail::json::put_plain(plain, v);
    detail::sha256::digest const hash = hash_->of(plain.view());
    constexpr std::size_t shown = 8;
    std::array<char, 5 + 2 * shown> text{'h', 'm', 'a', 'c', ':'};
    for (std::size_t i = 0; i < shown; ++i) detail::put_hex(&text[5 + 2 * i], hash[i]);
    return memory.copy({text.data(), text.size()});
  }

  std::string mask_;
  std::shared_ptr<detail::hmac_sha256 const> hash_;
  std::string_view copied_;  ///< the mask in the memory of a batch, which may outlive this object
  std::uint64_t copied_in_ = 0;
};

/// A masking from the members that `describe_mask` describes.
template <class Config>
masking masking_of(Config const& config) {
  return {Config::redactor, config.mask_string, config.mode, config.key};
}

/// Describes the three members that every configuration with a mask has.
template <class Self, class Visitor>
void describe_mask(Self& self, Visitor&& visit) {
  visit(setting{.name = "mask_string", .text = "Replacement for a masked value."}, self.mask_string);
  visit(
      setting{.name = "mode",
              .text = "mask: the same string for all values; pseudonym: hmac: and 16 hexadecimal digits of a "
                      "keyed hash, the same for equal values."},
      self.mode);
  visit(
      setting{
          .name = "key", .text = "The key of pseudonyms, at least 16 bytes.", .form = setting_form::secret},
      self.key);
}

}  // namespace fapilog::inline v0_1::detail
