// SPDX-License-Identifier: MIT
// A small program that shows that the library works on a platform: exact counts and order with many threads, JSON, rotated
// files, a spool, and records that outlive a killed process.
// usage: exercise [RECORDS PER THREAD]
#include "support/switched_sink.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/kill_safe.hpp>

#include <nlohmann/json.hpp>

#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

using fapilog::kv;
using namespace std::chrono_literals;

namespace {

int failures = 0;
int passed = 0;

void check(bool truth, std::string_view what) {
  ++(truth ? passed : failures);
  std::printf("%s: %.*s\n", truth ? "ok" : "failed", static_cast<int>(what.size()), what.data());
  std::fflush(stdout);
}

/// The records of all files in a directory, in the order of the names of the files.
std::vector<nlohmann::json> records_in(std::filesystem::path const& directory) {
  std::vector<std::filesystem::path> files;
  for (auto const& item : std::filesystem::directory_iterator{directory})
    if (item.is_regular_file()) files.push_back(item.path());
  std::vector<nlohmann::json> all;
  for (auto const& path : files) {
    std::ifstream file{path};
    for (std::string line; std::getline(file, line);) all.push_back(nlohmann::json::parse(line).at("log"));
  }
  return all;
}

void many_threads(std::size_t each) {
  constexpr std::size_t threads = 8;
  support::temporary_directory folder;
  fapilog::account end;
  {
    fapilog::runtime rt{
        {.when_full = fapilog::when_full::block,
         .lane_bytes = 65'536,
         .sinks = {fapilog::sinks::rotating_file{{.path = folder / "app.jsonl", .max_bytes = 0}}}}};
    std::vector<std::thread> all;
    for (std::size_t t = 0; t < threads; ++t) {
      all.emplace_back([&, t] {
        auto const log = rt.get_logger("thread");
        for (std::size_t i = 0; i < each; ++i)
          log.info("record {} of {}", i, t, kv("thread", t), kv("i", i), kv("text", "a \"quoted\" text"));
      });
    }
    for (std::thread& t : all) t.join();
    end = rt.drain(300s);
  }
  check(end.balanced() && end.processed == threads * each && end.dropped.total() == 0,
        "8 threads: the account is exact");
  std::array<std::size_t, threads> next{};
  bool is_in_order = true;
  for (auto const& record : records_in(folder.path())) {
    auto const t = record.at("data").at("thread").get<std::size_t>();
    auto const i = record.at("data").at("i").get<std::size_t>();
    is_in_order = is_in_order && next.at(t) == i &&
                  record.at("message") == "record " + std::to_string(i) + " of " + std::to_string(t);
    ++next.at(t);
  }
  bool is_complete = true;
  for (std::size_t const count : next) is_complete = is_complete && count == each;
  check(is_complete, "8 threads: each record is in the file once");
  check(is_in_order, "8 threads: the records of each thread are whole and in order");
}

void json() {
  auto sink = std::make_shared<support::switched_sink>("json");
  fapilog::runtime rt{{.sinks = {{sink}}}};
  std::string const bytes = "\x01\t\n\"\\/\x7F \xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80";
  std::vector<double> const numbers{0.0, -0.5, 0.1, 1e-7, 1.5e300, 5e-324, 123456789.125};
  rt.get_logger("json").error(
      "all {} {} {}", -1, 2.5, "three", kv("low", std::numeric_limits<std::int64_t>::min()),
      kv("high", std::numeric_limits<std::uint64_t>::max()), kv("float", 0.1F), kv("numbers", numbers),
      kv("bytes", bytes), kv("yes", true), kv("nothing", nullptr), kv("character", 'x'), kv("took", 1500us),
      kv("small", std::int8_t{-128}));
  check(rt.drain(60s).complete, "JSON: the record is delivered");
  auto const record = nlohmann::json::parse(sink->lines().at(0)).at("log");
  auto const& data = record.at("data");
  check(record.at("message") == "all -1 2.5 three", "JSON: the message");
  check(data.at("low") == std::numeric_limits<std::int64_t>::min() &&
            data.at("high") == std::numeric_limits<std::uint64_t>::max() && data.at("small") == -128,
        "JSON: integers");
  check(data.at("numbers") == nlohmann::json(numbers) && data.at("float").dump() == "0.1",
        "JSON: doubles and floats");
  check(data.at("bytes") == bytes && data.at("character") == "x", "JSON: strings");
  check(data.at("yes") == true && data.at("nothing").is_null() && data.at("took") == 0.0015,
        "JSON: other values");
}

void rotation() {
  support::temporary_directory folder;
  constexpr std::size_t count = 2'000;
  {
    fapilog::runtime rt{{.when_full = fapilog::when_full::block,
                         .sinks = {fapilog::sinks::rotating_file{
                             {.path = folder / "app.jsonl", .max_bytes = 50'000, .max_files = 1'000}}}}};
    auto const log = rt.get_logger();
    for (std::size_t i = 0; i < count; ++i) log.info("record", kv("i", i));
    check(rt.drain(60s).complete, "rotating file: all is written");
  }
  auto const files = std::distance(std::filesystem::directory_iterator{folder.path()}, {});
  std::vector<bool> seen(count);
  auto const records = records_in(folder.path());
  for (auto const& record : records) seen.at(record.at("data").at("i").get<std::size_t>()) = true;
  bool is_complete = records.size() == count;
  for (bool const one : seen) is_complete = is_complete && one;
  check(files > 5, "rotating file: it rotates");
  check(is_complete, "rotating file: each record is in one file");
}

void spool() {
  support::temporary_directory folder;
  constexpr std::size_t count = 1'000;
  fapilog::delivery_options const delivery{.retry = {.attempts = 0, .first_delay = 1ms, .longest_delay = 5ms},
                                           .spool = {.directory = folder / "spool", .segment_bytes = 20'000}};
  {
    auto down = std::make_shared<support::switched_sink>("remote", fapilog::testing::fault::retry);
    fapilog::runtime rt{{.when_full = fapilog::when_full::block, .sinks = {{down, delivery}}}};
    for (std::size_t i = 0; i < count; ++i) rt.get_logger().info("record {}", i);
    check(rt.drain(60s).spooled == count, "spool: a sink that is down leaves all records on disk");
  }
  auto up = std::make_shared<support::switched_sink>("remote");
  fapilog::runtime rt{{.sinks = {{up, delivery}}}};
  bool const has_all = up->wait_for_messages(count);
  rt.drain(60s);
  auto const messages = up->messages();
  bool is_in_order = messages.size() == count;
  for (std::size_t i = 0; is_in_order && i < count; ++i)
    is_in_order = messages.at(i) == "record " + std::to_string(i);
  check(has_all && is_in_order, "spool: the next runtime delivers them once and in order");
}

void killed_process() {
  support::temporary_directory folder;
  std::filesystem::create_directory(folder / "log");
  constexpr std::size_t count = 3'000;
  auto const options = [&] {
    return fapilog::options{
        .when_full = fapilog::when_full::block,
        .sinks = {fapilog::sinks::rotating_file{{.path = folder / "log/app.jsonl", .max_bytes = 0}}},
        .kill_safe = {.directory = folder / "kept"}};
  };
  pid_t const child = ::fork();
  if (child == 0) {
    fapilog::runtime rt{options()};
    auto const log = rt.get_logger("child").with(kv("bound", 7));
    for (std::size_t i = 0; i < count; ++i) log.info("kept {}", i, kv("i", i), kv("text", "of a process"));
    ::kill(::getpid(), SIGKILL);
  }
  int status = 0;
  check(::waitpid(child, &status, 0) == child && WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL,
        "kill-safe: the process is killed");
  {
    fapilog::runtime rt{options()};
    check(rt.drain(60s).complete, "kill-safe: the next process delivers what is left");
  }
  std::vector<int> seen(count);
  bool is_whole = true;
  std::ifstream file{folder / "log/app.jsonl"};
  for (std::string line; std::getline(file, line);) {
    auto const parsed = nlohmann::json::parse(line, nullptr, false);
    if (parsed.is_discarded()) continue;  // the kill may cut a line, which is written again
    auto const& record = parsed.at("log");
    auto const i = record.at("data").at("i").get<std::size_t>();
    ++seen.at(i);
    is_whole = is_whole && record.at("message") == "kept " + std::to_string(i) &&
               record.at("data").at("bound") == 7 && record.at("data").at("text") == "of a process";
  }
  bool is_exact = true;
  for (int const times : seen) is_exact = is_exact && times == 1;
  check(is_exact && is_whole, "kill-safe: each record is in the file once");
}

}  // namespace

int main(int argc, char** argv) {
  try {
    killed_process();  // first, because it forks
    many_threads(argc > 1 ? std::stoul(argv[1]) : 20'000);
    json();
    rotation();
    spool();
  } catch (std::exception const& e) {
    check(false, e.what());
  }
  std::printf("%d passed, %d failed\n", passed, failures);
  return failures == 0 ? 0 : 1;
}
