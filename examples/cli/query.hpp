// SPDX-License-Identifier: MIT
// Conditions on the fields of records, such as `level>=warning` or `status>=500`, and their evaluation on a line of JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cli {

/// Where a field is looked for. A record in the form of fapilog's envelope has a member `log`; other objects have all fields at
/// the top.
enum class place : std::uint8_t { any, top, context, diagnostics, data };

/// The name of a field as people write it: `level`, `user_id`, `order.id`, `data.status`.
struct field_name {
  place where = place::any;
  std::string key;
};
[[nodiscard]] field_name parse_field(std::string_view written);

enum class relation : std::uint8_t {
  equal,
  unequal,
  less,
  at_most,
  greater,
  at_least,
  contains,
  present,
  absent
};

/// One condition.
struct term {
  field_name field;
  relation is = relation::equal;
  std::string text;
  std::optional<double> number = {};
  std::optional<std::uint8_t> level = {};  ///< if the field is `level`
  std::optional<std::string> time = {};    ///< if the field is `timestamp`: as the envelope has it
};

/// True if the argument is a condition and not the name of a file: it has an operator before any slash.
[[nodiscard]] bool is_term(std::string_view argument);
/// Throws: usage_error.
[[nodiscard]] term parse_term(std::string_view argument);
/// `2026-11-28T10:00:00Z`, `2026-11-28`, `10:00` (today, UTC) or `15m` (ago) as a timestamp of the envelope. Throws: usage_error.
[[nodiscard]] std::string parse_time(std::string_view option, std::string_view written);

/// How a line relates to a query.
enum class verdict : std::uint8_t {
  match,
  no_match,
  no_record,  ///< it is not a JSON object
};

/// All conditions must hold. If a key is there twice, the first one counts. Thread: one.
class query {
 public:
  explicit query(std::vector<term> terms);

  /// The grammar of a matching line is checked as a whole; of others only what had to be read.
  [[nodiscard]] verdict test(std::string_view line);

 private:
  enum class state : std::uint8_t {
    open,
    later,
    holds
  };  // later: holds or fails unless `data` has the field, too
  struct slot {
    state is = state::open;
    bool if_later = false;
  };

  std::size_t read_object(std::string_view line, std::size_t at, place where);
  std::size_t read_member(std::string_view line, std::size_t at, place where, std::string_view key);
  void decide(std::size_t index, bool holds, place where);

  std::vector<term> terms_;
  std::vector<slot> slots_;
  bool has_place_[5] = {};
  bool stop_ = false;
  bool failed_ = false;
  std::size_t open_ = 0;
};

/// The JSON of a field in a line; nothing if it is missing or the line is no object.
[[nodiscard]] std::optional<std::string_view> find_field(std::string_view line, field_name const& field);
/// A value of JSON as people read it: strings without quotes and escapes.
[[nodiscard]] std::string readable(std::string_view json);

}  // namespace cli
