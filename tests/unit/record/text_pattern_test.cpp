// SPDX-License-Identifier: MIT
// Text patterns: what each part writes, what is refused, and files with lines of text.
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/files.hpp"

#include <fapilog/plugins/builtins.hpp>
#include <fapilog/record/pattern_writer.hpp>
#include <fapilog/record/text_pattern.hpp>
#include <fapilog/settings.hpp>
#include <fapilog/sinks/rotating_file.hpp>
#include <fapilog/sinks/stdout_pretty.hpp>

#include <cctype>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

using Catch::Matchers::ContainsSubstring;
using Catch::Matchers::StartsWith;
using fapilog::event;
using fapilog::kind;
using fapilog::level;
using fapilog::value;

namespace {

std::string by_pattern(std::string_view pattern, event const& e, fapilog::detail::pattern_style style = {}) {
  auto compiled = fapilog::detail::pattern_compiler::compile(pattern);
  REQUIRE(compiled.problem.empty());
  fapilog::detail::text_buffer out;
  fapilog::detail::pattern_writer{std::move(compiled), style}.put(out, e);
  std::string line{out.view()};
  REQUIRE(line.ends_with('\n'));
  line.pop_back();
  return line;
}

std::string pattern_refusal(std::string_view pattern) {
  return fapilog::detail::pattern_compiler::compile(pattern).problem;
}

event& order_event(support::events& all) {
  event& e = all.add("paid", level::warning);
  e.file = "/src/shop/order.cpp";
  e.line = 12;
  e.function = "pay";
  e.thread_id = 77;
  e.data.push_back({"amount", value::of_number(5)});
  e.data.push_back({"order", all.object({{"id", value::of_number(1'001)}})});
  e.context.push_back({"trace_id", value::of_string("4bf92f")});
  e.diagnostics.push_back({"pid", value::of_number(4'242)});
  return e;
}

/// Sets the zone of the process while it exists.
class zone_of_process {
 public:
  explicit zone_of_process(char const* zone) : set_{"TZ", zone} { ::tzset(); }
  zone_of_process(zone_of_process const&) = delete;
  zone_of_process& operator=(zone_of_process const&) = delete;
  ~zone_of_process() = default;

 private:
  struct tzset_at_end {
    tzset_at_end() = default;
    tzset_at_end(tzset_at_end const&) = delete;
    tzset_at_end& operator=(tzset_at_end const&) = delete;
    ~tzset_at_end() { ::tzset(); }
  };
  tzset_at_end reset_;
  support::environment_variable set_;
};

std::string human(std::int64_t ns) {
  fapilog::detail::text_buffer out;
  fapilog::detail::put_human_duration(out, ns);
  return std::string{out.view()};
}

}  // namespace

TEST_CASE("a pattern writes each part of a record") {
  support::events all;
  event const& e = order_event(all);
  CHECK(by_pattern("{time:%H:%M:%S.%e} {level:<8} {logger}: {message} {fields}", e) ==
        "10:30:00.123 WARNING  billing: paid amount=5 order={\"id\":1001} trace_id=4bf92f");
  CHECK(by_pattern("{level_letter} {thread} {process} {file} {path} {line} {function} {source}", e) ==
        "W 77 4242 order.cpp /src/shop/order.cpp 12 pay order.cpp:12");
  CHECK(by_pattern("{{{trace_id}}} {field:order.id} {field:data.amount} [{field:none}] {span_id}|", e) ==
        "{4bf92f} 1001 5 []|");
  CHECK(by_pattern("{message_id}", e) == "00000000-0000-0000-0000-000000000000");
  CHECK(by_pattern("{time}", e) == "2026-01-27 10:30:00.123Z");
}

TEST_CASE("the fields that a pattern names are not repeated by {fields}") {
  support::events all;
  event const& e = order_event(all);
  CHECK(by_pattern("[{trace_id}] {message} {fields} by {field:amount}", e) ==
        "[4bf92f] paid order={\"id\":1001} by 5");
}

TEST_CASE("an empty part takes the space before it along, and no line ends with a space") {
  support::events all;
  event const& e = all.add("m");
  CHECK(by_pattern("{message} {fields} {source}!", e) == "m!");
  CHECK(by_pattern("{message} {field:x:<5} ", e) == "m");
}

TEST_CASE("text is filled up and cut to a number of characters") {
  support::events all;
  event const& e = all.add("gr\u00fcn");
  CHECK(by_pattern("[{message:<6}]", e) == "[gr\u00fcn  ]");
  CHECK(by_pattern("[{message:>6}]", e) == "[  gr\u00fcn]");
  CHECK(by_pattern("[{message:^7}]", e) == "[ gr\u00fcn  ]");
  CHECK(by_pattern("[{message:6}]", e) == "[gr\u00fcn  ]");
  CHECK(by_pattern("[{message:.3}]", e) == "[gr\u00fc]");
  CHECK(by_pattern("[{message:\u00b7>5.3}]", e) == "[\u00b7\u00b7gr\u00fc]");
  CHECK(by_pattern("[{message:2}]", e) == "[gr\u00fcn]");
}

TEST_CASE("times have the parts of strftime and digits below the second") {
  support::events all;
  event& e = all.add("m");
  CHECK(by_pattern("{time:%Y-%m-%d %H:%M:%S.%N %f %e}", e) == "2026-01-27 10:30:00.123456789 123456 123");
  CHECK(by_pattern("{time:%F %T %y %I%p %b %B %a %A %j %z %s %%}", e) ==
        "2026-01-27 10:30:00 26 10AM Jan January Tue Tuesday 027 +0000 1769509800 %");
  e.unix_ns = -1;
  CHECK(by_pattern("{time:%F %T.%N %a}", e) == "1969-12-31 23:59:59.999999999 Wed");
  e.unix_ns = 1'709'208'000'000'000'000;
  CHECK(by_pattern("{time:%F %j %I%p}", e) == "2024-02-29 060 12PM");
}

TEST_CASE("times can be in the zone of the machine, also over a change to summer time") {
  zone_of_process const berlin{"CET-1CEST,M3.5.0,M10.5.0/3"};
  support::events all;
  event& e = all.add("m");
  fapilog::detail::pattern_style const local{.local_time = true};
  CHECK(by_pattern("{time}", e, local) == "2026-01-27 11:30:00.123");
  CHECK(by_pattern("{time:%F %T %z}", e, local) == "2026-01-27 11:30:00 +0100");
  e.unix_ns = 1'774'746'000'000'000'000 - 1'000'000;  // 2026-03-29T01:00:00Z less a millisecond
  CHECK(by_pattern("{time:%T.%e %z}", e, local) == "01:59:59.999 +0100");
  e.unix_ns += 1'000'000;
  CHECK(by_pattern("{time:%T.%e %z}", e, local) == "03:00:00.000 +0200");
  zone_of_process const newfoundland{"NST3:30"};
  CHECK(by_pattern("{time:%F %T %z}", e, local) == "2026-03-28 21:30:00 -0330");
}

TEST_CASE("durations are shown in the unit that suits their size") {
  CHECK(human(0) == "0ns");
  CHECK(human(999) == "999ns");
  CHECK(human(1'000) == "1us");
  CHECK(human(722'498) == "722.5us");
  CHECK(human(999'960) == "1ms");
  CHECK(human(9'999'600) == "10ms");
  CHECK(human(12'345'000) == "12.35ms");
  CHECK(human(1'500'000'000) == "1.5s");
  CHECK(human(-1'500'000'000) == "-1.5s");
  CHECK(human(59'990'000'000) == "59.99s");
  CHECK(human(59'999'000'000) == "1m00s");
  CHECK(human(90'000'000'000) == "1m30s");
  CHECK(human(7'500'000'000'000) == "2h05m");
  CHECK(human(std::int64_t{273'600} * 1'000'000'000) == "3d04h");
  CHECK(human((std::numeric_limits<std::int64_t>::min)()) == "-106751d23h");
}

TEST_CASE("{elapsed} counts from the start, {since_last} from the record before") {
  support::events all;
  event& e = all.add("m");
  fapilog::detail::text_buffer out;
  fapilog::detail::pattern_writer writer{
      fapilog::detail::pattern_compiler::compile("{elapsed:>8} {since_last}"),
      {.started_ns = e.unix_ns - 12'345'678'900}};
  writer.put(out, e);
  e.unix_ns += 1'500'000;
  writer.put(out, e);
  CHECK(out.view() == "  12.345 +0ns\n  12.347 +1.5ms\n");
}

TEST_CASE("an exception is on the line if the pattern says so, otherwise on lines of its own") {
  support::events all;
  event& e = all.add("failed", level::error);
  value const cause = all.object(
      {{"error.type", value::of_string("net")}, {"error.message", value::of_string("reset\nINFO forged")}},
      kind::exception);
  e.diagnostics.push_back({"exception", all.object({{"error.type", value::of_string("pay")},
                                                    {"error.message", value::of_string("declined")},
                                                    {"error.cause", cause}},
                                                   kind::exception)});
  CHECK(by_pattern("{message}", e) == "failed\n    pay: declined\n    caused by: net: reset\\nINFO forged");
  CHECK(by_pattern("{message} {exception}", e) == "failed pay: declined; caused by net: reset\\nINFO forged");
}

TEST_CASE("a pattern colours the level, or what it says") {
  support::events all;
  event const& e = all.add("m");
  CHECK(by_pattern("{level:<6}|{message}", e, {.colours = true}) == "\x1b[32mINFO  \x1b[0m|m");
  CHECK(by_pattern("{colour}{level}|{message}{plain}!", e, {.colours = true}) == "\x1b[32mINFO|m\x1b[0m!");
  CHECK(by_pattern("{colour}{level}|{message}{plain}!", e) == "INFO|m!");
}

TEST_CASE("no value in any part can forge a line or control the terminal") {
  std::string const attack = "a\n2026 INFO forged\x1b[2J\r\xe2\x80\xae\x9b";
  support::events all;
  event& e = all.add(attack);
  e.logger = attack;
  e.level_name = attack;
  e.file = attack.c_str();
  e.function = attack.c_str();
  e.line = 1;
  e.data.push_back({attack, value::of_string(attack)});
  e.data.push_back({"x", all.array({value::of_string(attack)})});
  e.context.push_back({"trace_id", value::of_string(attack)});
  for (std::string_view const part :
       {"{message}", "{logger}", "{level}", "{level_letter}", "{file}", "{path}", "{function}", "{source}",
        "{fields}", "{field:x}", "{trace_id}", "{message:<80}", "{message:.9}"}) {
    std::string const line = by_pattern(part, e);
    INFO(line);
    for (std::string_view rest = line; !rest.empty();) {
      auto const point = fapilog::detail::decode_utf8(rest);
      CHECK(point.ok);
      CHECK_FALSE(fapilog::detail::is_control(point.value));
      rest.remove_prefix(point.size);
    }
  }
}

TEST_CASE("an invalid pattern is refused with the position and what would be right") {
  CHECK(pattern_refusal("{time} {lvl}") ==
        "at character 9: there is no part 'lvl'; the parts are time, level, level_letter, level_lower, "
        "logger, message, "
        "fields, field, exception, thread, process, thread_name, file, path, line, function, source, "
        "message_id, "
        "elapsed, since_last, colour, plain, trace_id, span_id, request_id, correlation_id, user_id, "
        "tenant_id");
  CHECK(pattern_refusal("") == "at character 1: the pattern is empty");
  CHECK(pattern_refusal("a {time") == "at character 3: '{' without '}'; write {{ for the character itself");
  CHECK(pattern_refusal("a {time {level}") ==
        "at character 3: '{' without '}'; write {{ for the character itself");
  CHECK(pattern_refusal("a } b") == "at character 3: '}' without '{'; write }} for the character itself");
  CHECK_THAT(pattern_refusal("{time:%H:%Q}"),
             StartsWith("at character 10: the format of a time has '%Q'; the letters after % are "));
  CHECK_THAT(pattern_refusal("{time:%}"), StartsWith("at character 7: the format of a time has '%'"));
  CHECK_THAT(pattern_refusal("{field}"), StartsWith("at character 7: the name of a field is missing"));
  CHECK_THAT(pattern_refusal("{field:a..b}"), StartsWith("at character 8: the name of a field"));
  for (std::string const spec : {"<", "x", "5x", "5.", ".0", "1001", "<-5", ".1001"}) {
    CHECK_THAT(pattern_refusal("{level:" + spec + "}"),
               StartsWith("at character 8: '" + spec + "' is no width; write {logger:<12}"));
  }
  CHECK_THAT(pattern_refusal("{colour:<5}"), ContainsSubstring("have no width"));
  CHECK_THAT(pattern_refusal("a\nb"), StartsWith("at character 2: control characters are not allowed"));
  CHECK_THAT(pattern_refusal("\x1b[31m{level}"), StartsWith("at character 1: control characters"));
  CHECK_THAT(pattern_refusal("{time:%H\n}"), StartsWith("at character 9: control characters"));
  CHECK_THAT(pattern_refusal("a\xff"), StartsWith("at character 2: this is not UTF-8"));
}

TEST_CASE("a sink refuses an invalid pattern, in code and by text") {
  CHECK_THROWS_WITH(
      (fapilog::sinks::stdout_pretty{{.pattern = "{nothing}"}}),
      StartsWith(
          "fapilog: stdout_pretty: `pattern` \"{nothing}\", at character 2: there is no part 'nothing'"));
  CHECK_THROWS_WITH(
      fapilog::settings::from_json(
          R"({"core": {"sinks": ["stdout_pretty"]}, "sink_config": {"stdout_pretty": {"pattern": "{x"}}})")
          .options(),
      ContainsSubstring("stdout_pretty: `pattern` \"{x\", at character 1: '{' without '}'"));
  CHECK_THROWS_WITH(fapilog::settings::from_json(
                        R"({"core": {"sinks": ["rotating_file"]}, "sink_config": {"rotating_file":
              {"path": "a.log", "format": "text", "pattern": "{time:%E}"}}})")
                        .options(),
                    ContainsSubstring("rotating_file: `pattern` \"{time:%E}\", at character 7"));
}

TEST_CASE("a file with the format text has lines by its pattern, and rotates between them") {
  support::temporary_directory folder;
  std::string const path = folder.path().string() + "/app.log";
  support::events all;
  for (int i = 0; i < 100; ++i) all.add("line\nbreak").data.push_back({"n", value::of_number(i)});
  fapilog::any_sink file{fapilog::sinks::rotating_file{{.path = path,
                                                        .max_bytes = 500,
                                                        .format = fapilog::sinks::file_format::text,
                                                        .pattern = "{level:<5}|{message}|{field:n}"}}};
  CHECK_FALSE(file.needs_json());
  CHECK(fapilog::any_sink{fapilog::sinks::rotating_file{{.path = path}}}.needs_json());
  file.start(fapilog::start_context{});
  CHECK(file.write(all.batch()));
  file.stop();
  std::size_t lines = 0;
  std::size_t files = 0;
  for (auto const& one : std::filesystem::directory_iterator{folder.path()}) {
    if (!one.is_regular_file()) continue;
    ++files;
    CHECK(one.file_size() <= 500);
    std::string const content = support::content_of(one.path().string());
    for (auto const& line : support::split_lines(content)) {
      CHECK_THAT(std::string{line}, StartsWith("INFO |line\\nbreak|"));
      ++lines;
    }
  }
  CHECK(lines == 100);
  CHECK(files > 3);
}

TEST_CASE("a file of text can be chosen by settings") {
  support::temporary_directory folder;
  auto const options = fapilog::settings::from_json(R"({"core": {"sinks": ["rotating_file"]}, "sink_config":
      {"rotating_file": {"path": ")" + folder.path().string() +
                                                    R"(/app.log", "format": "text", "zone": "local"}}})")
                           .options();
  REQUIRE(options.sinks.size() == 1);
  CHECK_FALSE(options.sinks.front().sink.needs_json());
}

TEST_CASE("one writer gives each record its own source, also if another file's name is in the same memory") {
  support::events all;
  event& e = all.add("m");
  fapilog::detail::text_buffer out;
  fapilog::detail::pattern_writer writer{fapilog::detail::pattern_compiler::compile("{source}")};
  char name[] = "src/ab.cpp";
  e.file = name;
  std::string expected;
  for (int round = 0; round < 2; ++round) {
    for (std::uint32_t line = 1; line < 200; ++line) {
      for (char const letter : {'x', 'y'}) {
        name[4] = letter;
        e.line = line;
        writer.put(out, e);
        expected += std::string{letter} + "b.cpp:" + std::to_string(line) + '\n';
      }
    }
  }
  CHECK(out.view() == expected);
}

TEST_CASE("one writer gives each record its own level and logger, whatever the records before had") {
  support::events all;
  event& e = order_event(all);
  fapilog::detail::text_buffer out;
  fapilog::detail::pattern_writer writer{
      fapilog::detail::pattern_compiler::compile("{level:<8}{logger:>4} {level_lower} {message}"),
      {.colours = true}};
  std::string expected;
  struct kind_of_record {
    level severity;
    char const* name;
    char const* logger;
    char const* text;
  };
  for (kind_of_record const& next :
       {kind_of_record{level::info, "INFO", "db", "\x1b[32mINFO    \x1b[0m  db"},
        kind_of_record{level::info, "INFO", "db", "\x1b[32mINFO    \x1b[0m  db"},
        kind_of_record{level::warning, "INFO", "db", "\x1b[33mINFO    \x1b[0m  db"},
        kind_of_record{level::warning, "NOTE", "dbx", "\x1b[33mNOTE    \x1b[0m dbx"},
        kind_of_record{level::warning, "NOTE", "", "\x1b[33mNOTE    \x1b[0m    "},
        kind_of_record{level::warning, "NOTE", "db", "\x1b[33mNOTE    \x1b[0m  db"}}) {
    e.severity = next.severity;
    e.level_name = next.name;
    e.logger = next.logger;
    writer.put(out, e);
    std::string lower{next.name};
    for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    std::string_view const colour = next.severity == level::info ? "\x1b[32m" : "\x1b[33m";
    expected += next.text;
    expected.append(" ").append(colour).append(lower).append("\x1b[0m paid\n");
  }
  CHECK(out.view() == expected);
}
