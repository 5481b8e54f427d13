// SPDX-License-Identifier: MIT
// What an error of Kafka means for the records of a request.
#pragma once

#include <cstdint>

namespace fapilog::inline v0_1::detail::kafka {

enum class error_kind : std::uint8_t {
  of_record,  ///< a record of the request will never be stored
  of_sink,    ///< no record will be stored until somebody changes the topic, the brokers or the settings
  temporary,
};

/// Of an error that librdkafka reports; it repeats most requests itself. Numbers above 0 are those of
/// https://kafka.apache.org/protocol#protocol_error_codes, those below are librdkafka's own.
[[nodiscard]] constexpr error_kind kind_of(int error) noexcept {
  switch (error) {
    case 4:   // INVALID_FETCH_SIZE, which librdkafka calls INVALID_MSG_SIZE
    case 10:  // MESSAGE_TOO_LARGE
    case 18:  // RECORD_LIST_TOO_LARGE
    case 32:  // INVALID_TIMESTAMP
    case 87:  // INVALID_RECORD
      return error_kind::of_record;
    case -165:  // _UNSUPPORTED_FEATURE
    case -169:  // _AUTHENTICATION
    case -181:  // _SSL
    case -188:  // _UNKNOWN_TOPIC
    case 3:     // UNKNOWN_TOPIC_OR_PARTITION
    case 17:    // INVALID_TOPIC_EXCEPTION
    case 21:    // INVALID_REQUIRED_ACKS
    case 29:    // TOPIC_AUTHORIZATION_FAILED
    case 31:    // CLUSTER_AUTHORIZATION_FAILED
    case 33:    // UNSUPPORTED_SASL_MECHANISM
    case 34:    // ILLEGAL_SASL_STATE
    case 35:    // UNSUPPORTED_VERSION
    case 43:    // UNSUPPORTED_FOR_MESSAGE_FORMAT
    case 53:    // TRANSACTIONAL_ID_AUTHORIZATION_FAILED
    case 58:    // SASL_AUTHENTICATION_FAILED
    case 65:    // DELEGATION_TOKEN_AUTHORIZATION_FAILED
    case 66:    // DELEGATION_TOKEN_EXPIRED
    case 76:    // UNSUPPORTED_COMPRESSION_TYPE
      return error_kind::of_sink;
    default: return error_kind::temporary;
  }
}

}  // namespace fapilog::inline v0_1::detail::kafka
