// SPDX-License-Identifier: MIT
// What the error codes of a ClickHouse server mean for the records of an INSERT (ErrorCodes.cpp of the server).
#pragma once

#include <fapilog/sinks/http/detail/http_verdict.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <string_view>
#include <system_error>

namespace fapilog::inline v0_1::detail::ch {

struct exception_code {
  int code;
  std::string_view name;
  http_outcome outcome;
  std::string_view advice;
  /// True if the records may be in the table in spite of the error.
  bool is_unsure = false;
  /// True if the table must be checked again: it may have been changed.
  bool is_about_table = false;
};

/// In the order of their numbers.
inline constexpr std::array exception_codes{
    exception_code{6, "CANNOT_PARSE_TEXT", http_outcome::invalid, "a value does not fit its column", false,
                   true},
    exception_code{8, "THERE_IS_NO_COLUMN", http_outcome::refused, "a column is missing", false, true},
    exception_code{16, "NO_SUCH_COLUMN_IN_TABLE", http_outcome::refused, "a column is missing", false, true},
    exception_code{20, "NUMBER_OF_COLUMNS_DOESNT_MATCH", http_outcome::refused, "a column is missing", false,
                   true},
    exception_code{25, "CANNOT_PARSE_ESCAPE_SEQUENCE", http_outcome::invalid,
                   "a value does not fit its column", false, true},
    exception_code{26, "CANNOT_PARSE_QUOTED_STRING", http_outcome::invalid, "a value does not fit its column",
                   false, true},
    exception_code{27, "CANNOT_PARSE_INPUT_ASSERTION_FAILED", http_outcome::invalid,
                   "a value does not fit its column", false, true},
    exception_code{33, "CANNOT_READ_ALL_DATA", http_outcome::invalid, "a value does not fit its column",
                   false, true},
    exception_code{38, "CANNOT_PARSE_DATE", http_outcome::invalid, "a value does not fit its column", false,
                   true},
    exception_code{41, "CANNOT_PARSE_DATETIME", http_outcome::invalid, "a value does not fit its column",
                   false, true},
    exception_code{44, "ILLEGAL_COLUMN", http_outcome::refused,
                   "the table has a column that cannot be written", false, true},
    exception_code{46, "UNKNOWN_FUNCTION", http_outcome::refused,
                   "a default or a view of the table uses an unknown function", false, true},
    exception_code{47, "UNKNOWN_IDENTIFIER", http_outcome::refused, "a column is missing", false, true},
    exception_code{48, "NOT_IMPLEMENTED", http_outcome::refused,
                   "the engine of the table does not support INSERT", false, true},
    exception_code{50, "UNKNOWN_TYPE", http_outcome::refused,
                   "a column has a type that the server does not know", false, true},
    exception_code{53, "TYPE_MISMATCH", http_outcome::invalid, "a value does not fit its column", false,
                   true},
    exception_code{60, "UNKNOWN_TABLE", http_outcome::refused, "the table is missing", false, true},
    exception_code{62, "SYNTAX_ERROR", http_outcome::refused, "the server does not understand the statement",
                   false, true},
    exception_code{69, "ARGUMENT_OUT_OF_BOUND", http_outcome::invalid, "a value does not fit its column",
                   false, true},
    exception_code{70, "CANNOT_CONVERT_TYPE", http_outcome::invalid, "a value does not fit its column", false,
                   true},
    exception_code{72, "CANNOT_PARSE_NUMBER", http_outcome::invalid, "a value does not fit its column", false,
                   true},
    exception_code{73, "UNKNOWN_FORMAT", http_outcome::refused,
                   "the server does not know the format JSONEachRow"},
    exception_code{81, "UNKNOWN_DATABASE", http_outcome::refused, "the database is missing", false, true},
    exception_code{115, "UNKNOWN_SETTING", http_outcome::refused,
                   "a setting of `settings` is unknown to the server", false, true},
    exception_code{117, "INCORRECT_DATA", http_outcome::invalid, "a value does not fit its column", false,
                   true},
    exception_code{128, "TOO_LARGE_ARRAY_SIZE", http_outcome::invalid, "a value does not fit its column",
                   false, true},
    exception_code{130, "CANNOT_READ_ARRAY_FROM_TEXT", http_outcome::invalid,
                   "a value does not fit its column", false, true},
    exception_code{131, "TOO_LARGE_STRING_SIZE", http_outcome::invalid, "a value does not fit its column",
                   false, true},
    exception_code{158, "TOO_MANY_ROWS", http_outcome::too_large, "the INSERT is too large"},
    exception_code{159, "TIMEOUT_EXCEEDED", http_outcome::retry, "a timeout of the server passed", true},
    exception_code{160, "TOO_SLOW", http_outcome::retry, "the server is too slow", true},
    exception_code{161, "TOO_MANY_COLUMNS", http_outcome::refused, "a limit of the user's profile"},
    exception_code{164, "READONLY", http_outcome::refused, "the user may only read"},
    exception_code{180, "THERE_IS_NO_PROFILE", http_outcome::refused,
                   "the profile of the user does not exist"},
    exception_code{190, "SIZES_OF_ARRAYS_DOESNT_MATCH", http_outcome::invalid,
                   "a value does not fit its column", false, true},
    exception_code{192, "UNKNOWN_USER", http_outcome::refused, "the user is unknown"},
    exception_code{193, "WRONG_PASSWORD", http_outcome::refused, "the password is wrong"},
    exception_code{194, "REQUIRED_PASSWORD", http_outcome::refused, "a password is missing"},
    exception_code{195, "IP_ADDRESS_NOT_ALLOWED", http_outcome::refused,
                   "the user may not connect from this address"},
    exception_code{199, "UNKNOWN_QUOTA", http_outcome::refused, "the quota of the user does not exist"},
    exception_code{201, "QUOTA_EXCEEDED", http_outcome::retry, "the quota of the user is used up"},
    exception_code{202, "TOO_MANY_SIMULTANEOUS_QUERIES", http_outcome::retry,
                   "the server runs too many queries"},
    exception_code{203, "NO_FREE_CONNECTION", http_outcome::retry, "the server has no free connection", true},
    exception_code{209, "SOCKET_TIMEOUT", http_outcome::retry, "a shard or replica does not answer", true},
    exception_code{210, "NETWORK_ERROR", http_outcome::retry, "a shard or replica cannot be reached", true},
    exception_code{217, "CLIENT_HAS_CONNECTED_TO_WRONG_PORT", http_outcome::refused,
                   "this is not the port for HTTP"},
    exception_code{218, "TABLE_IS_DROPPED", http_outcome::refused, "the table is missing", false, true},
    exception_code{225, "NO_ZOOKEEPER", http_outcome::retry,
                   "the server has no connection to ZooKeeper or Keeper", true},
    exception_code{236, "ABORTED", http_outcome::retry, "the server is shutting down", true},
    exception_code{241, "MEMORY_LIMIT_EXCEEDED", http_outcome::retry, "the server is out of memory", true},
    exception_code{242, "TABLE_IS_READ_ONLY", http_outcome::retry, "the replica is read-only"},
    exception_code{243, "NOT_ENOUGH_SPACE", http_outcome::retry, "the disk of the server is full", true},
    exception_code{252, "TOO_MANY_PARTS", http_outcome::retry,
                   "the table has too many parts; merges are behind"},
    exception_code{279, "ALL_CONNECTION_TRIES_FAILED", http_outcome::retry, "a shard cannot be reached",
                   true},
    exception_code{285, "TOO_FEW_LIVE_REPLICAS", http_outcome::retry, "too few replicas for the quorum",
                   true},
    exception_code{286, "UNSATISFIED_QUORUM_FOR_PREVIOUS_WRITE", http_outcome::retry,
                   "an earlier INSERT lacks its quorum", true},
    exception_code{291, "DATABASE_ACCESS_DENIED", http_outcome::refused, "the user may not use the database"},
    exception_code{307, "TOO_MANY_BYTES", http_outcome::too_large, "the INSERT is too large"},
    exception_code{319, "UNKNOWN_STATUS_OF_INSERT", http_outcome::retry,
                   "the server does not know whether it stored the records", true},
    exception_code{321, "VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE", http_outcome::invalid,
                   "a value does not fit its column", false, true},
    exception_code{344, "SUPPORT_IS_DISABLED", http_outcome::refused,
                   "the server does not permit a feature of the table", false, true},
    exception_code{349, "CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN", http_outcome::invalid,
                   "a value does not fit its column", false, true},
    exception_code{376, "CANNOT_PARSE_UUID", http_outcome::invalid, "a value does not fit its column", false,
                   true},
    exception_code{389, "INSERT_WAS_DEDUPLICATED", http_outcome::delivered,
                   "the records are in the table already"},
    exception_code{392, "QUERY_IS_PROHIBITED", http_outcome::refused,
                   "the server does not permit the INSERT"},
    exception_code{394, "QUERY_WAS_CANCELLED", http_outcome::retry, "the INSERT was cancelled", true},
    exception_code{396, "TOO_MANY_ROWS_OR_BYTES", http_outcome::too_large, "the INSERT is too large"},
    exception_code{407, "DECIMAL_OVERFLOW", http_outcome::invalid, "a value does not fit its column", false,
                   true},
    exception_code{439, "CANNOT_SCHEDULE_TASK", http_outcome::retry, "the server has no free thread", true},
    exception_code{441, "CANNOT_PARSE_DOMAIN_VALUE_FROM_STRING", http_outcome::invalid,
                   "a value does not fit its column", false, true},
    exception_code{452, "SETTING_CONSTRAINT_VIOLATION", http_outcome::refused,
                   "the user may not change a setting that the sink sends"},
    exception_code{467, "CANNOT_PARSE_BOOL", http_outcome::invalid, "a value does not fit its column", false,
                   true},
    exception_code{469, "VIOLATED_CONSTRAINT", http_outcome::invalid,
                   "a record violates a CONSTRAINT of the table", false, true},
    exception_code{497, "ACCESS_DENIED", http_outcome::refused,
                   "the user lacks a right, such as INSERT on the table"},
    exception_code{516, "AUTHENTICATION_FAILED", http_outcome::refused, "the user or the password is wrong"},
    exception_code{675, "CANNOT_PARSE_IPV4", http_outcome::invalid, "a value does not fit its column", false,
                   true},
    exception_code{676, "CANNOT_PARSE_IPV6", http_outcome::invalid, "a value does not fit its column", false,
                   true},
    exception_code{691, "UNKNOWN_ELEMENT_OF_ENUM", http_outcome::invalid, "a value does not fit its column",
                   false, true},
    exception_code{999, "KEEPER_EXCEPTION", http_outcome::retry, "ZooKeeper or Keeper reports an error",
                   true},
};

/// Any other code: the records are sent again, and may be in the table.
inline constexpr exception_code other_exception{0,    "",   http_outcome::retry, "an error of the server",
                                                true, false};

[[nodiscard]] inline exception_code const& meaning_of(int code) noexcept {
  auto const found = std::find_if(exception_codes.begin(), exception_codes.end(),
                                  [code](exception_code const& one) { return one.code == code; });
  return found == exception_codes.end() ? other_exception : *found;
}

/// The code of the server's error, 0 if there is none. Newer servers send it in a header; all begin the text of an error with
/// `Code: <number>`, even if they had sent the status before.
[[nodiscard]] inline int code_of(http_response const& response) noexcept {
  constexpr std::string_view begin = "Code: ";
  std::string_view text = response.kept_header;
  if (text.empty()) {
    text = response.body;
    if (!text.starts_with(begin)) return 0;
    text.remove_prefix(begin.size());
  }
  int code = 0;
  auto const result = std::from_chars(text.data(), text.data() + text.size(), code);
  return result.ec == std::errc{} && code > 0 ? code : 0;
}

}  // namespace fapilog::inline v0_1::detail::ch
