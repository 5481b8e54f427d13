// SPDX-License-Identifier: MIT
// Encodes entries as the arguments of one INSERT: a binary array for each column.
#pragma once

#include <fapilog/detail/text/copy_plain.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/detail/text/utf8.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/envelope.hpp>
#include <fapilog/record/event.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/sinks/detail/value_numbers.hpp>
#include <fapilog/sinks/postgres/detail/binary_array.hpp>
#include <fapilog/sinks/postgres/detail/column_limit.hpp>
#include <fapilog/sinks/postgres/detail/columns.hpp>
#include <fapilog/sinks/postgres/detail/repair_json.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail::pg {

/// Changes to rows that the server refused.
struct row_repair {
  bool always =
      false;  ///< repairs everything in JSON that the server may refuse, and characters that it lacks
  std::size_t null_first = 0;  ///< the columns from this index up to `null_last` are NULL, except those
  std::size_t null_last = 0;   ///< that must not be
};

/// Changes strings to what the server accepts: ill-formed UTF-8 and NUL become U+FFFD. A changed event gets
/// `"altered":true` beside `log`. A string that is too long for its column becomes NULL, or is cut if the column is NOT NULL.
/// Thread: one. Throws: std::bad_alloc.
class row_encoder {
 public:
  /// `limits` must outlive this object.
  row_encoder(std::vector<column> columns, bool whole_event, table_limits const& limits = no_limits)
      : columns_(std::move(columns)), whole_event_(whole_event), limits_(limits), arrays_(columns_.size()) {}

  [[nodiscard]] std::vector<column> const& columns() const noexcept { return columns_; }

  /// Encodes entries from index `first` on: at least one, up to `last` or until `max_bytes` are reached. Returns the index
  /// after the last one encoded.
  std::size_t encode(batch const& entries, std::size_t first, std::size_t last, std::size_t max_bytes,
                     row_repair how = {}) {
    repair_ = how;
    left_out_ = 0;
    for (std::size_t i = 0; i < columns_.size(); ++i) arrays_[i].reset(info_of(columns_[i].type).oid);
    std::size_t at = first;
    for (std::size_t bytes = 0; at < last && (at == first || bytes < max_bytes); ++at) {
      put_row(entries[at]);
      bytes = 0;
      for (binary_array const& array : arrays_) bytes += array.size();
    }
    return at;
  }

  /// Number of values of the last `encode` that do not fit their columns.
  [[nodiscard]] std::size_t left_out() const noexcept { return left_out_; }
  /// True if a `row_repair` can leave out the value of this column, and the entry has one.
  [[nodiscard, gnu::cold]] bool can_leave_out(entry const& e, std::size_t column) const {
    if (!may_be_null(column)) return false;
    auto const found = columns_[column].path.find(e.event);
    return found && found->type != kind::null;
  }

  /// The arrays of the last `encode`, in the order of the columns that are not left out; valid until the next `encode`.
  [[nodiscard]] std::vector<std::string_view> arrays() {
    std::vector<std::string_view> all;
    for (std::size_t i = 0; i < arrays_.size(); ++i) {
      if (!limits_.of(i).is_left_out) all.push_back(arrays_[i].finish());
    }
    return all;
  }

 private:
  [[nodiscard]] bool may_be_null(std::size_t column) const noexcept {
    bool const is_key = column == 0 || column + 1 == columns_.size() || columns_[column].name == "timestamp";
    column_limit const limit = limits_.of(column);
    return !is_key && !limit.is_not_null && !limit.is_left_out;
  }

  void put_row(entry const& e) {
    altered_ = false;
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      binary_array& to = arrays_[i];
      if (i == 0) {
        to.add(std::string_view{reinterpret_cast<char const*>(e.event.message_id.bytes.data()), 16});
      } else if (i + 1 == columns_.size()) {
        put_event(to, e);
      } else {
        auto const found = columns_[i].path.find(e.event);
        bool const is_left_out = i >= repair_.null_first && i < repair_.null_last && may_be_null(i);
        if (limits_.of(i).is_left_out) [[unlikely]] {
          if (found && found->type != kind::null) ++left_out_;
        } else if (!found || found->type == kind::null) {
          to.add_null();
        } else if (is_left_out) [[unlikely]] {
          ++left_out_;
          to.add_null();
        } else {
          put_value(to, i, *found);
        }
      }
    }
  }

  void put_value(binary_array& to, std::size_t index, value const& v) {
    sql_type const type = columns_[index].type;
    switch (type) {
      case sql_type::text: return put_text(to, v, limits_.of(index));
      case sql_type::int8: return put_number(to, whole_number_of(v));
      case sql_type::float8: {
        auto const number = real_number_of(v);
        return put_number(to, number ? std::optional{std::bit_cast<std::int64_t>(*number)} : std::nullopt);
      }
      case sql_type::boolean:
        if (v.type != kind::boolean) return to.add_null();
        return to.add(v.boolean ? std::string_view{"\1", 1} : std::string_view{"\0", 1});
      case sql_type::timestamptz: return put_number(to, v.visit(time_visitor{}));
      case sql_type::json:
      case sql_type::jsonb:
        scratch_.clear();
        detail::json::put(scratch_, v);
        return put_json(to, type == sql_type::jsonb, scratch_.view());
      case sql_type::uuid: break;
    }
    to.add_null();
  }

  static void put_number(binary_array& to, std::optional<std::int64_t> number) {
    if (number) to.add(static_cast<std::uint64_t>(*number));
    else to.add_null();
  }

  /// A value in microseconds since 2000, if it is a time from 4713 BC to the year 294,276.
  struct time_visitor {
    std::optional<std::int64_t> operator()(value::timestamp time) const noexcept {
      constexpr std::int64_t from_1970_to_2000 = 946'684'800;  // seconds
      constexpr std::int64_t million = 1'000'000;
      if (time.far_seconds != 0) {
        constexpr std::int64_t first = -210'866'803'200;
        constexpr std::int64_t end = 9'224'318'016'000;
        if (time.far_seconds < first || time.far_seconds >= end) return std::nullopt;
        return (time.far_seconds - from_1970_to_2000) * million + time.far_us;
      }
      std::int64_t us = time.unix_ns / 1'000;
      if (time.unix_ns % 1'000 < 0) --us;
      return us - from_1970_to_2000 * million;
    }
    template <class Other>
    std::optional<std::int64_t> operator()(Other const&) const noexcept {
      return std::nullopt;
    }
  };

  void put_text(binary_array& to, value const& v, column_limit limit) {
    std::string_view text = v.as_string();
    if (v.type != kind::string) {
      scratch_.clear();
      detail::json::put_plain(scratch_, v);
      text = scratch_.view();
    }
    to.begin_element();
    auto& out = to.buffer();
    for (;;) {
      char* end = out.room(text.size() + block_bytes);
      text.remove_prefix(copy_plain(end, text.data(), text.size()));
      out.end_at(end);
      if (text.empty()) break;
      auto const point = decode_utf8(text);
      bool const is_valid = point.ok && point.value != 0;
      bool const is_known = !repair_.always || (is_valid ? point.value : 0xFFFD) <= limits_.max_code_point;
      altered_ = altered_ || !is_valid || !is_known;
      out.append(!is_known ? "?" : is_valid ? text.substr(0, point.size) : std::string_view{"\xEF\xBF\xBD"});
      text.remove_prefix(point.size);
    }
    if (limit.max_characters != column_limit::unlimited) [[unlikely]]
      return end_limited(to, limit);
    to.end_element();
  }

  [[gnu::cold]] void end_limited(binary_array& to, column_limit limit) {
    std::size_t const fitting = limits_.fitting_bytes(to.element(), limit);
    if (fitting == to.element().size()) return to.end_element();
    ++left_out_;
    if (!limit.is_not_null) return to.end_as_null();
    to.shorten_element(fitting);
    to.end_element();
  }

  /// Adds the envelope, or an object of the extracted fields.
  void put_event(binary_array& to, entry const& e) {
    bool const is_jsonb = columns_.back().type == sql_type::jsonb;
    if (whole_event_ && !e.json.empty()) return put_json(to, is_jsonb, e.json);
    scratch_.clear();
    if (whole_event_) {
      envelope_.put(scratch_, e.event);
    } else {
      scratch_.push_back('{');
      for (std::size_t i = 1; i + 1 < columns_.size(); ++i) {
        if (i != 1) scratch_.push_back(',');
        detail::json::put_text(scratch_, columns_[i].name);
        scratch_.push_back(':');
        detail::json::put(scratch_, columns_[i].path.find(e.event).value_or(value{}));
      }
      scratch_.push_back('}');
    }
    put_json(to, is_jsonb, scratch_.view());
  }

  void put_json(binary_array& to, bool is_jsonb, std::string_view json) {
    if (repair_.always || json.find("\\u0000") != std::string_view::npos) {
      repaired_.clear();
      if (json_repair_(json, repaired_, limits_.max_code_point)) altered_ = true;
      json = repaired_.view();
    }
    to.begin_element();
    auto& out = to.buffer();
    if (is_jsonb) out.push_back('\1');  // version of the binary format
    if (altered_ && &to == &arrays_.back() && json.ends_with('}') && json.size() > 2) {
      json.remove_suffix(1);
      out.append(json);
      out.append(R"(,"altered":true})");
    } else {
      out.append(json);
    }
    to.end_element();
  }

  std::vector<column> columns_;
  bool whole_event_;
  table_limits const& limits_;
  std::vector<binary_array> arrays_;
  detail::envelope_writer envelope_;
  json_repair json_repair_;
  row_repair repair_;
  std::size_t left_out_ = 0;
  text_buffer scratch_;
  text_buffer repaired_;
  bool altered_ = false;
};

}  // namespace fapilog::inline v0_1::detail::pg
