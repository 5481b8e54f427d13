// SPDX-License-Identifier: MIT
// The tool `fapilog` as a reader: `show`, `filter` and `count`, on well-formed and on hostile lines.
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/eventually.hpp"
#include "support/files.hpp"
#include "support/temporary_directory.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#ifdef FAPILOG_CLI
namespace {

struct query_result {
  int status = -1;
  std::string out = {};
  std::string errors = {};
};

/// A directory with logs, in which the tool runs.
struct query_place {
  support::temporary_directory at;

  void write(std::string const& name, std::string const& text) const {
    std::ofstream{at / name, std::ios::binary | std::ios::app} << text;
  }
  /// Runs the tool by bash in the directory. Arguments are quoted as for a shell.
  [[nodiscard]] query_result run(std::string const& arguments) const {
    std::string const command =
        "cd '" + at.path().string() +
        "' && exec 2> errors && set -o pipefail && export TZ=UTC && '" FAPILOG_CLI "' " + arguments;
    write("run.sh", "");
    std::ofstream{at / "run.sh", std::ios::trunc} << command << '\n';
    int const status = std::system(("bash '" + (at / "run.sh") + "' > '" + (at / "out") + '\'').c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, support::content_of(at / "out"),
            support::content_of(at / "errors")};
  }
  /// The values of `n` in the records that match.
  [[nodiscard]] std::string numbers(std::string const& arguments) const {
    auto const result = run("filter " + arguments);
    CHECK(result.errors.empty());
    std::string all;
    for (auto const& line : support::split_lines(result.out))
      all += (all.empty() ? "" : " ") +
             std::to_string(nlohmann::json::parse(line).at("log").at("data").at("n").get<int>());
    CHECK(result.status == (all.empty() ? 1 : 0));
    return all;
  }
};

std::string envelope(int n, std::string const& level, std::string const& context = "",
                     std::string const& data = "", std::string const& minute = "30") {
  return R"({"schema_version":"1.1","log":{"timestamp":"2026-01-27T10:)" + minute + R"(:00.123Z","level":")" +
         level +
         R"(","message":"request served","logger":"http.server","context":{"message_id":"01a22446-3861-73b9-b851-0900e6149bb8","correlation_id":null)" +
         context +
         R"(},"diagnostics":{"origin":"native","pid":7,"file":"/src/a.cpp","line":12},"data":{"n":)" +
         std::to_string(n) + data + "}}}\n";
}

}  // namespace

TEST_CASE("the tool filters records by typed fields") {
  query_place const here;
  here.write("log",
             envelope(1, "DEBUG", R"(,"user_id":"42")", R"(,"status":200,"took":0.25,"order":{"id":7})") +
                 envelope(2, "INFO", R"(,"user_id":"43")", R"(,"status":404,"took":1.5,"ok":true)", "31") +
                 envelope(3, "WARNING", "", R"(,"status":"500","path":"/a\"b","took":30)", "32") +
                 envelope(4, "CRITICAL", "", R"(,"status":1e3,"a.b":5,"pid":8)", "33"));
  CHECK(here.numbers("log") == "1 2 3 4");
  CHECK(here.numbers("'level>=warning' log") == "3 4");
  CHECK(here.numbers("'level<warn' log") == "1 2");
  CHECK(here.numbers("level=info log") == "2");
  CHECK(here.numbers("'level!=info' log") == "1 3 4");
  CHECK(here.numbers("'status>=500' log") == "3 4");
  CHECK(here.numbers("status=1000 log") == "4");
  CHECK(here.numbers("'status!=200' log") == "2 3 4");
  CHECK(here.numbers("user_id=42 log") == "1");
  CHECK(here.numbers("'user_id>42' log") == "2");
  CHECK(here.numbers("'user_id!=42' log") == "2 3 4");
  CHECK(here.numbers("'user_id=*' log") == "1 2");
  CHECK(here.numbers("'user_id!=*' log") == "3 4");
  CHECK(here.numbers("'took>=250ms' 'took<1m' log") == "1 2 3");
  CHECK(here.numbers("order.id=7 log") == "1");
  CHECK(here.numbers("data.order.id=7 log") == "1");
  CHECK(here.numbers("a.b=5 log") == "4");
  CHECK(here.numbers("ok=true log") == "2");
  CHECK(here.numbers("'path=/a\"b' log") == "3");
  CHECK(here.numbers("'path~a\"' log") == "3");
  CHECK(here.numbers("pid=8 log") == "4");  // data comes before diagnostics
  CHECK(here.numbers("pid=7 log") == "1 2 3");
  CHECK(here.numbers("diagnostics.pid=7 log") == "1 2 3 4");
  CHECK(here.numbers("context.pid=7 log").empty());
  CHECK(here.numbers("'message~served' logger=http.server status=404 log") == "2");
  CHECK(here.numbers("-v 'level>=warning' log") == "1 2");
  CHECK(here.numbers("-n 2 log") == "1 2");
  CHECK(here.numbers("--since 2026-01-27T10:31:00 --until=2026-01-27T10:33 log") == "2 3");
  CHECK(here.numbers("'time>=2026-01-27T10:33:00Z' log") == "4");
  CHECK(here.numbers("--since 15m log").empty());
  CHECK(here.numbers("level=info - < log") == "2");
  CHECK(here.numbers("level=info < log") == "2");
  here.write("a=b", envelope(9, "INFO"));
  CHECK(here.numbers("./a=b log 'level=info'") == "9 2");
  CHECK(here.numbers("'level=info' -- a=b") == "9");
}

TEST_CASE("the tool reads compressed files, and lines of other programs") {
  query_place const here;
  here.write("log", envelope(1, "INFO") + envelope(2, "ERROR"));
  REQUIRE(std::system(("gzip -kf '" + (here.at / "log") + '\'').c_str()) == 0);
  auto const result = here.run("filter level=error log.gz log");
  if (result.errors.find("built without zlib") == std::string::npos) {
    CHECK(support::split_lines(result.out).size() == 2);
    CHECK(result.status == 0);
  }
  here.write("flat", "{\"level\":\"error\",\"msg\":\"x\",\"n\":5}\r\n{ \"level\" : \"info\" , \"n\" : 6 }\n");
  CHECK(here.run("filter 'level>=error' flat").out == "{\"level\":\"error\",\"msg\":\"x\",\"n\":5}\r\n");
  CHECK(here.run("filter n=6 flat").out == "{ \"level\" : \"info\" , \"n\" : 6 }\n");
}

TEST_CASE("hostile lines are no records, and do not disturb the others") {
  query_place const here;
  std::string const good = envelope(1, "ERROR", "", R"(,"status":500)");
  std::string const half = good.substr(0, good.size() / 2);
  here.write("log", "\n\nnot json\n" + half + "\n" + good + "{}\n[1]\n\"{}\"\n{\"a\":}\n" +
                        std::string("\0{\0}\0\n", 6) + R"({"log":{"level":"ERROR","data":{"status":500)" +
                        "\n" + R"({"log":{"level":"ERROR","data":{"status":500}}}})" + "\n" +
                        R"({"log":{"level":"ERROR","data":{"status":500}]})" + "\n" +
                        std::string(100'000, '{') + "}\n" + good.substr(0, good.size() - 1));
  CHECK(here.run("filter 'status>=500' 'level>=error' log").out == good + good);
  CHECK(here.run("filter 'status>=500' log").out == good + good);
  CHECK(here.run("filter -v 'status>=500' log").out == "{}\n");
  CHECK(here.run("filter -v 'level=info' log").out == good + "{}\n" + good);
  CHECK(here.run("count log").out == "3\n");
  for (std::string const bad :
       {R"({"a":01})", R"({"a":1.})", R"({"a":-})", R"({"a":1e})", R"({"a":tru})", R"({"a":"\x"})",
        R"({"a":"\u12g4"})", R"({"a":1,})", R"({,"a":1})", R"({"a" 1})", R"({a:1})", R"({"a":[1,]})",
        R"({"a":[1})", R"({"a":1}})", R"({"a":1}{})", "{\"a\":\"\x01\"}", R"({"a":'1'})", R"({"a":NaN})"}) {
    here.write("bad", bad + '\n');
  }
  here.write("bad", R"({"a":[-0.5e+3,0,[],{},"\u00fC\/",true,null]})"
                    "\n");
  CHECK(here.run("count bad").out == "1\n");
  auto const strict = here.run("filter --strict log");
  CHECK(strict.status == 2);
  CHECK_THAT(strict.errors, Catch::Matchers::ContainsSubstring("lines are no records"));

  // If a key is there twice, the first one counts, also if it is written with escapes.
  here.write("twice", R"({"log":{"level":"INFO","level":"ERROR","data":{"a":1,"a":2,"\u0062":3,"b":4}}})"
                      "\n");
  CHECK(here.run("filter level=info a=1 b=3 twice").status == 0);
  CHECK(here.run("filter level=error twice").status == 1);
  CHECK(here.run("filter a=2 twice").status == 1);
  CHECK(here.run("filter b=4 twice").status == 1);

  std::string const huge = R"({"log":{"level":"ERROR","message":")" + std::string(5'000'000, 'x') + R"("}})";
  here.write("huge", huge + "\n" + good);
  CHECK(here.run("count level=error huge").out == "2\n");
}

TEST_CASE("the tool and a parser of JSON agree on arbitrary records") {
  query_place const here;
  std::mt19937 random{20'261'128};
  auto const value = [&]() -> nlohmann::json {
    switch (random() % 6) {
      case 0: return random() % 3;
      case 1: return std::to_string(random() % 3);
      case 2: return 1.5 * static_cast<double>(random() % 3);
      case 3: return random() % 2 == 0;
      case 4: return nullptr;
      default: return nlohmann::json{{"a", random() % 3}, {"x", {1, "]}\"", {{"a", 2}}}}};
    }
  };
  std::vector<nlohmann::json> records;
  std::string text;
  for (int i = 0; i < 500; ++i) {
    nlohmann::json log{{"level", random() % 2 == 0 ? "INFO" : "ERROR"}, {"message", "\\\"}{\u00fc\n"}};
    for (char const* const section : {"context", "diagnostics", "data"}) {
      log[section] = nlohmann::json::object();
      for (char const* const key : {"a", "b", "c"}) {
        if (random() % 3 == 0) log[section][key] = value();
      }
    }
    records.push_back(log);
    text += nlohmann::json{{"log", log}}.dump() + '\n';
  }
  here.write("log", text);
  for (std::string const key : {"a", "b"}) {
    for (std::string const wanted : {"0", "1", "true", "null"}) {
      std::size_t expected = 0;
      for (auto const& log : records) {
        for (char const* const section : {"context", "data", "diagnostics"}) {
          auto const found = log[section].find(key);
          if (found == log[section].end()) continue;
          std::string const written = found->is_string() ? found->get<std::string>() : found->dump();
          bool const is_number = found->is_number() && (wanted == "0" || wanted == "1");
          expected += written == wanted || (is_number && found->get<double>() == std::stod(wanted)) ? 1U : 0U;
          break;
        }
      }
      CAPTURE(key, wanted);
      CHECK(here.run("count " + key + "=" + wanted + " log").out == std::to_string(expected) + "\n");
    }
  }
}

TEST_CASE("the tool counts by fields, the most frequent value first") {
  query_place const here;
  here.write("log", envelope(1, "INFO", "", R"(,"path":"/a")") +
                        envelope(2, "ERROR", "", R"(,"path":"/b\nx")") +
                        envelope(3, "INFO", "", R"(,"path":"/a")") + envelope(4, "INFO"));
  CHECK(here.run("count log").out == "4\n");
  CHECK(here.run("count --by level log").out == "3\tINFO\n1\tERROR\n");
  CHECK(here.run("count --by level --by path log").out == "2\tINFO\t/a\n1\tERROR\t/b?x\n1\tINFO\t-\n");
}

TEST_CASE("the tool shows records as readable lines, by a pattern if one is given") {
  query_place const here;
  here.write("log",
             envelope(1, "ERROR", R"(,"request_id":"r-1")", R"(,"name":"Ada Lovelace","list":[1,null])") +
                 "plain \x1b[2J text\n");
  auto const shown = here.run("show log");
  CHECK(
      shown.out ==
      "2026-01-27 10:30:00.123Z ERROR    http.server  request served n=1 name=\"Ada Lovelace\" list=[1,null] "
      "request_id=r-1 a.cpp:12\nplain \\x1b[2J text\n");
  CHECK(shown.status == 0);
  CHECK(here.run("show --pattern '{level_letter} {message:.7} {field:n}' level=error log").out ==
        "E request 1\nplain \\x1b[2J text\n");
  CHECK_THAT(here.run("show --colours always log").out,
             Catch::Matchers::ContainsSubstring("\x1b[1;31mERROR   \x1b[0m"));
  auto const refused = here.run("show --pattern '{x}' log");
  CHECK(refused.status == 2);
  CHECK_THAT(refused.errors,
             Catch::Matchers::StartsWith("fapilog show: --pattern, at character 2: there is no part 'x'"));
  here.write(
      "failed",
      R"({"log":{"timestamp":"2026-01-27T10:30:00.000Z","level":"ERROR","message":"m","logger":"l","diagnostics":{"exception":{"error.type":"pay","error.message":"declined","error.cause":{"error.type":"net","error.message":"reset"}}},"data":{}}})"
      "\n");
  CHECK(here.run("show failed").out ==
        "2026-01-27 10:30:00.000Z ERROR    l            m\n    pay: declined\n    caused by: net: reset\n");
}

TEST_CASE("the tool ends with the standard exit statuses, and quietly if its reader goes away") {
  query_place const here;
  here.write("log", envelope(1, "INFO"));
  CHECK(here.run("filter level=error log").status == 1);
  auto const missing = here.run("filter level=info log none");
  CHECK(missing.status == 2);
  CHECK(support::split_lines(missing.out).size() == 1);
  CHECK(missing.errors == "fapilog filter: none: No such file or directory\n");
  for (std::string const wrong : {"filter --nothing", "filter 'level>=loud' log", "filter 'a=>1' log",
                                  "filter -n 0 log", "filter --since yesterday log", "filter -f log log",
                                  "count --by", "nothing", "", "filter --strict=1 log"}) {
    auto const result = here.run(wrong);
    CAPTURE(wrong, result.errors);
    CHECK(result.status == 2);
    CHECK(result.out.empty());
    CHECK_FALSE(result.errors.empty());
  }
  CHECK(here.run("filter --help").status == 0);
  std::string many;
  for (int i = 0; i < 5'000; ++i) many += envelope(i, "INFO");
  here.write("many", many);
  auto const left = here.run("filter many | head -n 1");
  CHECK(left.out == envelope(0, "INFO"));
  CHECK(left.status == 128 + SIGPIPE);
  CHECK(left.errors.empty());
}

TEST_CASE("the tool verifies logs, checks settings, and prints their schema and the tables of sinks") {
  query_place const here;
  here.write("log", envelope(1, "INFO") + envelope(2, "INFO"));
  CHECK(here.run("verify log").out == "log: 2 records in 2 lines\n");
  here.write("log", envelope(3, "INFO").substr(0, 50));
  auto const damaged = here.run("verify log");
  CHECK(damaged.out == "log:3: no record (50 bytes)\nlog: 2 records in 3 lines\n");
  CHECK(damaged.status == 1);
  CHECK(here.run("verify none").status == 2);

  here.write(
      "good.json",
      R"({"core": {"sinks": ["rotating_file"]}, "sink_config": {"rotating_file": {"path": "new.log"}}})");
  auto const good = here.run("config check good.json");
  CHECK(good.out == "good.json: valid for the preset minimal; sinks: rotating_file\n");
  CHECK(good.status == 0);
  CHECK_FALSE(std::filesystem::exists(here.at / "new.log"));
  here.write("plain.json", R"({"core": {"sinks": ["stdout_json"]}})");
  CHECK(here.run("config check plain.json --preset production").out ==
        "plain.json: valid for the preset production; sinks: stdout_json\n");
  here.write("bad.json", "{\"core\": {\n\"log_level\": \"LOUD\"}}");
  auto const bad = here.run("config check bad.json");
  CHECK(bad.status == 2);
  CHECK_THAT(bad.errors, Catch::Matchers::ContainsSubstring("core.log_level") &&
                             Catch::Matchers::ContainsSubstring("bad.json:2]"));
  CHECK(here.run("config check good.json --preset adapt").status == 2);
  auto const schema = nlohmann::json::parse(here.run("config schema").out);
  CHECK(schema.at("properties").contains("core"));

  CHECK(here.run("ddl good.json").status == 1);
  here.write(
      "table.json",
      R"({"core": {"sinks": ["postgres"]}, "sink_config": {"postgres": {"dsn": "host=db", "table_name": "audit_log"}}})");
  auto const ddl = here.run("ddl table.json --layout partitioned");
  if (ddl.status != 2) {  // built with the component postgres
    CHECK_THAT(ddl.out, Catch::Matchers::StartsWith("-- sink_config.postgres\n") &&
                            Catch::Matchers::ContainsSubstring("audit_log") &&
                            Catch::Matchers::ContainsSubstring("PARTITION BY"));
  }
}

TEST_CASE("the tool follows a file over a rotation") {
  query_place const here;
  here.write("log", envelope(1, "INFO"));
  std::string const out = here.at / "followed";
  pid_t const child = ::fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    std::string const log = here.at / "log";
    if (std::freopen(out.c_str(), "w", stdout) == nullptr) std::_Exit(3);
    ::execl(FAPILOG_CLI, FAPILOG_CLI, "filter", "-f", "level=info", log.c_str(), static_cast<char*>(nullptr));
    std::_Exit(4);
  }
  auto const followed = [&] { return support::content_of(out); };
  CHECK(support::eventually([&] { return followed() == envelope(1, "INFO"); }));
  std::string const whole = envelope(2, "INFO");
  here.write("log", whole.substr(0, 40));  // a line that is being written
  here.write("log", whole.substr(40));
  CHECK(support::eventually([&] { return followed() == envelope(1, "INFO") + whole; }));
  here.write("log", envelope(3, "INFO"));
  std::filesystem::rename(here.at / "log", here.at / "log-1");
  here.write("log", envelope(4, "ERROR") + envelope(5, "INFO"));
  std::string const expected = envelope(1, "INFO") + whole + envelope(3, "INFO") + envelope(5, "INFO");
  CHECK(support::eventually([&] { return followed() == expected; }));
  ::kill(child, SIGTERM);
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(followed() == expected);
}
#endif
