// SPDX-License-Identifier: MIT
// Conditions on the fields of records.
#include "query.hpp"
#include "command.hpp"
#include "json_check.hpp"

#include <fapilog/detail/os/platform.hpp>
#include <fapilog/detail/text/quantity_text.hpp>
#include <fapilog/record/json_parts.hpp>
#include <fapilog/record/level.hpp>
#include <fapilog/record/time.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>

namespace cli {
namespace {

namespace json = fapilog::detail::json;
using json::parts_detail::none;
using json::parts_detail::skip_space;
using json::parts_detail::skip_value;

constexpr std::string_view operators = "=<>~!";

std::optional<double> number_of(std::string_view text) {
  double number = 0;
  char const* const end = text.data() + text.size();
  auto const done = std::from_chars(text.data(), end, number);
  if (text.empty() || done.ec != std::errc{} || done.ptr != end) return std::nullopt;
  return number;
}

/// A number, or a duration in seconds, as durations are in JSON.
std::optional<double> quantity_of(std::string_view text) {
  if (auto const plain = number_of(text)) return plain;
  auto const quantity = fapilog::detail::parse_quantity(text);
  if (!quantity) return std::nullopt;
  constexpr std::array<std::pair<std::string_view, double>, 6> units{
      {{"ns", 1e-9}, {"us", 1e-6}, {"ms", 1e-3}, {"s", 1.0}, {"m", 60.0}, {"h", 3'600.0}}};
  for (auto const& [name, seconds] : units) {
    if (quantity->unit == name) return quantity->number * seconds;
  }
  return std::nullopt;
}

bool key_is(std::string_view quoted, std::string_view key) {
  std::string_view const inside = quoted.substr(1, quoted.size() - 2);
  if (inside == key) return true;
  return inside.size() > key.size() && inside.find('\\') != std::string_view::npos && readable(quoted) == key;
}

template <class T>
bool compare(relation is, T const& value, T const& wanted) {
  switch (is) {
    case relation::equal: return value == wanted;
    case relation::unequal: return value != wanted;
    case relation::less: return value < wanted;
    case relation::at_most: return value <= wanted;
    case relation::greater: return value > wanted;
    case relation::at_least: return value >= wanted;
    default: return false;
  }
}

bool holds(term const& one, std::string_view value) {
  if (one.is == relation::present) return true;
  if (one.is == relation::absent) return false;
  bool const is_string = value.front() == '"';
  std::string unescaped;
  std::string_view text = value;
  if (is_string) {
    text = value.substr(1, value.size() - 2);
    if (text.find('\\') != std::string_view::npos) text = unescaped = readable(value);
  }
  if (one.is == relation::contains) return text.find(one.text) != std::string_view::npos;
  if (one.level) {
    auto const level = fapilog::parse_level(text);
    return level.ok ? compare(one.is, static_cast<std::uint8_t>(level.value), *one.level)
                    : one.is == relation::unequal;
  }
  if (one.time) return compare(one.is, text, std::string_view{*one.time});
  if (one.is == relation::equal && text == one.text) return true;
  if (one.is == relation::unequal && text == one.text) return false;
  if (one.number) {
    auto const number = number_of(text);
    return number ? compare(one.is, *number, *one.number) : one.is == relation::unequal;
  }
  if (!is_string) return one.is == relation::unequal;
  return compare(one.is, text, std::string_view{one.text});
}

/// The value at a path below an object, which begins at `at`.
std::optional<std::string_view> find_below(std::string_view text, std::size_t at, std::string_view path) {
  std::optional<std::string_view> direct;
  std::optional<std::string_view> nested;
  (void)json::walk_members(text, at, false, [&](std::string_view key, std::size_t begin) {
    std::size_t const end = skip_value(text, begin);
    if (end == none) return none;
    if (!direct && key_is(key, path)) direct = text.substr(begin, end - begin);
    std::size_t const size = key.size() - 2;
    if (!nested && path.size() > size + 1 && path[size] == '.' && path.starts_with(key.substr(1, size)) &&
        text[begin] == '{')
      nested = find_below(text.substr(0, end), begin, path.substr(size + 1));
    return end;
  });
  return direct ? direct : nested;
}

constexpr std::array<std::pair<std::string_view, place>, 3> places{
    {{"context", place::context}, {"diagnostics", place::diagnostics}, {"data", place::data}}};

place place_of(std::string_view quoted) {
  for (auto const& [name, where] : places) {
    if (quoted.substr(1, quoted.size() - 2) == name) return where;
  }
  return place::any;
}

}  // namespace

std::string readable(std::string_view value) {
  if (value.empty() || value.front() != '"') return std::string{value};
  if (value.find('\\') == std::string_view::npos) return std::string{value.substr(1, value.size() - 2)};
  auto const parsed = nlohmann::json::parse(value, nullptr, false);
  return parsed.is_string() ? parsed.get<std::string>() : std::string{value};
}

field_name parse_field(std::string_view written) {
  if (written == "time") written = "timestamp";
  for (std::string_view const name : {"timestamp", "level", "message", "logger"}) {
    if (written == name) return {place::top, std::string{written}};
  }
  for (auto const& [name, where] : places) {
    if (written.size() > name.size() + 1 && written.starts_with(name) && written[name.size()] == '.')
      return {where, std::string{written.substr(name.size() + 1)}};
  }
  return {place::any, std::string{written}};
}

bool is_term(std::string_view argument) {
  std::size_t const at = argument.find_first_of(operators);
  return at != std::string_view::npos && at > 0 && argument.substr(0, at).find('/') == std::string_view::npos;
}

term parse_term(std::string_view argument) {
  std::size_t const at = argument.find_first_of(operators);
  std::size_t const end = (std::min)(argument.find_first_not_of(operators, at), argument.size());
  std::string_view sign = argument.substr(at, end - at);
  constexpr std::array<std::pair<std::string_view, relation>, 8> signs{{{"=", relation::equal},
                                                                        {"==", relation::equal},
                                                                        {"!=", relation::unequal},
                                                                        {"<", relation::less},
                                                                        {"<=", relation::at_most},
                                                                        {">", relation::greater},
                                                                        {">=", relation::at_least},
                                                                        {"~", relation::contains}}};
  auto const known =
      std::find_if(signs.begin(), signs.end(), [&](auto const& one) { return one.first == sign; });
  if (known == signs.end()) {
    throw usage_error{"'" + std::string{argument} + "': there is no operator '" + std::string{sign} +
                      "'; write = != < <= > >= or ~ (contains)"};
  }
  term made{.field = parse_field(argument.substr(0, at)),
            .is = known->second,
            .text = std::string{argument.substr(end)}};
  if (made.text == "*" && (made.is == relation::equal || made.is == relation::unequal)) {
    made.is = made.is == relation::equal ? relation::present : relation::absent;
    return made;
  }
  if (made.field.where == place::top && made.field.key == "level" && made.is != relation::contains) {
    auto const level = fapilog::parse_level(made.text);
    if (level.ok) {
      made.level = static_cast<std::uint8_t>(level.value);
    } else if (made.is != relation::equal && made.is != relation::unequal) {
      throw usage_error{"'" + std::string{argument} + "': there is no level '" + made.text +
                        "'; write trace, debug, info, warning, error, critical, audit or security"};
    }
    return made;
  }
  if (made.field.where == place::top && made.field.key == "timestamp" && made.is != relation::contains) {
    made.time = parse_time(argument, made.text);
    return made;
  }
  made.number = quantity_of(made.text);
  return made;
}

std::string parse_time(std::string_view option, std::string_view written) {
  std::int64_t const now = fapilog::detail::wall_clock_ns();
  char today[40];
  fapilog::detail::put_timestamp(today, now, 3);
  std::string const now_text{today, 24};
  auto const is_form = [&](std::string_view form) {
    return written.size() == form.size() &&
           std::equal(written.begin(), written.end(), form.begin(),
                      [](char c, char f) { return f == '0' ? c >= '0' && c <= '9' : c == f; });
  };
  std::string const text{written};
  if (is_form("0000-00-00T00:00:00.000Z")) return text;
  if (is_form("0000-00-00T00:00:00Z")) return text.substr(0, 19) + ".000Z";
  if (is_form("0000-00-00T00:00:00")) return text + ".000Z";
  if (is_form("0000-00-00T00:00")) return text + ":00.000Z";
  if (is_form("0000-00-00")) return text + "T00:00:00.000Z";
  if (is_form("00:00:00")) return now_text.substr(0, 11) + text + ".000Z";
  if (is_form("00:00")) return now_text.substr(0, 11) + text + ":00.000Z";
  auto const quantity = fapilog::detail::parse_quantity(written);
  for (auto const& [unit, seconds] : std::initializer_list<std::pair<std::string_view, double>>{
           {"s", 1.0}, {"m", 60.0}, {"h", 3'600.0}, {"d", 86'400.0}}) {
    if (!quantity || quantity->unit != unit) continue;
    char then[40];
    double const ago = (std::min)(quantity->number * seconds, 1e9);
    fapilog::detail::put_timestamp(then, now - static_cast<std::int64_t>(ago * 1e9), 3);
    return {then, 24};
  }
  throw usage_error{
      "'" + std::string{option} + "': '" + text +
      "' is no time; write 2026-11-28T10:00:00Z, 2026-11-28, 10:00 (today, UTC) or 15m (ago; s, m, h, d)"};
}

query::query(std::vector<term> terms) : terms_(std::move(terms)), slots_(terms_.size()) {
  for (term const& one : terms_) has_place_[static_cast<std::size_t>(one.field.where)] = true;
}

verdict query::test(std::string_view line) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t'))
    line.remove_suffix(1);
  std::size_t const begin = skip_space(line, 0);
  if (begin == line.size() || line[begin] != '{' || line.back() != '}') return verdict::no_record;
  std::fill(slots_.begin(), slots_.end(), slot{});
  stop_ = false;
  failed_ = false;
  open_ = terms_.size();
  if (open_ != 0) {
    std::size_t const end = read_object(line, begin, place::top);
    if (stop_ && failed_) return verdict::no_match;
    if (!stop_ && end != line.size()) return verdict::no_record;
    for (std::size_t i = 0; i < terms_.size(); ++i) {
      if (slots_[i].is == state::holds) continue;
      bool const missing = terms_[i].is == relation::unequal || terms_[i].is == relation::absent;
      if (!(slots_[i].is == state::later ? slots_[i].if_later : missing)) return verdict::no_match;
    }
  }
  return json_check::is_object(line) ? verdict::match : verdict::no_record;
}

std::size_t query::read_object(std::string_view line, std::size_t at, place where) {
  auto const result = json::walk_members(line, at, stop_, [&](std::string_view key, std::size_t value) {
    return read_member(line, value, where, key);
  });
  return result == json::walk_result::whole ? at : none;
}

std::size_t query::read_member(std::string_view line, std::size_t at, place where, std::string_view key) {
  if (at >= line.size()) return none;
  if (where == place::top && line[at] == '{') {
    if (key == "\"log\"") return read_object(line, at, place::top);
    place const inner = place_of(key);
    if (inner != place::any) {
      bool const is_of_interest = has_place_[static_cast<std::size_t>(inner)] || has_place_[0];
      return is_of_interest ? read_object(line, at, inner) : skip_value(line, at);
    }
  }
  std::size_t const end = skip_value(line, at);
  if (end == none) return none;
  std::string_view const value = line.substr(at, end - at);
  for (std::size_t i = 0; i < terms_.size() && !stop_; ++i) {
    term const& one = terms_[i];
    if (slots_[i].is == state::holds || (slots_[i].is == state::later && where == place::diagnostics))
      continue;
    if (one.field.where != where && one.field.where != place::any) continue;
    std::string_view const path = one.field.key;
    if (key_is(key, path)) {
      decide(i, holds(one, value), where);
    } else if (std::size_t const size = key.size() - 2; value.front() == '{' && path.size() > size + 1 &&
                                                        path[size] == '.' &&
                                                        path.starts_with(key.substr(1, size))) {
      if (auto const found = find_below(value, 0, path.substr(size + 1)))
        decide(i, holds(one, *found), where);
    }
  }
  return end;
}

void query::decide(std::size_t index, bool holds, place where) {
  slot& one = slots_[index];
  if (terms_[index].field.where == place::any && where == place::diagnostics) {
    one = {state::later, holds};
    return;
  }
  if (!holds) {
    stop_ = failed_ = true;
    return;
  }
  one.is = state::holds;
  if (--open_ == 0) stop_ = true;
}

std::optional<std::string_view> find_field(std::string_view line, field_name const& field) {
  std::size_t at = skip_space(line, 0);
  std::optional<std::string_view> log;
  if (auto const found = find_below(line, at, "log"); found && found->front() == '{') log = found;
  std::string_view const root = log ? *log : line;
  at = log ? 0 : at;
  auto const in = [&](std::string_view name) -> std::optional<std::string_view> {
    auto const section = find_below(root, at, name);
    if (!section || section->front() != '{') return std::nullopt;
    return find_below(*section, 0, field.key);
  };
  switch (field.where) {
    case place::top: return find_below(root, at, field.key);
    case place::context: return in("context");
    case place::diagnostics: return in("diagnostics");
    case place::data: return in("data");
    case place::any: break;
  }
  for (std::string_view const name : {"context", "data", "diagnostics"}) {
    if (auto const found = in(name)) return found;
  }
  return find_below(root, at, field.key);
}

}  // namespace cli
