// SPDX-License-Identifier: MIT
// What the response of JetStream to a published message means.
#pragma once

#include <fapilog/detail/text/concat.hpp>
#include <fapilog/record/json_parts.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace fapilog::inline v0_1::detail::nats {

enum class ack_kind : std::uint8_t {
  stored,
  duplicate,  ///< stored before, under the same `Nats-Msg-Id`
  of_record,  ///< no attempt will store this record
  of_sink,    ///< no record will be stored until somebody changes the stream or the settings
  temporary,
};

struct acknowledgement {
  ack_kind kind = ack_kind::temporary;
  std::string reason = {};  ///< unless it is stored
};

/// Reads the JSON text of a response: https://docs.nats.io/reference/reference-protocols/nats_api_reference (pub ack), and the
/// codes of the server's errors.json. Throws: std::bad_alloc.
[[nodiscard]] inline acknowledgement read_acknowledgement(std::string_view text) {
  std::vector<json::text_member> members;
  constexpr std::size_t usual_count = 4;
  members.reserve(usual_count);
  bool has_stream = false;
  bool is_duplicate = false;
  std::string_view error;
  if (json::split(text, members)) {
    for (json::text_member const& m : members) {
      if (m.key == "\"stream\"") has_stream = true;
      if (m.key == "\"duplicate\"") is_duplicate = m.value == "true";
      if (m.key == "\"error\"") error = m.value;
    }
  }
  if (error.empty()) {
    if (!has_stream) return {ack_kind::temporary, "the response is not an acknowledgement of a stream"};
    return {is_duplicate ? ack_kind::duplicate : ack_kind::stored};
  }
  std::string_view code;
  std::string_view number;
  std::string_view description;
  members.clear();
  if (json::split(error, members)) {
    for (json::text_member const& m : members) {
      if (m.key == "\"code\"") code = m.value;
      if (m.key == "\"err_code\"") number = m.value;
      if (m.key == "\"description\"") description = m.value;
    }
  }
  acknowledgement result{ack_kind::of_sink,
                         concat({"the stream answers ", number.empty() ? code : number, " ", description})};
  if (number == "10054") result.kind = ack_kind::of_record;  // larger than the stream's max_msg_size
  // 5xx: the server cannot now. A limit of the stream (10077, code 503) or of the account (10002, code 400) ends when messages are
  // removed; 429: too many messages wait for the stream (2.11).
  else if (code.starts_with('5') || code == "429" || number == "10002") result.kind = ack_kind::temporary;
  return result;
}

}  // namespace fapilog::inline v0_1::detail::nats
