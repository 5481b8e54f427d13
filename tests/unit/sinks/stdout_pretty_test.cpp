// SPDX-License-Identifier: MIT
// Readable lines on standard output, and the choice between them and JSON.
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/files.hpp"

#include <fapilog/record/pattern_writer.hpp>
#include <fapilog/record/text_pattern.hpp>
#include <fapilog/sinks/stdout_auto.hpp>
#include <fapilog/sinks/stdout_pretty.hpp>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <sys/ioctl.h>

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using fapilog::event;
using fapilog::kind;
using fapilog::level;
using fapilog::member;
using fapilog::value;
using fapilog::sinks::colour_mode;
using fapilog::sinks::stdout_auto;
using fapilog::sinks::stdout_pretty;
using support::events;

namespace {

constexpr std::string_view readable_form = "{time} {level:<8} {logger:<12} {message} {fields} {source}";

std::string pretty(event const& e, fapilog::detail::pattern_style style = {}) {
  fapilog::detail::text_buffer out;
  fapilog::detail::pattern_writer{fapilog::detail::pattern_compiler::compile(readable_form), style}.put(out,
                                                                                                        e);
  return std::string{out.view()};
}

value number_of(kind type, std::int64_t number, std::uint32_t extra = 0) {
  value v;
  v.type = type;
  v.size = extra;
  v.i64 = number;
  return v;
}

/// A field with this value as it is shown.
std::string shown(value const& v) {
  events all;
  event& e = all.add("m");
  e.data.push_back({"k", v});
  std::string const line = pretty(e);
  std::size_t const begin = line.find(" k=") + 3;
  return line.substr(begin, line.size() - begin - 1);
}
std::string shown(std::string_view text) { return shown(value::of_string(text)); }

/// True if a terminal or a reader of lines can safely show the string: valid UTF-8, and no control character except the
/// ends of lines.
bool is_harmless(std::string_view text) {
  while (!text.empty()) {
    auto const point = fapilog::detail::decode_utf8(text);
    if (!point.ok || (point.value != '\n' && fapilog::detail::is_control(point.value))) return false;
    text.remove_prefix(point.size);
  }
  return true;
}

}  // namespace

TEST_CASE("a line has time, level, logger, message, fields, ids and location") {
  events all;
  event& e = all.add("user logged in");
  e.data.push_back({"user", value::of_number(42)});
  e.data.push_back({"ip", value::of_string("10.0.0.1")});
  e.context.push_back({"request_id", value::of_string("r-1")});
  CHECK(pretty(e) ==
        "2026-01-27 10:30:00.123Z INFO     billing      user logged in user=42 ip=10.0.0.1 request_id=r-1\n");

  e.file = "/home/dev/src/login.cpp";
  e.line = 12;
  CHECK_THAT(pretty(e), Catch::Matchers::EndsWith(" request_id=r-1 login.cpp:12\n"));
}

TEST_CASE("levels are padded to the longest, and coloured by severity") {
  struct expectation {
    level severity;
    char const* colour;
  };
  for (auto const& [severity, colour] :
       {expectation{level::debug, "36"}, expectation{level::info, "32"}, expectation{level::warning, "33"},
        expectation{level::error, "1;31"}, expectation{level::critical, "1;97;41"},
        expectation{level::audit, "1;35"}, expectation{level::security, "1;35"}}) {
    events all;
    event& e = all.add("m", severity);
    std::string name{fapilog::level_name(severity)};
    name.resize(8, ' ');
    CHECK(pretty(e) == "2026-01-27 10:30:00.123Z " + name + " billing      m\n");
    CHECK_THAT(pretty(e, {.colours = true}),
               ContainsSubstring(" \x1b[" + std::string{colour} + "m" + name + "\x1b[0m billing      "));
  }
  events all;
  event& custom = all.add("m", fapilog::custom_level(25));
  custom.level_name = "NOTICE";
  CHECK_THAT(pretty(custom, {.colours = true}), ContainsSubstring("\x1b[32mNOTICE  \x1b[0m"));
}

TEST_CASE("every kind of value has a readable form") {
  events all;
  CHECK(shown(value{}) == "null");
  CHECK(shown(value::of_bool(true)) == "true");
  CHECK(shown(value::of_number(-7)) == "-7");
  CHECK(shown(number_of(kind::u64, -1)) == "18446744073709551615");
  value f;
  f.type = kind::f64;
  f.f64 = 0.1;
  CHECK(shown(f) == "0.1");
  CHECK(shown(number_of(kind::timestamp, 1'769'509'800'123'456'789, 6)) == "2026-01-27T10:30:00.123456Z");
  CHECK(shown(number_of(kind::duration, 1'500'000'000, 3)) == "1.5s");
  CHECK(shown(number_of(kind::pointer, 0xbeef)) == "0xbeef");
  value character;
  character.type = kind::character;
  character.code_point = 0x20AC;
  CHECK(shown(character) == "\u20ac");
  character.code_point = 0x1B;
  CHECK(shown(character) == "\\x1b");
  value const list = all.array({value::of_number(1), value::of_string("a b"), value{}});
  value const object = all.object({{"list", list}, {"deep", all.object({{"x", value::of_bool(false)}})}});
  CHECK(shown(list) == R"([1,"a b",null])");
  CHECK(shown(object) == R"({"list":[1,"a b",null],"deep":{"x":false}})");
}

TEST_CASE("strings are quoted if they could be confused with the rest of the line") {
  CHECK(shown("plain") == "plain");
  CHECK(shown("gr\u00fcn/\u65e5\u672c") == "gr\u00fcn/\u65e5\u672c");
  CHECK(shown("") == R"("")");
  CHECK(shown("two words") == R"("two words")");
  CHECK(shown("a=b") == R"("a=b")");
  CHECK(shown(R"(say "hi")") == R"("say \"hi\"")");
  CHECK(shown(R"(C:\new)") == R"("C:\\new")");
  CHECK(shown("line\nbreak") == "line\\nbreak");
  CHECK(shown(" \x1b") == R"(" \x1b")");
}

TEST_CASE("an exception follows on indented lines with its causes") {
  events all;
  event& e = all.add("charge failed", level::error);
  value const root =
      all.object({{"error.type", value::of_string("std::out_of_range")},
                  {"error.message", value::of_string("card\n2026-01-27 10:30:00.123Z | INFO | forged")}},
                 kind::exception);
  value const middle = all.object({{"error.type", value::of_string("acme::declined")},
                                   {"error.message", value::of_string("no money")},
                                   {"error.code", value::of_number(51)},
                                   {"error.stack", value::of_string("#0 pay()\n#1 main()\x1b[2J")},
                                   {"error.cause", root}},
                                  kind::exception);
  e.diagnostics.push_back({"pid", value::of_number(7)});
  e.diagnostics.push_back({"exception", middle});
  CHECK(pretty(e) ==
        "2026-01-27 10:30:00.123Z ERROR    billing      charge failed\n"
        "    acme::declined: no money error.code=51\n"
        "        #0 pay()\n"
        "        #1 main()\\x1b[2J\n"
        "    caused by: std::out_of_range: card\\n2026-01-27 10:30:00.123Z | INFO | forged\n");
}

TEST_CASE("no string can forge a line or control the terminal, wherever it appears") {
  struct expectation {
    std::string text;
    std::string shown;
  };
  std::vector<expectation> const attacks{
      {"a\nb", "a\\nb"},
      {"a\rb", "a\\rb"},
      {"a\tb", "a\\tb"},
      {std::string("a\0b", 3), "a\\x00b"},
      {"\x1b[2J\x1b]0;owned\x07", "\\x1b[2J\\x1b]0;owned\\x07"},
      {"a\x7f", "a\\x7f"},
      {"a\xc2\x9b"
       "2J",
       "a\\x9b2J"},  // C1, which terminals treat like ESC [
      {"a\xc2\x85"
       "b",
       "a\\x85b"},  // next line
      {"a\x9b"
       "2J",
       "a\xef\xbf\xbd"
       "2J"},  // the same byte alone is not UTF-8
      {"a\xe2\x80\xa8"
       "b\xe2\x80\xa9",
       "a\\u2028b\\u2029"},
      {"a\xe2\x80\xae"
       "b\xe2\x80\xac",
       "a\\u202eb\\u202c"},
      {"\xe2\x81\xa6"
       "b\xe2\x81\xa9",
       "\\u2066b\\u2069"},
      {"\xc0\x8a", "\xef\xbf\xbd\xef\xbf\xbd"},                  // an overlong line feed
      {"\xed\xa0\x80", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},  // a surrogate
      {"\xf0\x9f\x98\x80", "\xf0\x9f\x98\x80"},
      {"cut \xf0\x9f\x98", "cut \xef\xbf\xbd"},
  };
  for (auto const& [text, expected] : attacks) {
    events all;
    event& e = all.add(text);
    e.logger = text;
    e.level_name = text;
    e.data.push_back({text, value::of_string(text)});
    e.data.push_back({"nested", all.object({{text, all.array({value::of_string(text)})}})});
    e.context.push_back({"correlation_id", value::of_string(text)});
    std::string const path = "/src/" + text;
    e.file = path.c_str();
    e.diagnostics.push_back({"exception", all.object({{"error.type", value::of_string(text)},
                                                      {"error.message", value::of_string(text)},
                                                      {text, value::of_string(text)}},
                                                     kind::exception)});
    std::string const line = pretty(e);
    INFO(line);
    CHECK(is_harmless(line));
    CHECK(support::split_lines(line).size() == 2);
    CHECK_THAT(line, ContainsSubstring("Z " + expected));
    CHECK_THAT(line, ContainsSubstring("    " + expected + ": " + expected));
  }
}

TEST_CASE("arbitrary bytes result in the right number of harmless lines") {
  std::mt19937 random{20'260'127};
  auto const some_bytes = [&](std::size_t most) {
    std::string text(random() % most, '\0');
    for (char& c : text) {
      // Bytes that begin and end sequences are more likely than in plain noise.
      constexpr unsigned char likely[] = {0x1b, '\n', 0xc2, 0x9b, 0xe2, 0x80, 0xa8,
                                          0xae, 0xf0, 0x9f, '"',  '\\', ' '};
      c = static_cast<char>(random() % 2 == 0 ? likely[random() % sizeof likely] : random() % 256);
    }
    return text;
  };
  for (int i = 0; i < 3'000; ++i) {
    events all;
    std::string const message = some_bytes(i % 100 == 0 ? 20'000 : 60), key = some_bytes(20),
                      text = some_bytes(60);
    event& e = all.add(message);
    e.data.push_back({key, value::of_string(text)});
    std::string const line = pretty(e);
    REQUIRE(is_harmless(line));
    REQUIRE(support::split_lines(line).size() == 1);
  }
}

TEST_CASE("a line that is wider than the terminal continues on indented ones") {
  support::pseudo_terminal terminal;
  ::winsize size{};
  size.ws_col = 60;
  REQUIRE(::ioctl(terminal.terminal(), TIOCSWINSZ, &size) == 0);
  events all;
  event& e = all.add("user logged in");
  e.file = "login.cpp";
  e.line = 12;
  e.data.push_back({"agent", value::of_string("Mozilla/5.0 (X11; Linux x86_64)")});
  std::string const id(70, 'x');
  e.data.push_back({"id", value::of_string(id)});
  stdout_pretty sink{{.descriptor = terminal.terminal(), .colours = colour_mode::never}};
  CHECK(sink.write(all.batch()));
  CHECK(terminal.read_once() ==
        "10:30:00.123Z INFO     billing      user logged in\n"
        "    agent=\"Mozilla/5.0 (X11; Linux x86_64)\"\n"
        "    id=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n"
        "    xxxxxxxxxxxxxxxxx login.cpp:12\n");
  stdout_pretty whole{{.descriptor = terminal.terminal(), .colours = colour_mode::never, .wrap = false}};
  CHECK(whole.write(all.batch()));
  CHECK(support::split_lines(terminal.read_once()).size() == 1);

  size.ws_col = 80;  // the window becomes wider
  REQUIRE(::ioctl(terminal.terminal(), TIOCSWINSZ, &size) == 0);
  CHECK(sink.write(all.batch()));
  CHECK_THAT(terminal.read_once(),
             StartsWith("10:30:00.123Z INFO     billing      user logged in\n"
                        "                                    agent=\"Mozilla/5.0 (X11; Linux x86_64)\"\n"));
}

TEST_CASE("no value can begin a line, however narrow the terminal is") {
  std::mt19937 random{7};
  fapilog::detail::pattern_writer writer{fapilog::detail::pattern_compiler::compile("{message} {fields}"),
                                         {.colours = true}};
  for (std::size_t columns = 1; columns < 120; ++columns) {
    writer.set_width(columns);
    std::string message, text;
    for (int i = 0; i < 60; ++i) {
      message += random() % 4 == 0 ? " " : random() % 9 == 0 ? "\u00fc" : "m";
      text += random() % 4 == 0 ? " " : random() % 9 == 0 ? "\x1b" : "v";
    }
    events all;
    event& e = all.add(message);
    e.data.push_back({"key", value::of_string(text)});
    fapilog::detail::text_buffer out;
    writer.put(out, e);
    auto const lines = support::split_lines(std::string{out.view()});
    REQUIRE_FALSE(lines.empty());
    for (std::size_t i = 1; i < lines.size(); ++i) CHECK_THAT(std::string{lines[i]}, StartsWith("    "));
  }
}

TEST_CASE("a batch of readable lines is written with one call, and needs no JSON") {
  support::pipe_pair pipe{O_DIRECT};
  stdout_pretty sink{{.descriptor = pipe.write_end()}};
  events all;
  all.add("first");
  all.add("second", level::error);
  CHECK(sink.write(all.batch()));
  CHECK(pipe.read_once() ==
        "2026-01-27 10:30:00.123Z INFO     billing      first\n"
        "2026-01-27 10:30:00.123Z ERROR    billing      second\n");
  CHECK_FALSE(fapilog::any_sink{stdout_pretty{}}.needs_json());
  CHECK(fapilog::any_sink{stdout_pretty{}}.name() == "stdout_pretty");
}

TEST_CASE("a partly written entry of several lines is finished before any other") {
  support::pipe_pair pipe{O_NONBLOCK};
  stdout_pretty sink{{.descriptor = pipe.write_end(), .write_timeout = std::chrono::milliseconds{0}}};
  events all;
  std::string const filler(200, 'x');
  for (int i = 0; i < 1'000; ++i) {
    event& e = all.add(filler, level::error);
    e.data.push_back({"n", value::of_number(i)});
    e.diagnostics.push_back({"exception", all.object({{"error.type", value::of_string("type")},
                                                      {"error.message", value::of_string(filler)}})});
  }
  fapilog::batch rest = all.batch();
  std::string got;
  std::size_t offers = 0;
  for (;; ++offers) {
    auto const result = sink.write(rest);
    got += pipe.read_once(30'001);
    if (result) break;
    REQUIRE(result.outcome() == fapilog::write_outcome::retry);
    rest = rest.from(result.first_to_retry());
    REQUIRE(offers < 1'000);
  }
  got += pipe.read_all();
  CHECK(offers > 3);
  std::string expected;
  for (fapilog::entry const& one : all.batch()) expected += pretty(one.event);
  CHECK((got == expected));  // in parentheses, so that a failure does not print it
}

TEST_CASE(
    "colours appear on a terminal, unless NO_COLOR or TERM disables them, and FORCE_COLOR comes first") {
  support::pseudo_terminal terminal;
  support::pipe_pair pipe;
  support::environment_variable const no_wish{"NO_COLOR", nullptr};
  support::environment_variable const not_forced{"FORCE_COLOR", nullptr};
  support::environment_variable const good_terminal{"TERM", "xterm-256color"};
  auto const is_coloured = [&](int descriptor, colour_mode colours = colour_mode::automatic) {
    stdout_pretty sink{{.descriptor = descriptor, .colours = colours}};
    events all;
    all.add("m", level::error);
    REQUIRE(sink.write(all.batch()));
    std::string const line = descriptor == terminal.terminal() ? terminal.read_once() : pipe.read_once();
    REQUIRE_THAT(line, ContainsSubstring("ERROR"));
    return line.find("\x1b[1;31mERROR") != std::string::npos;
  };
  int const tty = terminal.terminal();
  int const no_tty = pipe.write_end();
  CHECK(is_coloured(tty));
  CHECK_FALSE(is_coloured(no_tty));
  CHECK(is_coloured(no_tty, colour_mode::always));
  CHECK_FALSE(is_coloured(tty, colour_mode::never));
  {
    support::environment_variable const wish{"NO_COLOR", "1"};
    CHECK_FALSE(is_coloured(tty));
    CHECK(is_coloured(tty, colour_mode::always));
  }
  {
    support::environment_variable const empty{"NO_COLOR", ""};
    CHECK(is_coloured(tty));
  }
  {
    support::environment_variable const force{"FORCE_COLOR", "1"};
    support::environment_variable const wish{"NO_COLOR", "1"};
    CHECK(is_coloured(no_tty));
    CHECK(is_coloured(tty));
    CHECK_FALSE(is_coloured(tty, colour_mode::never));
  }
  {
    support::environment_variable const refuse{"FORCE_COLOR", "0"};
    CHECK_FALSE(is_coloured(tty));
  }
  {
    support::environment_variable const dumb{"TERM", "dumb"};
    CHECK_FALSE(is_coloured(tty));
  }
}

TEST_CASE("stdout_auto writes readable lines on a terminal and JSON elsewhere") {
  support::pseudo_terminal terminal;
  support::pipe_pair pipe;
  auto const entries = [] {
    auto storage = std::make_shared<fapilog::detail::batch_storage>();
    event& e = storage->entries().emplace_back(storage->memory()).event;
    e.message = "hello";
    e.level_name = "INFO";
    e.logger = "root";
    storage->text().append("{\"message\":\"hello\"}\n");
    storage->entries()[0].json = storage->text().view().substr(0, storage->text().size() - 1);
    return fapilog::batch{storage};
  }();

  stdout_auto at_terminal{{.descriptor = terminal.terminal(), .colours = colour_mode::never}};
  CHECK(at_terminal.name() == "stdout_pretty");
  CHECK_FALSE(at_terminal.needs_json());
  CHECK(at_terminal.write(entries));
  CHECK(terminal.read_once() == "00:00:00.000Z INFO     root         hello\n");

  stdout_auto elsewhere{{.descriptor = pipe.write_end()}};
  CHECK(elsewhere.name() == "stdout_json");
  CHECK(elsewhere.needs_json());
  CHECK(elsewhere.write(entries));
  CHECK(pipe.read_once() == "{\"message\":\"hello\"}\n");
  CHECK(elsewhere.health().healthy);

  fapilog::any_sink any{stdout_auto{{.descriptor = pipe.write_end()}}};
  CHECK(any.write(entries));
  CHECK(pipe.read_once() == "{\"message\":\"hello\"}\n");
}
