// SPDX-License-Identifier: MIT
// The tool `fapilog recover`: delivers what a process left that was killed, once, and removes nothing that it could not deliver.
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/eventually.hpp"
#include "support/files.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/kill_safe.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

#ifdef FAPILOG_CLI
using fapilog::kv;

namespace {

struct tool_result {
  int status = -1;
  std::string out = {};
  std::string errors = {};
  [[nodiscard]] std::vector<nlohmann::json> records() const {
    std::vector<nlohmann::json> all;
    for (std::string const& line : support::split_lines(out))
      all.push_back(nlohmann::json::parse(line).at("log"));
    return all;
  }
  /// The numbers of the records, in the order in which they arrived.
  [[nodiscard]] std::vector<int> numbers() const {
    std::vector<int> all;
    for (auto const& log : records()) all.push_back(log.at("data").at("i"));
    return all;
  }
};

/// A directory in which killed processes have left records.
struct left_records {
  support::temporary_directory at;
  std::string kept = at / "kept";
  std::string log_file = at / "app.log";

  /// Runs the tool by the shell; `to` redirects its standard output.
  [[nodiscard]] tool_result tool(std::string const& arguments, std::string to = {}) const {
    if (to.empty()) to = "> '" + (at / "out") + '\'';
    std::string const command =
        "'" FAPILOG_CLI "' " + arguments + ' ' + to + " 2> '" + (at / "errors") + '\'';
    int const status = std::system(command.c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, support::content_of(at / "out"),
            support::content_of(at / "errors")};
  }
  [[nodiscard]] tool_result recover(std::string const& arguments = {}) const {
    return tool("recover '" + kept + "' " + arguments);
  }
  /// A process logs so many records, none of which is delivered, and is killed. Returns its id.
  pid_t leave(int count) const {
    pid_t const child = support::start_child([&] {
      struct stuck_sink {
        void write(fapilog::batch const&) const {
          for (;;) ::pause();
        }
      };
      fapilog::runtime rt{{.sinks = {stuck_sink{}}, .kill_safe = {.directory = kept}}};
      auto const log = rt.get_logger("shop");
      for (int i = 0; i < count; ++i) log.info("counted", kv("i", i), kv("password", "hunter2"));
      for (;;) ::kill(::getpid(), SIGKILL);
    });
    int const status = support::wait_for_child(child);
    CHECK((WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
    return child;
  }
  [[nodiscard]] std::string only_process() const {
    for (std::string const& name : support::names_in(kept)) {
      if (!name.starts_with("literals")) return kept + '/' + name;
    }
    return {};
  }
  void write_settings(std::string const& sinks) const {
    support::write_file(
        at / "app.json",
        R"({"core": {"sinks": [)" + sinks +
            R"(]}, "sink_config": {"rotating_file": {"directory": null, "filename_prefix": null, "path": ")" +
            log_file + R"("}}})");
  }
};

std::vector<int> first_numbers(int count) {
  std::vector<int> all;
  for (int i = 0; i < count; ++i) all.push_back(i);
  return all;
}

}  // namespace

TEST_CASE("the tool lists what killed processes left, delivers it once, and then finds nothing") {
  left_records const files;
  pid_t const process = files.leave(40);
  for (int round = 0; round < 2; ++round) {  // a list changes nothing
    auto const listed = files.recover("--list");
    CHECK(listed.status == 0);
    CHECK(listed.errors.empty());
    auto const rows = support::split_lines(listed.out);
    REQUIRE(rows.size() == 3);
    std::istringstream row{rows[1]};
    std::vector<std::string> const cells{std::istream_iterator<std::string>{row}, {}};
    REQUIRE(cells.size() == 7);
    CHECK(cells[0] == std::to_string(process));
    CHECK(cells[1].size() == std::string_view{"2026-11-28T14:10:57Z"}.size());
    CHECK(cells[1] <= cells[2]);
    CHECK(cells[3] == "40");
    CHECK(std::stoi(cells[4]) > 40 * 64);
    CHECK(cells[5] == "2");
    CHECK(cells[6] == "whole");
    CHECK(listed.out.ends_with("1 killed process left 40 records; 0 living processes\n"));
  }
  auto const first = files.recover();
  CHECK(first.status == 0);
  CHECK(first.numbers() == first_numbers(40));
  CHECK(first.records().front().at("diagnostics").at("pid") == process);
  CHECK(first.records().front().at("data").at("password") == "hunter2");
  auto const second = files.recover();
  CHECK(second.status == 0);
  CHECK(second.out.empty());
  CHECK(files.recover("--list").out == "0 killed processes left 0 records; 0 living processes\n");
}

TEST_CASE("the tool delivers to the sinks and through the redactors of settings, each record once") {
  left_records const files;
  files.leave(30);
  files.write_settings(R"("rotating_file")");
  auto const done = files.recover("--settings '" + (files.at / "app.json") + "' --preset production");
  INFO(done.errors);
  CHECK(done.status == 0);
  CHECK(done.out.empty());
  CHECK(tool_result{.out = support::content_of(files.log_file)}.numbers() == first_numbers(30));
  CHECK(support::content_of(files.log_file).find("hunter2") == std::string::npos);
  CHECK(files.only_process().empty());
}

TEST_CASE("the tool leaves the records of a living process alone") {
  left_records const files;
  fapilog::runtime rt{{.sinks = {fapilog::sinks::rotating_file{{.path = files.log_file}}},
                       .kill_safe = {.directory = files.kept}}};
  rt.get_logger().info("of the living");
  auto const listed = files.recover("--list");
  CHECK(listed.status == 0);
  CHECK(listed.out == "0 killed processes left 0 records; 1 living process\n");
  auto const done = files.recover();
  CHECK(done.status == 0);
  CHECK(done.out.empty());
  CHECK(rt.drain(std::chrono::seconds{60}).processed == 1);
}

TEST_CASE("records that the tool cannot write stay where they are") {
  left_records const files;
  files.leave(20);
  auto const closed = files.tool("recover '" + files.kept + '\'', ">&-");
  CHECK(closed.status == 1);
  CHECK(closed.errors.find("stay where they are") != std::string::npos);
  files.write_settings(R"("rotating_file")");
  std::filesystem::create_directory(files.log_file);
  auto const refused = files.recover("--settings '" + (files.at / "app.json") + '\'');
  CHECK(refused.status == 1);
  CHECK(refused.errors.find(files.log_file) != std::string::npos);
  CHECK(files.recover().numbers() == first_numbers(20));
}

TEST_CASE("the tool names what it refuses, and what is damaged") {
  left_records const files;
  files.leave(10);
  std::string const owner = files.only_process() + "/owner";
  auto const change_format = [&](std::uint32_t to) {
    std::fstream file{owner, std::ios::in | std::ios::out | std::ios::binary};
    char bytes[sizeof to];
    file.seekg(8);
    file.read(bytes, sizeof bytes);
    std::uint32_t before = 0;
    std::memcpy(&before, bytes, sizeof before);
    std::memcpy(bytes, &to, sizeof to);
    file.seekp(8);
    file.write(bytes, sizeof bytes);
    return before;
  };
  std::uint32_t const format = change_format(99);
  for (char const* const arguments : {"--list", ""}) {
    auto const refused = files.recover(arguments);
    CHECK(refused.status == 1);
    CHECK((refused.out + refused.errors).find("refused: its format is 99") != std::string::npos);
  }
  change_format(format);
  std::filesystem::resize_file(files.only_process() + "/lane-0", 100'000);
  auto const damaged = files.recover("--list");
  CHECK(damaged.status == 1);
  CHECK(damaged.out.find("damaged: lane-0: its last ") != std::string::npos);
}

TEST_CASE("the tool lists, prints and delivers what waits in the spools of sinks") {
  struct failing_sink {
    static fapilog::write_result write(fapilog::batch const&) { return fapilog::write_result::retry("away"); }
    [[nodiscard]] std::string name() const { return own_name; }
    std::string own_name;
    bool needs_json;
  };
  left_records const files;
  std::string const spools = files.at / "spools";
  std::string const in_spools = '\'' + spools + '\'';
  fapilog::delivery_options const delivery{.retry = {.attempts = 1}, .spool = {.directory = spools}};
  {
    fapilog::runtime rt{{.sinks = {{failing_sink{"rotating_file", true}, delivery},
                                   {failing_sink{"quiet", false}, delivery}}}};
    auto const log = rt.get_logger("shop");
    for (int i = 0; i < 40; ++i) log.info("counted", kv("i", i));
    CHECK(support::eventually([&rt] {
      return std::ranges::all_of(rt.sink_counts(), [](auto const& one) { return one.second.spooled == 40; });
    }));
    auto const living = files.tool("spool list " + in_spools);
    CHECK(living.out.find(" in use ") != std::string::npos);
    CHECK(living.out.find(" left ") == std::string::npos);
  }
  for (int round = 0; round < 2; ++round) {  // neither command changes anything
    auto const listed = files.tool("spool list " + in_spools + " --sink rotating_file");
    CHECK(listed.status == 0);
    auto const rows = support::split_lines(listed.out);
    REQUIRE(rows.size() == 3);
    CHECK(rows[1].starts_with("rotating_file  40 "));
    CHECK(rows[1].find(" left ") != std::string::npos);
    CHECK(rows[2] == "1 file with 40 records that wait");
    auto const printed = files.tool("spool print " + in_spools + " --sink rotating_file");
    CHECK(printed.status == 0);
    CHECK(printed.numbers() == first_numbers(40));
    CHECK(files.tool("spool print " + in_spools + " --sink quiet").out == printed.out);  // it needs no JSON
  }

  std::string const damaged = files.at / "damaged";
  std::filesystem::copy(spools, damaged);
  for (auto const& item : std::filesystem::directory_iterator{damaged}) {
    if (item.path().extension() != ".spool") continue;
    std::string content = support::content_of(item.path().string());
    content[100] = static_cast<char>(content[100] + 1);
    support::write_file(item.path().string(), content);
  }
  for (char const* const command : {"spool list '", "spool print '"}) {
    auto const found = files.tool(command + damaged + '\'');
    CHECK(found.status == 1);
    CHECK((found.out + found.errors).find(" bytes damaged") != std::string::npos);
  }

  support::write_file(
      files.at / "app.json",
      R"({"core": {"sinks": ["rotating_file"]}, "sink_config": {"rotating_file": {"directory": null,
                          "filename_prefix": null, "path": ")" +
          files.log_file + R"(", "delivery": {"spool": {"directory": ")" + spools + R"("}}}}})");
  auto const replayed = files.tool("spool replay '" + (files.at / "app.json") + '\'');
  CHECK(replayed.status == 0);
  CHECK(replayed.errors.find("40 of 40 records delivered") != std::string::npos);
  CHECK(tool_result{0, support::content_of(files.log_file)}.numbers() == first_numbers(40));
  CHECK(files.tool("spool list " + in_spools + " --sink rotating_file").out ==
        "0 files with 0 records that wait\n");
  for (std::string const& arguments :
       {std::string{"spool"}, std::string{"spool show x"}, std::string{"spool list /no/such/directory"},
        "spool list " + in_spools + " --preset dev", std::string{"spool replay /no/such/file"}})
    CHECK(files.tool(arguments).status == 2);
}

TEST_CASE("the tool explains wrong arguments with status 2, and does nothing") {
  left_records const files;
  files.leave(1);
  std::string const kept = '\'' + files.kept + '\'';
  for (std::string const& arguments :
       {std::string{}, std::string{"no_such_command"}, std::string{"recover"},
        std::string{"recover /no/such/directory"}, "recover " + kept + " --lits",
        "recover " + kept + " --settings", "recover " + kept + " --preset production",
        "recover " + kept + " --settings /no/such/file", "recover " + kept + " --list --settings x"}) {
    CAPTURE(arguments);
    auto const refused = files.tool(arguments);
    CHECK(refused.status == 2);
    CHECK(refused.out.empty());
    CHECK_FALSE(refused.errors.empty());
  }
  CHECK(files.tool("--help").out.find("recover") != std::string::npos);
  CHECK(files.tool("recover --help").out.starts_with("usage: fapilog recover DIRECTORY"));
  CHECK(files.tool("--version").out == std::string{"fapilog "}.append(fapilog::version) + '\n');
  CHECK(files.recover().records().size() == 1);
}

TEST_CASE("the commands of the page about kills run as written there") {
  left_records const files;
  std::string const page = support::content_of(FAPILOG_TEST_SOURCE_DIR "/docs/user-guide/kill-safe.md");
  files.write_settings(R"("rotating_file")");
  int commands = 0;
  for (std::string text : support::split_lines(page)) {
    if (!text.starts_with("fapilog recover ")) continue;
    ++commands;
    files.leave(3);
    CAPTURE(text);
    auto const replace = [&text](std::string const& from, std::string const& to) {
      if (auto const at = text.find(from); at != std::string::npos) text.replace(at, from.size(), to);
    };
    replace("fapilog ", "");
    replace("/dev/shm/shop-log", files.kept);
    replace("shop.json", files.at / "app.json");
    CHECK(files.tool(text.substr(0, text.find('>'))).status == 0);
  }
  CHECK(commands == 3);
}
#endif
