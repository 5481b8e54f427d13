// SPDX-License-Identifier: MIT
// Makes events of lines.
#include "line_event.hpp"

#include <fapilog/record/level.hpp>
#include <fapilog/record/pattern_time.hpp>
#include <fapilog/record/value.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <cstring>
#include <string>

namespace cli {
namespace {

using fapilog::event;
using fapilog::kind;
using fapilog::value;
using json = nlohmann::ordered_json;

value value_of(json const& from, event& e, kind object_kind = kind::object);

value members_of(json const& from, event& e, kind object_kind) {
  value v;
  v.type = object_kind;
  v.size = static_cast<std::uint32_t>(from.size());
  v.members = e.memory->take_array<fapilog::member>(from.size());
  std::uint32_t i = 0;
  for (auto const& [key, element] : from.items())
    v.members[i++] = {e.copy(key),
                      value_of(element, e, key == "error.cause" ? kind::exception : kind::object)};
  return v;
}

value value_of(json const& from, event& e, kind object_kind) {
  value v;
  switch (from.type()) {
    case json::value_t::boolean: return value::of_bool(from.get<bool>());
    case json::value_t::number_integer: return value::of_number(from.get<std::int64_t>());
    case json::value_t::number_unsigned:
      v.type = kind::u64;
      v.u64 = from.get<std::uint64_t>();
      return v;
    case json::value_t::number_float:
      v.type = kind::f64;
      v.f64 = from.get<double>();
      return v;
    case json::value_t::string: return value::of_string(e.copy(from.get_ref<std::string const&>()));
    case json::value_t::object: return members_of(from, e, object_kind);
    case json::value_t::array: {
      v.type = kind::array;
      v.size = static_cast<std::uint32_t>(from.size());
      v.elements = e.memory->take_array<value>(from.size());
      std::uint32_t i = 0;
      for (json const& element : from) v.elements[i++] = value_of(element, e);
      return v;
    }
    default: return v;
  }
}

/// Nanoseconds of `2026-01-27T10:30:00.123Z`; 0 for another form.
std::int64_t time_of(std::string_view text) {
  auto const number = [text](std::size_t at, std::size_t digits) {
    std::int64_t result = 0;
    for (std::size_t i = at; i < at + digits; ++i) {
      if (i >= text.size() || text[i] < '0' || text[i] > '9') return std::int64_t{-1};
      result = result * 10 + (text[i] - '0');
    }
    return result;
  };
  std::int64_t const year = number(0, 4), month = number(5, 2), day = number(8, 2), hour = number(11, 2),
                     minute = number(14, 2), second = number(17, 2);
  if (year < 1678 || year > 2261 || month < 1 || month > 12 || day < 1 || hour < 0 || minute < 0 ||
      second < 0 || text.back() != 'Z')
    return 0;
  std::int64_t ns = 0;
  std::int64_t unit = 100'000'000;
  for (std::size_t i = 20; i < text.size() && unit > 0 && number(i, 1) >= 0; ++i, unit /= 10)
    ns += number(i, 1) * unit;
  std::int64_t const days =
      fapilog::detail::days_from_civil(year, static_cast<unsigned>(month), static_cast<unsigned>(day));
  return (days * 86'400 + hour * 3'600 + minute * 60 + second) * 1'000'000'000 + ns;
}

/// A string with an end, as the places of calls have it.
char const* c_string(std::string const& text, event& e) {
  return e.copy(std::string_view{text.c_str(), text.size() + 1}).data();
}

void read_diagnostics(json const& all, event& e) {
  for (auto const& [key, one] : all.items()) {
    if (key == "file" && one.is_string()) {
      e.file = c_string(one.get_ref<std::string const&>(), e);
    } else if (key == "function" && one.is_string()) {
      e.function = c_string(one.get_ref<std::string const&>(), e);
    } else if (key == "line" && one.is_number_unsigned()) {
      e.line = one.get<std::uint32_t>();
    } else if (key == "thread_id" && one.is_number_unsigned()) {
      e.thread_id = one.get<std::uint64_t>();
    }
    e.diagnostics.push_back(
        {e.copy(key), value_of(one, e, key == "exception" ? kind::exception : kind::object)});
  }
}

}  // namespace

bool read_event(std::string_view line, event& e) {
  json const parsed = json::parse(line, nullptr, false);
  if (!parsed.is_object()) return false;
  auto const found = parsed.find("log");
  json const& log = found != parsed.end() && found->is_object() ? *found : parsed;
  for (auto const& [key, one] : log.items()) {
    bool const is_text = one.is_string();
    std::string_view const text = is_text ? e.copy(one.get_ref<std::string const&>()) : std::string_view{};
    if (is_text && (key == "timestamp" || key == "time") && e.unix_ns == 0) {
      if (e.unix_ns = time_of(text); e.unix_ns != 0) continue;
    } else if (is_text && key == "level") {
      e.level_name = text;
      if (auto const known = fapilog::parse_level(text); known.ok) e.severity = known.value;
      continue;
    } else if (is_text && (key == "message" || key == "msg") && e.message.empty()) {
      e.message = text;
      continue;
    } else if (is_text && key == "logger") {
      e.logger = text;
      continue;
    } else if (one.is_object() && key == "diagnostics") {
      read_diagnostics(one, e);
      continue;
    } else if (one.is_object() && (key == "data" || key == "context")) {
      for (auto const& [name, field] : one.items()) {
        if (key == "context" && (name == "message_id" || field.is_null())) continue;
        // The envelope repeats the id of the request.
        if (name == "correlation_id" && one.contains("request_id") && one["request_id"] == field) continue;
        (key == "data" ? e.data : e.context).push_back({e.copy(name), value_of(field, e)});
      }
      continue;
    }
    e.data.push_back({e.copy(key), value_of(one, e)});
  }
  return true;
}

}  // namespace cli
