// SPDX-License-Identifier: MIT
// Writes entries as the rows of an INSERT in the format JSONEachRow.
#pragma once

#include <fapilog/detail/float_kind.hpp>
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/envelope.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/record/value.hpp>
#include <fapilog/sinks/clickhouse/detail/columns.hpp>
#include <fapilog/sinks/detail/value_numbers.hpp>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail::ch {

/// How the type of a column in the table is written.
enum class column_form : std::uint8_t {
  string,
  int64,
  float64,
  boolean,
  seconds,  ///< DateTime: whole seconds
  ticks,    ///< DateTime64 and Int64: whole fractions of a second
  json,     ///< a JSON value that is not in a string
};

struct written_column {
  column source;
  column_form form = column_form::string;
  unsigned digits = 9;  ///< of `ticks`
};

/// The same entries give the same bytes. A value that is missing, or does not fit, is left out, so that the column gets its
/// default. Ill-formed UTF-8 becomes U+FFFD. Thread: one. Throws: std::bad_alloc.
class row_writer {
 public:
  explicit row_writer(std::vector<written_column> columns) : columns_(std::move(columns)) {
    for (written_column const& c : columns_) {
      text_buffer name;
      name.push_back(names_.empty() ? '{' : ',');
      json::put_text(name, c.source.name);
      name.push_back(':');
      names_.emplace_back(name.view());
    }
  }

  /// Appends the row and its newline. `id` is the first column.
  void put(text_buffer& out, entry const& e) {
    for (std::size_t i = 0; i < columns_.size(); ++i) {
      written_column const& c = columns_[i];
      std::size_t const begin = out.size();
      out.append(names_[i]);
      if (!put_column(out, c, e)) out.shrink(begin);
    }
    out.append("}\n");
  }

 private:
  [[nodiscard]] bool put_column(text_buffer& out, written_column const& c, entry const& e) {
    if (c.source.type == column_type::uuid) {
      out.push_back('"');
      out.end_at(put_uuid(out.room(36), e.event.message_id));
      out.push_back('"');
      return true;
    }
    if (&c == &columns_.back() && c.source.name == "event") {
      put_json(out, c.form, envelope_of(e));
      return true;
    }
    auto const found = c.source.path.find(e.event);
    if (!found || found->type == kind::null) return false;
    switch (c.source.type) {
      case column_type::int64: return put_number(out, whole_of(*found));
      case column_type::float64: return put_real(out, real_number_of(*found));
      case column_type::boolean:
        if (found->type != kind::boolean) return false;
        out.append(found->boolean ? "true" : "false");
        return true;
      case column_type::datetime: return put_number(out, time_of(*found, c));
      case column_type::json:
        scratch_.clear();
        json::put(scratch_, *found);
        put_json(out, c.form, scratch_.view());
        return true;
      case column_type::uuid:
      case column_type::string:
      case column_type::low_cardinality: break;
    }
    put_string(out, *found);
    return true;
  }

  void put_string(text_buffer& out, value const& v) {
    if (v.type == kind::string) return json::put_text(out, v.as_string());
    scratch_.clear();
    json::put_plain(scratch_, v);
    json::put_text(out, scratch_.view());
  }
  static void put_json(text_buffer& out, column_form form, std::string_view text) {
    if (form == column_form::json) out.append(text);
    else json::put_text(out, text);
  }
  [[nodiscard]] std::string_view envelope_of(entry const& e) {
    if (!e.json.empty()) return e.json;
    scratch_.clear();
    envelope_.put(scratch_, e.event);
    return scratch_.view();
  }

  static bool put_number(text_buffer& out, std::optional<std::int64_t> number) {
    if (number) json::put_integer(out, *number);
    return number.has_value();
  }
  static bool put_real(text_buffer& out, std::optional<double> number) {
    if (!number || !is_finite(*number)) return false;
    json::put_float(out, *number);
    return true;
  }

  /// Times and durations are nanoseconds.
  [[nodiscard]] static std::optional<std::int64_t> whole_of(value const& v) noexcept {
    if (v.type == kind::timestamp) return v.visit(time_visitor{});
    if (v.type == kind::duration) return v.i64;
    return whole_number_of(v);
  }
  struct time_visitor {
    std::optional<std::int64_t> operator()(value::timestamp time) const noexcept {
      return time.far_seconds == 0 ? std::optional{time.unix_ns} : std::nullopt;
    }
    template <class Other>
    std::optional<std::int64_t> operator()(Other const&) const noexcept {
      return std::nullopt;
    }
  };
  /// DateTime has the years 1970 to 2106.
  [[nodiscard]] static std::optional<std::int64_t> time_of(value const& v, written_column const& c) noexcept {
    auto const ns = v.visit(time_visitor{});
    if (!ns) return ns;
    constexpr unsigned ns_digits = 9;
    std::int64_t divisor = 1;
    for (unsigned i = c.form == column_form::seconds ? 0 : c.digits; i < ns_digits; ++i) divisor *= 10;
    std::int64_t const ticks = *ns / divisor - (*ns % divisor < 0 ? 1 : 0);
    bool const fits = c.form != column_form::seconds ||
                      (ticks >= 0 && ticks <= std::int64_t{(std::numeric_limits<std::uint32_t>::max)()});
    return fits ? std::optional{ticks} : std::nullopt;
  }

  std::vector<written_column> columns_;
  std::vector<std::string> names_;  ///< `{"id":`, `,"timestamp":` ...
  envelope_writer envelope_;
  text_buffer scratch_;
};

}  // namespace fapilog::inline v0_1::detail::ch
