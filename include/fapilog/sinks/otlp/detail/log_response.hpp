// SPDX-License-Identifier: MIT
// Reads how many records a collector rejected from its ExportLogsServiceResponse (OTLP 1.x), in both forms.
#pragma once

#include <fapilog/record/json_parts.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace fapilog::inline v0_1::detail::otlp {

/// Reads the fields of one message in protobuf's binary form.
class field_reader {
 public:
  explicit field_reader(std::string_view bytes) noexcept : rest_(bytes) {}

  struct found_field {
    std::uint64_t number = 0;
    std::uint64_t value = 0;        ///< of a varint
    std::string_view content = {};  ///< of a field with a length
  };
  /// The next field; nothing at the end, or if what follows is not valid.
  [[nodiscard]] std::optional<found_field> next() noexcept {
    auto const tag = varint();
    if (!tag || *tag >> 3 == 0) return std::nullopt;
    found_field found{.number = *tag >> 3};
    switch (*tag & 7) {
      case 0: {
        auto const value = varint();
        if (!value) return std::nullopt;
        found.value = *value;
        return found;
      }
      case 1: return skip(8) ? std::optional{found} : std::nullopt;
      case 2: {
        auto const size = varint();
        if (!size || *size > rest_.size()) return std::nullopt;
        found.content = rest_.substr(0, static_cast<std::size_t>(*size));
        rest_.remove_prefix(found.content.size());
        return found;
      }
      case 5: return skip(4) ? std::optional{found} : std::nullopt;
      default: return std::nullopt;
    }
  }

 private:
  [[nodiscard]] std::optional<std::uint64_t> varint() noexcept {
    std::uint64_t result = 0;
    for (unsigned shift = 0; shift < 64 && !rest_.empty(); shift += 7) {
      auto const byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      result |= std::uint64_t{byte & 0x7FU} << shift;
      if (byte < 0x80) return result;
    }
    return std::nullopt;
  }
  [[nodiscard]] bool skip(std::size_t size) noexcept {
    if (rest_.size() < size) return false;
    rest_.remove_prefix(size);
    return true;
  }

  std::string_view rest_;
};

/// The field rejected_log_records of partial_success; 0 if it is missing or negative, or if the body is not valid.
[[nodiscard]] inline std::uint64_t rejected_in_protobuf(std::string_view body) noexcept {
  constexpr std::uint64_t field_number = 1;  // of both messages
  for (field_reader response{body}; auto const outer = response.next();) {
    if (outer->number != field_number) continue;
    for (field_reader partial{outer->content}; auto const inner = partial.next();) {
      if (inner->number == field_number) return inner->value > INT64_MAX ? 0 : inner->value;
    }
  }
  return 0;
}

/// The same in the JSON form, where the number may be a string. Throws: std::bad_alloc.
[[nodiscard]] inline std::uint64_t rejected_in_json(std::string_view body) {
  std::string_view number =
      json::find_member(json::find_member(body, "\"partialSuccess\""), "\"rejectedLogRecords\"");
  if (number.size() > 1 && number.front() == '"') number = number.substr(1, number.size() - 2);
  return json::unsigned_number(number).value_or(0);
}

}  // namespace fapilog::inline v0_1::detail::otlp
