// SPDX-License-Identifier: MIT
// Turns bytes into a program that logs any keys, strings, numbers, nesting, bound fields and scopes through the public runtime,
// and computes the expected records without the library. Used by the fuzzer and by a test with a bounded run.
#pragma once

#include <fapilog/logger.hpp>
#include <fapilog/record/envelope.hpp>
#include <fapilog/runtime.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/repaired_utf8.hpp"

namespace json_program {

using nlohmann::json;

enum class form : unsigned char {
  null,
  boolean,
  integer,
  natural,
  real,
  single,
  text,
  wide_text,
  character,
  bytes,
  duration,
  timestamp,
  object,
  array,
};
inline constexpr unsigned forms = 14;

/// One value of the program.
struct node {
  form what = form::null;
  std::uint64_t bits = 0;
  std::string text;
  std::u16string wide;
  std::vector<std::byte> bytes;
  std::string key;  ///< of a member
  std::vector<node> members;

  [[nodiscard]] double real() const { return std::bit_cast<double>(bits); }
  [[nodiscard]] float single() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits)); }
  [[nodiscard]] std::int64_t integer() const { return static_cast<std::int64_t>(bits); }
  [[nodiscard]] bool is_container() const { return what == form::object || what == form::array; }
};

inline void to_log(fapilog::value_writer& out, node const& n) {
  using namespace std::chrono;
  switch (n.what) {
    case form::null: return out.value(nullptr);
    case form::boolean: return out.value((n.bits & 1) != 0);
    case form::integer: return out.value(n.integer());
    case form::natural: return out.value(n.bits);
    case form::real: return out.value(n.real());
    case form::single: return out.value(n.single());
    case form::text: return out.value(n.text);
    case form::wide_text: return out.value(n.wide);
    case form::character: return out.value(static_cast<char32_t>(n.bits));
    case form::bytes: return out.value(n.bytes);
    case form::duration: return out.value(nanoseconds{n.integer()});
    case form::timestamp: return out.value(sys_time<nanoseconds>{nanoseconds{n.integer()}});
    case form::object:
      return out.object([&](fapilog::object_writer& o) {
        for (node const& member : n.members) o.kv(fapilog::dynamic_key{member.key}, member);
      });
    case form::array:
      return out.array([&](fapilog::array_writer& a) {
        for (node const& element : n.members) a.value(element);
      });
  }
}

/// The key as it must arrive: cut, repaired, never empty.
inline std::string key_of(std::string const& key) {
  return key.empty() ? "_" : support::repaired_utf8(std::string_view{key}.substr(0, 1'024));
}

inline std::string decimal_seconds(std::int64_t ns) {
  bool const negative = ns < 0;
  std::uint64_t const size = negative ? 0 - static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
  char text[48];
  std::snprintf(text, sizeof text, "%s%llu.%09llu", negative ? "-" : "",
                static_cast<unsigned long long>(size / 1'000'000'000),
                static_cast<unsigned long long>(size % 1'000'000'000));
  return text;
}

inline std::string utc_text(std::int64_t ns) {
  auto seconds = static_cast<std::time_t>(ns / 1'000'000'000);
  std::int64_t rest = ns % 1'000'000'000;
  if (rest < 0) {
    rest += 1'000'000'000;
    --seconds;
  }
  std::tm parts{};
  if (::gmtime_r(&seconds, &parts) == nullptr) return {};
  char date[32];
  std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
  char text[48];
  std::snprintf(text, sizeof text, "%s.%09lldZ", date, static_cast<long long>(rest));
  return text;
}

inline std::string hexadecimal(std::vector<std::byte> const& bytes) {
  std::string text;
  for (std::byte const b : bytes) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned>(b));
    text += two;
  }
  return text;
}

inline std::string narrow(std::u16string const& wide) {
  std::string text;
  for (std::size_t i = 0; i < wide.size(); ++i) {
    std::uint32_t point = wide[i];
    bool const pair = point >= 0xD800 && point < 0xDC00 && i + 1 < wide.size() && wide[i + 1] >= 0xDC00 &&
                      wide[i + 1] < 0xE000;
    if (pair) point = 0x10000 + ((point - 0xD800) << 10) + (static_cast<std::uint32_t>(wide[++i]) - 0xDC00);
    text += support::utf8_of(point);
  }
  return text;
}

inline bool same_bits(double a, double b) {
  return std::bit_cast<std::uint64_t>(a) == std::bit_cast<std::uint64_t>(b);
}

/// True if the parsed value is the one that the node must become.
inline bool is_as_promised(node const& n, json const& arrived) {
  auto const is_text = [&](std::string const& text) {
    return arrived.is_string() && arrived.get_ref<std::string const&>() == text;
  };
  auto const is_odd_number = [&](double number) {
    return is_text(std::isnan(number) ? "NaN" : number < 0 ? "-Infinity" : "Infinity");
  };
  switch (n.what) {
    case form::null: return arrived.is_null();
    case form::boolean: return arrived.is_boolean() && arrived.get<bool>() == ((n.bits & 1) != 0);
    case form::integer: return arrived.is_number_integer() && arrived.dump() == std::to_string(n.integer());
    case form::natural: return arrived.is_number_unsigned() && arrived.get<std::uint64_t>() == n.bits;
    case form::real:
      if (!std::isfinite(n.real())) return is_odd_number(n.real());
      return arrived.is_number_float() && same_bits(arrived.get<double>(), n.real());
    case form::single: {
      if (!std::isfinite(n.single())) return is_odd_number(static_cast<double>(n.single()));
      if (!arrived.is_number_float()) return false;
      auto const number = static_cast<float>(arrived.get<double>());
      return std::bit_cast<std::uint32_t>(number) == static_cast<std::uint32_t>(n.bits);
    }
    case form::text: return is_text(support::repaired_utf8(n.text));
    case form::wide_text: return is_text(narrow(n.wide));
    case form::character: return is_text(support::utf8_of(static_cast<std::uint32_t>(n.bits)));
    case form::bytes: return is_text(hexadecimal(n.bytes));
    case form::duration:
      return arrived.is_number_float() &&
             same_bits(arrived.get<double>(), std::strtod(decimal_seconds(n.integer()).c_str(), nullptr));
    case form::timestamp: return is_text(utc_text(n.integer()));
    case form::array: {
      if (!arrived.is_array() || arrived.size() != n.members.size()) return false;
      for (std::size_t i = 0; i < n.members.size(); ++i) {
        if (!is_as_promised(n.members[i], arrived[i])) return false;
      }
      return true;
    }
    case form::object: {
      std::map<std::string, node const*> last;
      for (node const& member : n.members) last[key_of(member.key)] = &member;
      if (!arrived.is_object() || arrived.size() != last.size()) return false;
      return std::all_of(last.begin(), last.end(), [&](auto const& member) {
        auto const found = arrived.find(member.first);
        return found != arrived.end() && is_as_promised(*member.second, *found);
      });
    }
  }
  return false;
}

/// Turns bytes into the parts of a program; beyond their end everything is zero.
class reader {
 public:
  explicit reader(std::span<std::uint8_t const> bytes) : bytes_(bytes) {}

  [[nodiscard]] bool is_empty() const { return bytes_.empty(); }
  std::uint8_t byte() {
    if (bytes_.empty()) return 0;
    std::uint8_t const first = bytes_.front();
    bytes_ = bytes_.subspan(1);
    return first;
  }
  std::uint64_t word() {
    std::uint64_t result = 0;
    for (int i = 0; i < 8; ++i) result = result << 8 | byte();
    return result;
  }
  unsigned below(unsigned count) { return byte() % count; }

  /// A string: short, long by repetition, or with special characters around the end of a 4,096-byte piece.
  std::string text(std::size_t& budget) {
    unsigned const shape = byte();
    std::string result;
    if (shape < 200) {
      result = characters(shape % 50);
    } else if (shape < 240) {
      std::string const part = characters(1 + shape % 8);
      for (unsigned times = below(64); times > 0 && !part.empty(); --times) result += part;
    } else {
      result.assign(std::size_t{4'096} * (1 + shape % 2) - below(24), 'a');
      result += characters(below(40));
    }
    if (result.size() > budget) result.resize(budget);
    budget -= result.size();
    return result;
  }

  std::string key(std::size_t& budget) {
    static constexpr std::array names{
        "a",    "b",       "c",         "id",     "user_id", "request_id", "correlation_id", "message_id",
        "data", "message", "exception", "origin", "",        "_",          "\xFF",           "\xEF\xBF\xBD"};
    unsigned const which = byte();
    return which < 160 ? names[which % names.size()] : text(budget);
  }

  node value(std::size_t& budget, unsigned depth) {
    node n;
    if (is_empty()) return n;
    n.what = static_cast<form>(below(forms));
    if (depth >= 40 && n.is_container()) n.what = form::null;
    switch (n.what) {
      case form::text: n.text = text(budget); break;
      case form::wide_text:
        for (unsigned size = below(20); size > 0; --size) {
          auto unit = static_cast<char16_t>(byte() << 8);
          unit = static_cast<char16_t>(unit | byte());
          n.wide.push_back(unit);
        }
        break;
      case form::character: n.bits = word() & 0x1FFFFF; break;
      case form::bytes:
        for (char const c : text(budget)) n.bytes.push_back(static_cast<std::byte>(c));
        break;
      case form::object:
        for (unsigned size = below(6); size > 0; --size) {
          std::string name = key(budget);
          n.members.push_back(value(budget, depth + 1));
          n.members.back().key = std::move(name);
        }
        break;
      case form::array:
        for (unsigned size = below(6); size > 0; --size) n.members.push_back(value(budget, depth + 1));
        break;
      default: n.bits = word(); break;
    }
    return n;
  }

 private:
  std::string characters(std::size_t size) {
    size = std::min(size, bytes_.size());
    std::string const result{reinterpret_cast<char const*>(bytes_.data()), size};
    bytes_ = bytes_.subspan(size);
    return result;
  }

  std::span<std::uint8_t const> bytes_;
};

/// A field to be logged. The value of a context key is a string or a number.
struct named {
  std::string key;
  node value;
  bool direct = false;  ///< passed as its own type if it has one, not through to_log

  [[nodiscard]] fapilog::field field() const {
    fapilog::dynamic_key const name{key};
    if (direct) {
      switch (value.what) {
        case form::null: return fapilog::kv(name, nullptr);
        case form::integer:
        case form::natural: break;
        case form::text: return fapilog::kv(name, value.text);
        case form::wide_text: return fapilog::kv(name, value.wide);
        case form::bytes: return fapilog::kv(name, value.bytes);
        default: break;
      }
    }
    return fapilog::kv(name, value);
  }
};

/// Runs programs, one after the other, in one runtime.
class runner {
 public:
  runner() : sink_(std::make_shared<line_box>()), rt_({.sinks = {sink_}}), log_(rt_.get_logger("program")) {}

  /// Returns an empty string if everything arrived as documented, else what did not.
  [[nodiscard]] std::string run(std::span<std::uint8_t const> bytes) {
    reader program{bytes};
    unsigned const shape = program.byte();
    std::size_t bound_budget =
        12'000;  // bound fields are limited to 64 KiB in total, including their overhead
    std::size_t call_budget = 100'000;
    std::vector<named> const scoped =
        fields(program, (shape & 1) != 0 ? 1 + program.below(2) : 0, bound_budget);
    std::vector<named> const bound =
        fields(program, (shape & 2) != 0 ? 1 + program.below(2) : 0, bound_budget);
    std::vector<named> const own = fields(program, program.below(5), call_budget);
    std::string const text = program.text(call_budget);
    node const argument = program.value(call_budget, 0);

    std::optional<fapilog::scope> scope;
    if (scoped.size() == 1) scope.emplace(scoped[0].field());
    if (scoped.size() == 2) scope.emplace(scoped[0].field(), scoped[1].field());
    fapilog::logger log = log_;
    if (bound.size() == 1) log = log.with(bound[0].field());
    if (bound.size() == 2) log = log.with(bound[0].field(), bound[1].field());

    unsigned const way = (shape >> 2) % 3;
    if (way == 0) {
      call(log, own, fapilog::runtime_text{text});
    } else if (way == 1) {
      call_with_arguments(log, own, text, argument);
    } else {
      call_list(log, own, text);
    }
    scope.reset();
    if (!rt_.flush(std::chrono::seconds{60})) return "the flush did not end in time";

    std::vector<std::string> const lines = sink_->take();
    if (lines.size() != 1) return std::to_string(lines.size()) + " lines for one call";
    std::string const wrong = look_at(lines[0], way == 1 ? &argument : nullptr, text, scoped, bound, own);
    return wrong.empty() ? wrong : wrong + " in " + lines[0].substr(0, 2'000);
  }

  [[nodiscard]] fapilog::account counts() const { return rt_.counts(); }

 private:
  struct line_box {
    void write(fapilog::batch const& entries) {
      std::lock_guard const lock{mutex};
      for (fapilog::entry const& e : entries) lines.emplace_back(e.json);
    }
    [[nodiscard]] std::vector<std::string> take() {
      std::lock_guard const lock{mutex};
      return std::exchange(lines, {});
    }
    std::mutex mutex;
    std::vector<std::string> lines;
  };

  static std::vector<named> fields(reader& program, unsigned count, std::size_t& budget) {
    std::vector<named> all;
    for (; count > 0; --count) {
      named n;
      n.direct = (program.byte() & 1) != 0;
      n.key = program.key(budget);
      n.value = program.value(budget, 0);
      bool const keeps =
          n.value.what == form::text || n.value.what == form::integer || n.value.what == form::natural;
      if (fapilog::detail::is_context_key(key_of(n.key)) && !keeps) {
        n.value = {};
        n.value.what = form::text;
        n.value.text = program.text(budget);
      }
      all.push_back(std::move(n));
    }
    return all;
  }

  template <class... Before>
  static void call(fapilog::logger const& log, std::vector<named> const& own, Before const&... before) {
    switch (own.size()) {
      case 0: return log.info(before...);
      case 1: return log.info(before..., own[0].field());
      case 2: return log.info(before..., own[0].field(), own[1].field());
      case 3: return log.info(before..., own[0].field(), own[1].field(), own[2].field());
      default: return log.info(before..., own[0].field(), own[1].field(), own[2].field(), own[3].field());
    }
  }
  static void call_with_arguments(fapilog::logger const& log, std::vector<named> const& own,
                                  std::string const& text, node const& argument) {
    switch (own.size()) {
      case 0: return log.info("{}|{}", text, argument);
      case 1: return log.info("{}|{}", text, argument, own[0].field());
      case 2: return log.info("{}|{}", text, argument, own[0].field(), own[1].field());
      case 3: return log.info("{}|{}", text, argument, own[0].field(), own[1].field(), own[2].field());
      default:
        return log.info("{}|{}", text, argument, own[0].field(), own[1].field(), own[2].field(),
                        own[3].field());
    }
  }
  static void call_list(fapilog::logger const& log, std::vector<named> const& own, std::string const& text) {
    fapilog::runtime_text const message{text};
    switch (own.size()) {
      case 0: return log.info(message);
      case 1: return log.info(message, {own[0].field()});
      case 2: return log.info(message, {own[0].field(), own[1].field()});
      case 3: return log.info(message, {own[0].field(), own[1].field(), own[2].field()});
      default: return log.info(message, {own[0].field(), own[1].field(), own[2].field(), own[3].field()});
    }
  }

  /// Parses, and reports a key that occurs twice in one object, which the parser alone does not.
  static json parsed(std::string const& line, std::string& twice) {
    std::vector<std::set<std::string>> open;
    return json::parse(line, [&](int, json::parse_event_t event, json& value) {
      if (event == json::parse_event_t::object_start) open.emplace_back();
      if (event == json::parse_event_t::object_end) open.pop_back();
      if (event == json::parse_event_t::key && !open.back().insert(value.get<std::string>()).second)
        twice = value;
      return true;
    });
  }

  static std::string look_at(std::string const& line, node const* argument, std::string const& text,
                             std::vector<named> const& scoped, std::vector<named> const& bound,
                             std::vector<named> const& own) {
    if (support::find_raw_control(line) != std::string::npos) return "a raw control character";
    json root;
    std::string twice;
    try {
      root = parsed(line, twice);
    } catch (json::exception const& error) {
      return error.what();
    }
    if (!twice.empty()) return "the key '" + twice + "' appears twice";
    json const& log = root.at("log");

    std::string const wrong = look_at_message(log.at("message"), argument, text);
    if (!wrong.empty()) return wrong;

    std::map<std::string, node const*> data;
    std::map<std::string, node const*> context;
    for (std::vector<named> const* part : {&scoped, &bound, &own}) {
      for (named const& n : *part) {
        std::string const key = key_of(n.key);
        (fapilog::detail::is_context_key(key) ? context : data)[key] = &n.value;
      }
    }
    json const& arrived = log.at("data");
    for (auto const& [key, value] : data) {
      auto const found = arrived.find(key);
      if (found == arrived.end()) return "data has no '" + key + "'";
      if (!is_as_promised(*value, *found)) return "the value of '" + key + "' is wrong";
    }
    if (arrived.size() != data.size()) return "data has more members than were logged";
    return look_at_context(log.at("context"), context);
  }

  static std::string look_at_message(std::string const& message, node const* argument,
                                     std::string const& text) {
    std::string const repaired = support::repaired_utf8(text);
    if (argument == nullptr) return message == repaired ? "" : "the message is wrong";
    if (!message.starts_with(repaired + "|")) return "the message begins wrongly";
    std::string const rest = message.substr(repaired.size() + 1);
    switch (argument->what) {
      case form::object:
      case form::array:
        return is_as_promised(*argument, json::parse(rest)) ? "" : "a container in the message is wrong";
      case form::text:
        return rest == support::repaired_utf8(argument->text) ? "" : "a text in the message is wrong";
      case form::integer:
        return rest == std::to_string(argument->integer()) ? "" : "a number in the message is wrong";
      case form::timestamp:
        return rest == utc_text(argument->integer()) ? "" : "a time in the message is wrong";
      default:
        return rest.empty() && argument->what != form::wide_text && argument->what != form::bytes
                   ? "an argument is missing"
                   : "";
    }
  }

  static std::string look_at_context(json arrived, std::map<std::string, node const*> const& context) {
    auto const text_of = [](node const& n) -> std::string {
      if (n.what == form::text) return support::repaired_utf8(n.text);
      return n.what == form::integer ? std::to_string(n.integer()) : std::to_string(n.bits);
    };
    std::map<std::string, std::string> expected;
    for (auto const& [key, value] : context) expected[key] = text_of(*value);
    if (!expected.contains("correlation_id") && expected.contains("request_id"))
      expected["correlation_id"] = expected["request_id"];
    if (arrived.erase("message_id") != 1) return "there is no message_id";
    if (!expected.contains("correlation_id")) {
      if (!arrived.at("correlation_id").is_null()) return "the correlation_id is not null";
      arrived.erase("correlation_id");
    }
    return arrived == json(expected) ? "" : "the context is wrong";
  }

  std::shared_ptr<line_box> sink_;
  fapilog::runtime rt_;
  fapilog::logger log_;
};

}  // namespace json_program
