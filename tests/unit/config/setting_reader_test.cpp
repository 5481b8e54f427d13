// SPDX-License-Identifier: MIT
// Aggregates are read from JSON and from the environment, and every mistake is reported.
#include "support/catch.hpp"

#include <fapilog/config/nearest_name.hpp>
#include <fapilog/config/setting_table.hpp>
#include <fapilog/detail/text/quantity_text.hpp>
#include <fapilog/setting.hpp>

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/read_settings.hpp"

using fapilog::setting;
using fapilog::setting_form;
using support::read_environment;
using support::read_json;
using support::refused_environment;
using support::refused_json;
using namespace std::chrono_literals;

namespace {

enum class colour { red, green };

struct part {
  int count = 1;
  std::vector<std::string> words = {};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "count", .text = "How many.", .min = 1, .max = 9}, self.count);
    visit(setting{.name = "words", .text = "Which."}, self.words);
  }
};

/// A member of each supported type.
struct everything {
  bool flag = false;
  int number = -7;
  std::uint16_t small = 3;
  std::uint64_t large = 0;
  double share = 0.5;
  double rate = 1;
  std::string text = "t";
  fapilog::level lowest = fapilog::level::info;
  fapilog::level_set kept = fapilog::level_set::of(fapilog::level::error);
  colour shade = colour::red;
  std::chrono::nanoseconds pause{5};
  std::chrono::milliseconds wait_ms{50};
  std::chrono::seconds interval{0};
  std::chrono::duration<double> window_seconds{1.5};
  std::uint64_t size = 10 << 20;
  unsigned mode = 0600;
  std::string password = {};
  std::vector<std::string> names = {"a"};
  std::vector<int> numbers = {};
  std::set<std::string> kinds = {};
  std::map<std::string, std::string> headers = {};
  std::vector<std::pair<std::string, fapilog::level>> levels = {};
  std::vector<std::pair<fapilog::level, std::string>> level_names = {};
  std::optional<std::uint32_t> seed = {};
  part inner = {};
  std::vector<part> parts = {};
  std::map<std::string, std::string> secrets = {};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    visit(setting{.name = "flag", .text = "A flag."}, self.flag);
    visit(setting{.name = "number", .text = "A number."}, self.number);
    visit(setting{.name = "small", .text = "A small number."}, self.small);
    visit(setting{.name = "large", .text = "A large number."}, self.large);
    visit(setting{.name = "share", .text = "A share.", .min = 0, .max = 1}, self.share);
    visit(setting{.name = "rate", .text = "A rate.", .min = 0, .above_min = true}, self.rate);
    visit(setting{.name = "text", .text = "A string."}, self.text);
    visit(setting{.name = "lowest", .text = "A level."}, self.lowest);
    visit(setting{.name = "kept", .text = "Levels."}, self.kept);
    visit(setting{.name = "shade", .text = "A colour."}, self.shade);
    visit(setting{.name = "pause", .text = "A duration."}, self.pause);
    visit(setting{.name = "wait_ms", .text = "In milliseconds.", .max = 1'000}, self.wait_ms);
    visit(setting{.name = "interval", .text = "Whole seconds."}, self.interval);
    visit(setting{.name = "window_seconds", .text = "In seconds.", .min = 1}, self.window_seconds);
    visit(setting{.name = "size", .text = "A size.", .min = 1'024, .form = setting_form::bytes}, self.size);
    visit(setting{.name = "mode", .text = "Permissions.", .max = 0777, .form = setting_form::octal},
          self.mode);
    visit(setting{.name = "password", .text = "A secret.", .form = setting_form::secret}, self.password);
    visit(setting{.name = "names", .text = "Names."}, self.names);
    visit(setting{.name = "numbers", .text = "Numbers.", .min = 0}, self.numbers);
    visit(setting{.name = "kinds", .text = "Kinds."}, self.kinds);
    visit(setting{.name = "headers", .text = "Headers."}, self.headers);
    visit(setting{.name = "levels", .text = "Levels by name."}, self.levels);
    visit(setting{.name = "level_names", .text = "Names by level."}, self.level_names);
    visit(setting{.name = "seed", .text = "Perhaps a number."}, self.seed);
    visit(setting{.name = "inner", .text = "A part."}, self.inner);
    visit(setting{.name = "parts", .text = "Parts."}, self.parts);
    visit(setting{.name = "secrets", .text = "Secrets by name.", .form = setting_form::secret}, self.secrets);
  }
};

}  // namespace

template <>
struct fapilog::enum_names<colour> {
  static constexpr std::array<std::pair<colour, std::string_view>, 2> names{
      {{colour::red, "red"}, {colour::green, "green"}}};
};

TEST_CASE("reads every type of setting from JSON") {
  auto const got = read_json<everything>(R"({
    "flag": true, "number": -9, "small": 65535, "large": 18446744073709551615, "share": 1, "rate": 2.5e1,
    "text": "\u00fc", "lowest": "warn", "kept": ["DEBUG", 25], "shade": "green",
    "pause": "250ms", "wait_ms": 30, "interval": "daily", "window_seconds": 90, "size": "1.5 MB", "mode": "0644",
    "password": "p", "names": ["x", "y"], "numbers": [1, 2], "kinds": ["k", "k"], "headers": {"X-A": "1"},
    "levels": {"db.*": "ERROR"}, "level_names": {"25": "NOTICE"}, "seed": 5,
    "inner": {"count": 3}, "parts": [{"words": ["w"]}, {}], "secrets": {"a": "b"}})");
  CHECK(got.flag);
  CHECK(got.number == -9);
  CHECK(got.small == 65'535);
  CHECK(got.large == 18'446'744'073'709'551'615U);
  CHECK(got.share == 1.0);
  CHECK(got.rate == 25.0);
  CHECK(got.text == "\xC3\xBC");
  CHECK(got.lowest == fapilog::level::warning);
  CHECK(got.kept == fapilog::level_set::of(fapilog::level::debug, fapilog::custom_level(25)));
  CHECK(got.shade == colour::green);
  CHECK(got.pause == 250ms);
  CHECK(got.wait_ms == 30ms);
  CHECK(got.interval == 24h);
  CHECK(got.window_seconds == 90s);
  CHECK(got.size == 1'572'864);
  CHECK(got.mode == 0644);
  CHECK(got.password == "p");
  CHECK(got.names == std::vector<std::string>{"x", "y"});
  CHECK(got.numbers == std::vector<int>{1, 2});
  CHECK(got.kinds == std::set<std::string>{"k"});
  CHECK(got.headers == std::map<std::string, std::string>{{"X-A", "1"}});
  CHECK(got.levels == std::vector<std::pair<std::string, fapilog::level>>{{"db.*", fapilog::level::error}});
  CHECK(got.level_names ==
        std::vector<std::pair<fapilog::level, std::string>>{{fapilog::custom_level(25), "NOTICE"}});
  CHECK(got.seed == 5);
  CHECK(got.inner.count == 3);
  REQUIRE(got.parts.size() == 2);
  CHECK(got.parts[0].words == std::vector<std::string>{"w"});
  CHECK(got.parts[1].count == 1);
  CHECK(got.secrets.at("a") == "b");
}

TEST_CASE("reads every type of setting from the environment") {
  auto const got = read_environment<everything>({{"FLAG", "Yes"},
                                                 {"NUMBER", " -9 "},
                                                 {"SHARE", "0.25"},
                                                 {"TEXT", "  [kept] as it is "},
                                                 {"LOWEST", "error"},
                                                 {"KEPT", "DEBUG, 25"},
                                                 {"SHADE", "GREEN"},
                                                 {"PAUSE", "0.5"},
                                                 {"WAIT_MS", "30"},
                                                 {"INTERVAL", "1h"},
                                                 {"SIZE", "2048"},
                                                 {"MODE", "0640"},
                                                 {"PASSWORD", "{\"not\": \"read\"}"},
                                                 {"NAMES", "x, y ,z"},
                                                 {"NUMBERS", "[1, 2]"},
                                                 {"HEADERS", R"({"X-A": "1"})"},
                                                 {"HEADERS__X_B", "2"},
                                                 {"LEVELS", R"({"db.*": "ERROR"})"},
                                                 {"SEED", "5"},
                                                 {"INNER__COUNT", "3"},
                                                 {"PARTS", R"([{"count": 2}])"}});
  CHECK(got.flag);
  CHECK(got.number == -9);
  CHECK(got.share == 0.25);
  CHECK(got.text == "  [kept] as it is ");
  CHECK(got.lowest == fapilog::level::error);
  CHECK(got.kept == fapilog::level_set::of(fapilog::level::debug, fapilog::custom_level(25)));
  CHECK(got.shade == colour::green);
  CHECK(got.pause == 500ms);
  CHECK(got.wait_ms == 30ms);
  CHECK(got.interval == 1h);
  CHECK(got.size == 2'048);
  CHECK(got.mode == 0640);
  CHECK(got.password == "{\"not\": \"read\"}");
  CHECK(got.names == std::vector<std::string>{"x", "y", "z"});
  CHECK(got.numbers == std::vector<int>{1, 2});
  CHECK(got.headers == std::map<std::string, std::string>{{"X-A", "1"}, {"x_b", "2"}});
  CHECK(got.levels.size() == 1);
  CHECK(got.seed == 5);
  CHECK(got.inner.count == 3);
  CHECK(got.parts.at(0).count == 2);
  for (auto const* const word : {"true", "on", "1", "YES"})
    CHECK(read_environment<everything>({{"FLAG", word}}).flag);
  for (auto const* const word : {"false", "off", "0", "No"}) {
    CHECK_FALSE(read_environment<everything>({{"FLAG", word}}).flag);
  }
}

TEST_CASE("a missing setting, null and an empty variable keep the default") {
  auto const got = read_json<everything>(R"({"number": null, "seed": null, "inner": null})");
  CHECK(got.number == -7);
  CHECK_FALSE(got.seed);
  CHECK(got.inner.count == 1);
  CHECK(read_environment<everything>({{"NUMBER", ""}}).number == -7);
  CHECK(read_environment<everything>({{"NAMES", ""}}).names == std::vector<std::string>{"a"});
  CHECK(read_environment<everything>({{"NAMES", "[]"}}).names.empty());
}

TEST_CASE("reports each wrong value in one clear error") {
  struct example {
    std::string given;
    std::string said;  ///< the message after "fapilog: sink_config.probe."
  };
  std::string const duration = R"(a duration: a number of seconds, or a string such as "250ms" or "1.5h")";
  std::string const level =
      "a level: TRACE, DEBUG, INFO, WARNING, ERROR, CRITICAL, AUDIT, SECURITY or a number from 0 to 99";
  std::vector<example> const table{
      {R"({"flag": "yes"})", R"(flag: "yes" is invalid; expected true or false)"},
      {R"({"flag": 1})", R"(flag: 1 is invalid; expected true or false)"},
      {R"({"number": 1.5})", "number: 1.5 is invalid; expected a whole number"},
      {R"({"number": "1"})", R"(number: "1" is invalid; expected a whole number)"},
      {R"({"number": 2147483648})", "number: 2147483648 is out of range (-2147483648 to 2147483647)"},
      {R"({"small": -1})", "small: -1 is out of range (0 to 65535)"},
      {R"({"small": 65536})", "small: 65536 is out of range (0 to 65535)"},
      {R"({"small": "x"})", R"(small: "x" is invalid; expected a whole number (0 or more))"},
      {R"({"large": 18446744073709551616})",
       "large: 18446744073709551616 is out of range (0 to 18446744073709551615)"},
      {R"({"share": 1.001})", "share: 1.001 is out of range (0 to 1)"},
      {R"({"rate": 0})", "rate: 0 is out of range (above 0)"},
      {R"({"text": 5})", "text: 5 is invalid; expected a string"},
      {R"({"lowest": "LOUD"})", R"(lowest: "LOUD" is invalid; expected )" + level},
      {R"({"lowest": 100})", "lowest: 100 is out of range (0 to 99)"},
      {R"({"kept": "ERROR"})", R"(kept: "ERROR" is invalid; expected a list of levels)"},
      {R"({"kept": ["ERROR", true]})", "kept[1]: true is invalid; expected " + level},
      {R"({"shade": "Green"})", R"(shade: "Green" is invalid; expected one of red, green)"},
      {R"({"pause": "5 parsecs"})", R"(pause: "5 parsecs" is invalid; expected )" + duration},
      {R"({"pause": -1})", "pause: -1s is out of range (0s or more)"},
      {R"({"pause": "-1s"})", R"(pause: "-1s" is invalid; expected )" + duration},
      {R"({"pause": 1e300})", "pause: more than 100 years is out of range (at most 100 years)"},
      {R"({"pause": 3155760001})", "pause: more than 100 years is out of range (at most 100 years)"},
      {R"({"pause": ""})", R"(pause: "" is invalid; expected )" + duration},
      {R"({"wait_ms": "2s"})", R"(wait_ms: 2s is out of range (0s to 1s))"},
      {R"({"interval": "1500ms"})",
       R"(interval: "1500ms" is invalid; expected a duration: a whole number of seconds, or a string such as "90s" or "daily")"},
      {R"({"window_seconds": 0.5})", R"(window_seconds: 500ms is out of range (1s or more))"},
      {R"({"size": "10 XB"})",
       R"(size: "10 XB" is invalid; expected a size (1 KB or more): a number of bytes, or a string such as "10 MB")"},
      {R"({"size": "1 KiBB"})",
       R"(size: "1 KiBB" is invalid; expected a size (1 KB or more): a number of bytes, or a string such as "10 MB")"},
      {R"({"size": -5})", R"(size: -5 is out of range (1 KB or more))"},
      {R"({"mode": 600})", R"(mode: 600 is invalid; expected a string of octal digits, such as "0600")"},
      {R"({"mode": "0888"})",
       R"(mode: "0888" is invalid; expected a string of octal digits, such as "0600")"},
      {R"({"mode": "7777"})", R"(mode: 07777 is out of range (0 to 0777))"},
      {R"({"password": 12345})", "password: a secret is invalid; expected a string"},
      {R"({"names": {"a": "b"}})", "names: an object is invalid; expected a list of strings"},
      {R"({"names": ["a", 5]})", "names[1]: 5 is invalid; expected a string"},
      {R"({"names": ["a", null]})", "names[1]: null is invalid; expected a string"},
      {R"({"numbers": [-1]})", "numbers[0]: -1 is out of range (0 or more)"},
      {R"({"headers": ["a"]})", "headers: a list is invalid; expected an object"},
      {R"({"headers": {"a": 5}})", "headers.a: 5 is invalid; expected a string"},
      {R"({"secrets": {"a": 5}})", "secrets.a: a secret is invalid; expected a string"},
      {R"({"levels": {"db": "LOUD"}})", R"(levels.db: "LOUD" is invalid; expected )" + level},
      {R"({"seed": -1})", "seed: -1 is out of range (0 to 4294967295)"},
      {R"({"inner": 5})", "inner: a number is invalid; expected an object"},
      {R"({"inner": {"count": 10}})", "inner.count: 10 is out of range (1 to 9)"},
      {R"({"parts": [{}, {"count": 0}]})", "parts[1].count: 0 is out of range (1 to 9)"},
      {R"({"parts": [5]})", "parts[0]: a number is invalid; expected an object"},
  };
  for (auto const& [given, said] : table) {
    CAPTURE(given);
    CHECK(refused_json<everything>(given) == "fapilog: sink_config.probe." + said + " [test:1]");
  }
  CHECK(refused_json<everything>(R"({"level_names": {"loud": "X"}})") ==
        "fapilog: sink_config.probe.level_names.loud: the name is invalid; expected " + level + " [test:1]");
  CHECK(refused_json<everything>("5") ==
        "fapilog: sink_config.probe: a number is invalid; expected an object [test:1]");
}

TEST_CASE("reports each wrong variable in one error that names the variable") {
  CHECK(
      refused_environment<everything>({{"FLAG", "maybe"}}) ==
      R"(fapilog: sink_config.probe.flag: "maybe" is invalid; expected true or false [FAPILOG_PROBE__FLAG])");
  CHECK(refused_environment<everything>({{"SMALL", "70000"}}) ==
        "fapilog: sink_config.probe.small: 70000 is out of range (0 to 65535) [FAPILOG_PROBE__SMALL]");
  CHECK(
      refused_environment<everything>({{"SHARE", "inf"}}) ==
      R"(fapilog: sink_config.probe.share: "inf" is invalid; expected a number (0 to 1) [FAPILOG_PROBE__SHARE])");
  CHECK(
      refused_environment<everything>({{"NUMBERS", "1,x"}}) ==
      R"(fapilog: sink_config.probe.numbers[1]: "x" is invalid; expected a whole number (0 or more) [FAPILOG_PROBE__NUMBERS])");
  CHECK(refused_environment<everything>({{"NUMBERS", "[1, true]"}}) ==
        "fapilog: sink_config.probe.numbers[1]: true is invalid; expected a whole number (0 or more) "
        "[FAPILOG_PROBE__NUMBERS:1]");
  CHECK(refused_environment<everything>({{"NAMES", "[\"a\""}}) ==
        "fapilog: sink_config.probe.names: no list in JSON (this is not JSON: unexpected end of input; "
        "expected ']') is invalid; expected a list of strings [FAPILOG_PROBE__NAMES]");
  CHECK(refused_environment<everything>({{"HEADERS", "a=b"}}) ==
        "fapilog: sink_config.probe.headers: a string is invalid; expected an object "
        "[FAPILOG_PROBE__HEADERS]");
  CHECK(refused_environment<everything>({{"HEADERS", "{\"a\": "}}) ==
        "fapilog: sink_config.probe.headers: a string (this is not JSON: unexpected end of input; expected "
        "'[', '{', or a literal) is invalid; expected an object [FAPILOG_PROBE__HEADERS]");
  CHECK(refused_environment<everything>({{"TEXT__MORE", "x"}, {"TEXT", "y"}}) ==
        "fapilog: cannot be added to FAPILOG_PROBE__TEXT, which is not an object "
        "[FAPILOG_PROBE__TEXT__MORE]");
  CHECK(refused_environment<everything>({{"TEXT", "x"}, {"Text", "y"}}) ==
        "fapilog: is the same setting as FAPILOG_PROBE__TEXT; set one of them [FAPILOG_PROBE__Text]");
}

TEST_CASE("an unknown setting is an error that names the nearest one") {
  CHECK(refused_json<everything>(R"({"numbr": 1})") ==
        "fapilog: sink_config.probe.numbr: unknown setting; did you mean sink_config.probe.number? [test:1]");
  CHECK(refused_json<everything>(R"({"inner": {"cuont": 1}})") ==
        "fapilog: sink_config.probe.inner.cuont: unknown setting; did you mean "
        "sink_config.probe.inner.count? [test:1]");
  CHECK(refused_json<everything>(R"({"inner": {"zzz": 1}})") ==
        "fapilog: sink_config.probe.inner.zzz: unknown setting; known: count, words [test:1]");
  CHECK(refused_json<everything>(R"({"window": 1})") ==
        "fapilog: sink_config.probe.window: unknown setting; did you mean "
        "sink_config.probe.window_seconds? [test:1]");
  CHECK(refused_environment<everything>({{"INNER__CUONT", "1"}}) ==
        "fapilog: sink_config.probe.inner.cuont: unknown setting; did you mean "
        "FAPILOG_PROBE__INNER__COUNT? [FAPILOG_PROBE__INNER__CUONT]");
  CHECK(refused_json<everything>("{\"\\u0000\\n" + std::string(200, 'x') + "\": 1}").size() < 1'000);
}

TEST_CASE("all errors are reported at once, each with its place") {
  try {
    (void)read_json<everything>(
        "{\n\"flag\": 1,\n\"number\":\n2.5\n,\"inner\": {\"x\": 1,\n\n\"count\": 0}}");
    FAIL("accepted");
  } catch (fapilog::settings_error const& error) {
    auto const& all = error.problems();
    REQUIRE(all.size() == 4);
    CHECK((all[0].where == "test:2" && all[0].path == "sink_config.probe.flag"));
    CHECK((all[1].where == "test:4" && all[1].path == "sink_config.probe.number"));
    CHECK((all[2].where == "test:5" && all[2].path == "sink_config.probe.inner.x"));
    CHECK((all[3].where == "test:7" && all[3].path == "sink_config.probe.inner.count"));
    std::string lines;
    for (auto const& one : all) lines += (lines.empty() ? "" : "\n") + one.message();
    CHECK(error.what() == lines);
  }
}

TEST_CASE("no error contains a secret") {
  for (auto const* const text : {R"({"password": ["hunter2"]})", R"({"password": {"hunter2": 1}})",
                                 R"({"secrets": {"a": ["hunter2"]}})", R"({"secrets": "hunter2"})",
                                 R"({"inner": "hunter2"})", "\"hunter2\""}) {
    CAPTURE(text);
    std::string const said = refused_json<everything>(text);
    CHECK_FALSE(said.empty());
    CHECK(said.find("hunter2") == std::string::npos);
  }
  std::string const said = refused_environment<everything>({{"SECRETS", "{\"a\": \"hunter2"}});
  CHECK_FALSE(said.empty());
  CHECK(said.find("hunter2") == std::string::npos);
}

TEST_CASE("a written default is read as the default") {
  auto const text = [](everything const& value) {
    fapilog::detail::config_value all = fapilog::detail::config_value::object();
    for (auto const& row : fapilog::detail::setting_table(value)) all.set(row.name, row.standard);
    return to_json(all);
  };
  everything odd;
  odd.pause = 1'500us;
  odd.size = 1'025;
  odd.mode = 07;
  odd.kept = fapilog::level_set::of(fapilog::level::audit, fapilog::custom_level(1));
  odd.levels = {{"a", fapilog::level::debug}};
  odd.level_names = {{fapilog::custom_level(33), "X"}};
  odd.parts = {{.count = 2, .words = {"a", "b"}}};
  odd.share = 0.1;
  odd.seed = 7;
  for (everything const& value : {everything{}, odd})
    CHECK(text(read_json<everything>(text(value))) == text(value));
  CHECK(text(everything{}).find(R"("size":"10 MB","mode":"0600")") != std::string::npos);
}

TEST_CASE("sizes are read with 1024-based units") {
  using fapilog::detail::parse_bytes;
  CHECK(parse_bytes("10 MB") == 10'485'760);
  CHECK(parse_bytes("1.5kb") == 1'536);
  CHECK(parse_bytes(" 4 KiB ") == 4'096);
  CHECK(parse_bytes("512") == 512);
  CHECK(parse_bytes("1B") == 1);
  CHECK(parse_bytes("2tb") == std::uint64_t{2} << 40);
  CHECK(parse_bytes("18446744073709551615") == 18'446'744'073'709'551'615U);
  for (auto const* const bad : {"", " ", "MB", "-1", "1e3", "1..5 MB", "1.MB", "99999999 TB", "1 M", "1 iB",
                                "0x10", "1 MB x", "18446744073709551616"}) {
    CAPTURE(bad);
    CHECK_FALSE(parse_bytes(bad));
  }
  CHECK(fapilog::detail::bytes_text(10'485'760) == "10 MB");
  CHECK(fapilog::detail::bytes_text(1'000) == "1000");
  CHECK(fapilog::detail::bytes_text(0) == "0");
}

TEST_CASE("durations are read with their units") {
  auto const read = [](std::string_view text) { return fapilog::detail::parse_duration(text, 1e9); };
  CHECK(read("250ms") == 250ms);
  CHECK(read("1.5h") == 90min);
  CHECK(read("10 us") == 10us);
  CHECK(read("7ns") == 7ns);
  CHECK(read("2m") == 2min);
  CHECK(read("1d") == 24h);
  CHECK(read("1w") == 168h);
  CHECK(read("0.25") == 250ms);
  CHECK(read("hourly") == 1h);
  CHECK(read("weekly") == 168h);
  for (auto const* const bad :
       {"", "s", "5 minutes", "-5s", "+5s", "1h30m", "1e3s", "nan", "inf", "99999999999w", "5S"}) {
    CAPTURE(bad);
    CHECK_FALSE(read(bad));
  }
  CHECK(fapilog::detail::duration_text(250ms) == "250ms");
  CHECK(fapilog::detail::duration_text(90s) == "90s");
  CHECK(fapilog::detail::duration_text(7 * 24h) == "7d");
  CHECK(fapilog::detail::duration_text(0s) == "0s");
}

TEST_CASE("the nearest name is the one with the fewest typing errors") {
  using fapilog::detail::distance_of_names;
  using fapilog::detail::nearest_name;
  std::vector<std::string_view> const names{"batch_max_size", "batch_timeout_seconds", "sinks", "service"};
  CHECK(distance_of_names("", "abc") == 3);
  CHECK(distance_of_names("kitten", "sitting") == 3);
  CHECK(distance_of_names("abcd", "abdc") == 1);
  CHECK(nearest_name("batch_max_sze", names) == "batch_max_size");
  CHECK(nearest_name("isnks", names) == "sinks");
  CHECK(nearest_name("batch_timeout", names) == "batch_timeout_seconds");
  CHECK(nearest_name("servce", names) == "service");
  CHECK(nearest_name("zebra", names).empty());
  CHECK(nearest_name("", names).empty());
  CHECK(nearest_name(std::string(1'000, 's'), names).empty());
}
