// SPDX-License-Identifier: MIT
// What is special on Windows: files that others have open, exits, DLLs, pipes, exceptions; and that the macros of <windows.h>
// hurt nothing. It starts itself for what needs another process.
// usage: windows [RECORDS PER THREAD]
#include <windows.h>  // first, with all its macros

#include <fapilog/fapilog.hpp>
#include <fapilog/plugins/builtins.hpp>
#include <fapilog/plugins/windows_event_log.hpp>
#include <fapilog/settings.hpp>

#include <nlohmann/json.hpp>

#include "support/eventually.hpp"
#include "support/switched_sink.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <vector>

using fapilog::kv;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

int failures = 0;
int passed = 0;

void check(bool truth, std::string_view what) {
  ++(truth ? passed : failures);
  std::printf("%s: %.*s\n", truth ? "ok" : "failed", static_cast<int>(what.size()), what.data());
  std::fflush(stdout);
}

/// A new directory below the current one. Its name has characters that no code page of the West has.
std::string make_directory(std::string const& name) {
  fs::path const path = fs::current_path() / fs::path{u8"Prüfung-日志"} / name;
  fs::remove_all(path);
  fs::create_directories(path);
  auto const text = path.u8string();
  return {text.begin(), text.end()};
}
fs::path path_of(std::string const& utf8) { return fs::path{std::u8string{utf8.begin(), utf8.end()}}; }

/// The files in a directory, in the order in which they were written.
std::vector<fs::path> files_in(std::string const& directory) {
  std::vector<fs::path> files;
  for (auto const& item : fs::directory_iterator{path_of(directory)}) {
    if (item.is_regular_file()) files.push_back(item.path());
  }
  // app-20260127-103000.jsonl, app-20260127-103000-1.jsonl, ..., app.jsonl
  auto const key = [](fs::path const& path) {
    std::string const name = path.filename().string();
    return std::tuple{name.starts_with("app-") ? name.substr(4, 15) : "~", name.size(), name};
  };
  std::sort(files.begin(), files.end(), [&](auto const& x, auto const& y) { return key(x) < key(y); });
  return files;
}
std::vector<nlohmann::json> records_in(std::string const& directory) {
  std::vector<nlohmann::json> all;
  for (fs::path const& path : files_in(directory)) {
    std::ifstream file{path, std::ios::binary};
    for (std::string line; std::getline(file, line);) all.push_back(nlohmann::json::parse(line).at("log"));
  }
  return all;
}
fapilog::options to_file(std::string const& path, std::uint64_t max_bytes = 0,
                         std::uint64_t max_files = 1'000) {
  return {.when_full = fapilog::when_full::block,
          .sinks = {
              fapilog::sinks::rotating_file{{.path = path, .max_bytes = max_bytes, .max_files = max_files}}}};
}

/// A process that runs one of the parts below.
class child {
 public:
  explicit child(std::string const& part, std::string const& argument = "", bool reads_output = false) {
    ::SECURITY_ATTRIBUTES inherited{sizeof inherited, nullptr, TRUE};
    ::HANDLE end = nullptr;
    ::CreatePipe(&output_, &end, &inherited, 0);
    ::SetHandleInformation(output_, HANDLE_FLAG_INHERIT, 0);
    ::STARTUPINFOW start{};
    start.cb = sizeof start;
    start.dwFlags = STARTF_USESTDHANDLES;
    start.hStdInput = ::GetStdHandle(STD_INPUT_HANDLE);
    start.hStdOutput = reads_output ? end : ::GetStdHandle(STD_OUTPUT_HANDLE);
    start.hStdError = ::GetStdHandle(STD_ERROR_HANDLE);
    wchar_t program[1024];
    ::GetModuleFileNameW(nullptr, program, 1024);
    std::wstring line = L"\"" + std::wstring{program} + L"\" --" + path_of(part).wstring() + L" \"" +
                        path_of(argument).wstring() + L"\"";
    if (::CreateProcessW(nullptr, line.data(), nullptr, nullptr, TRUE, 0, nullptr, nullptr, &start,
                         &process_) == 0)
      throw std::runtime_error{"cannot start " + part};
    ::CloseHandle(end);
  }
  child(child const&) = delete;
  child& operator=(child const&) = delete;
  ~child() {
    ::CloseHandle(output_);
    ::CloseHandle(process_.hThread);
    ::CloseHandle(process_.hProcess);
  }

  /// Waits for a line of output.
  [[nodiscard]] std::string line() {
    std::string found;
    char c = 0;
    for (::DWORD got = 0; ::ReadFile(output_, &c, 1, &got, nullptr) != 0 && got == 1 && c != '\n';)
      found += c;
    return found;
  }
  [[nodiscard]] std::string rest() {
    std::string found;
    char part[4096];
    for (::DWORD got = 0; ::ReadFile(output_, part, sizeof part, &got, nullptr) != 0 && got > 0;)
      found.append(part, got);
    return found;
  }
  /// The exit code; 0xFFFF if it has not ended after two minutes, which is a hang.
  [[nodiscard]] unsigned long wait() {
    ::DWORD code = 0xFFFF;
    if (::WaitForSingleObject(process_.hProcess, 120'000) == WAIT_OBJECT_0) {
      ::GetExitCodeProcess(process_.hProcess, &code);
    } else {
      ::TerminateProcess(process_.hProcess, 1);
    }
    return code;
  }
  void end() { ::TerminateProcess(process_.hProcess, 0); }

 private:
  ::HANDLE output_ = nullptr;
  ::PROCESS_INFORMATION process_{};
};

void many_threads(std::size_t each) {
  constexpr std::size_t threads = 8;
  std::string const folder = make_directory("threads");
  fapilog::account end;
  {
    fapilog::options options = to_file(folder + "/app.jsonl", 64ULL << 20U);
    options.lane_bytes = 65'536;
    fapilog::runtime rt{options};
    std::vector<std::thread> all;
    for (std::size_t t = 0; t < threads; ++t) {
      all.emplace_back([&, t] {
        auto const log = rt.get_logger("thread");
        for (std::size_t i = 0; i < each; ++i) log.info("record {} of {}", i, t, kv("thread", t), kv("i", i));
      });
    }
    for (std::thread& t : all) t.join();
    end = rt.drain(300s);
  }
  check(end.balanced() && end.processed == threads * each && end.dropped.total() == 0,
        "8 threads: the account is exact");
  std::array<std::size_t, threads> next{};
  bool is_in_order = true;
  for (fs::path const& path : files_in(folder)) {
    std::ifstream file{path, std::ios::binary};
    for (std::string line; std::getline(file, line);) {
      auto const data = nlohmann::json::parse(line).at("log").at("data");
      auto const t = data.at("thread").get<std::size_t>();
      is_in_order = is_in_order && next.at(t)++ == data.at("i").get<std::size_t>();
    }
  }
  fs::remove_all(path_of(folder));
  bool is_complete = true;
  for (std::size_t const count : next) is_complete = is_complete && count == each;
  check(is_complete && is_in_order,
        "8 threads: each record is in a file once and in the order of its thread");
}

void rotation() {
  std::string const folder = make_directory("rotation");
  constexpr std::size_t count = 3'000;
  {
    // As tail and editors have it: they permit to rename and delete the file.
    fapilog::runtime rt{to_file(folder + "/app.jsonl", 50'000)};
    rt.get_logger().info("first", kv("i", 0));
    (void)rt.flush(60s);
    child reader{"open-shared", folder + "/app.jsonl", true};
    check(reader.line() == "open\r", "rotating file: another process opens it");
    for (std::size_t i = 1; i < count; ++i) rt.get_logger().info("record", kv("i", i));
    check(rt.drain(60s).complete, "rotating file: all is written");
    reader.end();
    (void)reader.wait();
  }
  auto const files = std::distance(fs::directory_iterator{path_of(folder)}, {});
  std::vector<int> seen(count);
  for (auto const& record : records_in(folder)) ++seen.at(record.at("data").at("i").get<std::size_t>());
  bool is_exact = true;
  for (int const times : seen) is_exact = is_exact && times == 1;
  check(files > 5 && is_exact,
        "rotating file: it is renamed while another process has it open, and each record is in one file");

  std::string const locked = make_directory("locked");
  auto const count_files = [&] { return std::distance(fs::directory_iterator{path_of(locked)}, {}); };
  std::size_t logged = 500;
  {
    fapilog::runtime rt{to_file(locked + "/app.jsonl", 20'000)};
    rt.get_logger().info("first");
    (void)rt.flush(60s);
    child holder{"open-exclusive", locked + "/app.jsonl", true};
    check(holder.line() == "open\r", "rotating file: a process opens it and forbids to rename it");
    for (std::size_t i = 1; i < logged; ++i) rt.get_logger().info("record");
    (void)rt.flush(60s);
    auto const while_held = count_files();
    holder.end();
    (void)holder.wait();
    bool const is_renamed = support::eventually([&] {
      rt.get_logger().info("record");
      ++logged;
      return rt.flush(60s).complete && count_files() > 1;
    });
    check(rt.drain(60s).complete && while_held == 1 && is_renamed,
          "rotating file: it grows while it cannot be renamed");
  }
  check(records_in(locked).size() == logged && count_files() > 1,
        "rotating file: no record is lost, and it is renamed later");

  std::string const kept = make_directory("retention");
  {
    fapilog::runtime rt{to_file(kept + "/app.jsonl", 10'000, 3)};
    for (std::size_t i = 0; i < 2'000; ++i) rt.get_logger().info("record");
    rt.drain(60s);
  }
  check(std::distance(fs::directory_iterator{path_of(kept)}, {}) <= 4,
        "rotating file: old files are deleted");

  std::string const shared = make_directory("shared");
  {
    // Wine asks for the end of a file and then writes there, which are two steps: processes at the same time overwrite each other.
    bool const is_wine = ::GetProcAddress(::GetModuleHandleW(L"ntdll.dll"), "wine_get_version") != nullptr;
    child one{"append", shared + "/app.jsonl"};
    unsigned long const early = is_wine ? one.wait() : 0;
    child two{"append", shared + "/app.jsonl"};
    check(early == 0 && one.wait() == 0 && two.wait() == 0, "two processes: both end");
  }
  check(records_in(shared).size() == 6'000,
        "two processes: they append to one file and rotate it without a loss");
}

void exits() {
  for (std::string const how : {"exit", "return", "dll"}) {
    std::string const folder = make_directory(how);
    child ending{how, folder + "/app.jsonl"};
    check(ending.wait() == 7, how + ": the process ends, with its own status");
    check(records_in(folder).size() == 2'000, how + ": all records are written");
  }
  std::string const folder = make_directory("crash");
  child crashing{"crash", folder + "/app.jsonl"};
  check(crashing.wait() != 0, "crash: the process ends");
  auto const records = records_in(folder);
  check(records.size() == 1'001, "crash: all records are written");
  check(!records.empty() && records.back().at("level") == "CRITICAL" &&
            records.back().dump().find("EXCEPTION_ACCESS_VIOLATION") != std::string::npos,
        "crash: the last record describes it");

  for (std::string const how : {"uncaught", "thread-throws"}) {
    std::string const thrown_in = make_directory(how);
    child throwing{how, thrown_in + "/app.jsonl"};
    check(throwing.wait() != 0, how + ": the process ends");
    auto const left = records_in(thrown_in);
    std::string const last = left.empty() ? "" : left.back().dump();
    check(left.size() == 1'001 && last.find("std::terminate") != last.npos &&
              last.find("runtime_error") != last.npos && last.find("the disk is gone") != last.npos,
          how + ": the last record has the type and the text of the exception");
  }
}

void ends_of_threads() {
  auto sink = std::make_shared<support::switched_sink>("ends");
  fapilog::runtime rt{
      {.when_full = fapilog::when_full::block, .sinks = {{sink}}, .flight_recorder = {.enabled = true}}};
  fapilog::logger const log = rt.get_logger();
  for (int i = 0; i < 100; ++i) {
    std::thread{[&] {
      auto const scope = fapilog::scope(kv("thread", i));
      log.debug("recent");
      log.debug("recent, too");
    }}.join();
  }
  double discarded = 0;
  for (fapilog::metric const& m : rt.metrics()) {
    if (m.name == "fapilog_recorder_records_total" && m.labels.at(0).second == "discarded")
      discarded = static_cast<double>(m.value);
  }
  check(discarded == 200,
        "threads: the recent records of a thread that has ended are discarded, its lane is free");
  log.error("of this thread");
  check(rt.drain(60s).complete && sink->messages().size() == 1,
        "threads: only this one has a record to write");
}

void output() {
  {
    child printing{"stdout", "", true};
    std::string const text = printing.rest();
    check(printing.wait() == 0, "standard output: the process ends");
    std::size_t lines = 0;
    for (char const c : text) lines += c == '\n' ? 1 : 0;
    check(lines == 1'000 && text.find('\r') == text.npos,
          "standard output: 1000 lines that end with a line feed alone");
    check(text.find("\xE6\x97\xA5") != text.npos, "standard output: UTF-8");
  }
  child printing{"pretty", "", true};
  std::string const text = printing.rest();
  check(printing.wait() == 0 && text.find("\x1b[") != text.npos && text.find("INFO") != text.npos,
        "pretty: coloured lines, if they are requested");
}

void settings_and_spool() {
  ::SetEnvironmentVariableW(L"FAPILOG_CORE__LOG_LEVEL", L"ERROR");
  std::string const folder = make_directory("settings");
  std::ofstream{path_of(folder) / "app.json"}
      << R"({"core": {"sinks": ["rotating_file"]}, "sink_config": {"rotating_file": {"path": )"
      << nlohmann::json(folder + "/log/app.jsonl").dump() << "}}}";
  try {
    fapilog::runtime rt{fapilog::settings::from_file(folder + "/app.json").with_environment().options()};
    rt.get_logger().info("not written");
    rt.get_logger().error("written", kv("path", path_of(folder)));
    rt.drain(60s);
  } catch (std::exception const& e) {
    std::puts(e.what());
  }
  ::SetEnvironmentVariableW(L"FAPILOG_CORE__LOG_LEVEL", nullptr);
  std::ifstream written{path_of(folder) / "log" / "app.jsonl", std::ios::binary};
  std::string line;
  std::getline(written, line);
  auto const record = nlohmann::json::parse(line, nullptr, false);
  check(!record.is_discarded() && record.at("log").at("message") == "written" &&
            record.at("log").at("data").at("path").get<std::string>().find("日志") != std::string::npos,
        "settings: a file and the environment; paths are UTF-8");

  constexpr std::size_t count = 1'000;
  fapilog::delivery_options const delivery{
      .retry = {.attempts = 0, .first_delay = 1ms, .longest_delay = 5ms},
      .spool = {.directory = make_directory("spool"), .segment_bytes = 20'000}};
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

void log_some(std::string const& path) {
  static fapilog::runtime rt{to_file(path)};
  for (int i = 0; i < 2'000; ++i) rt.get_logger().info("record", kv("i", i));
}

/// A part that runs in a process of its own. Returns its exit status.
int run_part(std::string_view part, std::string const& argument) {
  if (part == "open-shared" || part == "open-exclusive") {
    ::DWORD const share =
        FILE_SHARE_READ | FILE_SHARE_WRITE | (part == "open-shared" ? FILE_SHARE_DELETE : 0U);
    ::HANDLE const file =
        ::CreateFileW(path_of(argument).c_str(), GENERIC_READ, share, nullptr, OPEN_EXISTING, 0, nullptr);
    std::puts(file == INVALID_HANDLE_VALUE ? "failed" : "open");
    std::fflush(stdout);
    ::Sleep(120'000);
    return 0;
  }
  if (part == "append") {
    fapilog::runtime rt{to_file(argument, 100'000)};
    for (int i = 0; i < 3'000; ++i) rt.get_logger().info("record", kv("i", i));
    return rt.drain(60s).complete ? 0 : 1;
  }
  if (part == "exit" || part == "return") {
    log_some(argument);
    if (part == "exit") std::exit(7);
    return 7;
  }
  if (part == "dll") {
    ::HMODULE const module = ::LoadLibraryW(L"windows_module.dll");
    auto* const log = reinterpret_cast<void (*)(char const*)>(
        reinterpret_cast<void*>(::GetProcAddress(module, "log_in_module")));
    if (log == nullptr) return 1;
    log(argument.c_str());
    ::FreeLibrary(module);  // it stays, because its threads run
    return 7;
  }
  if (part == "crash" || part == "uncaught" || part == "thread-throws") {
    fapilog::options options = to_file(argument);
    options.crash.enabled = true;
    static fapilog::runtime rt{options};
    for (int i = 0; i < 1'000; ++i) rt.get_logger().info("record", kv("i", i));
    ::SetErrorMode(SEM_NOGPFAULTERRORBOX);
    if (part == "thread-throws") std::thread{[] { throw std::runtime_error{"the disk is gone"}; }}.join();
    if (part == "uncaught") [] { throw std::runtime_error{"the disk is gone"}; }();
    int volatile* volatile nowhere = nullptr;
    *nowhere = 1;
    return 0;
  }
  if (part == "stdout") {
    fapilog::runtime rt{{.when_full = fapilog::when_full::block, .sinks = {fapilog::sinks::stdout_json{}}}};
    for (int i = 0; i < 1'000; ++i) rt.get_logger().info("日志 {}", i);
    return rt.drain(60s).complete ? 0 : 1;
  }
  if (part == "event-log") {
    auto plugins = fapilog::builtin_plugins();
    fapilog::add_windows_event_log(plugins);
    auto const loaded = fapilog::settings::from_json(
        R"({"core": {"sinks": ["windows_event_log"]}, "sink_config": {"windows_event_log": {"source": "shop", "event_id": 7}}})",
        "inline", plugins);
    fapilog::runtime rt{loaded.options()};
    auto const log = rt.get_logger("cart");
    log.error("order failed: 50%1", kv("order", 1001));
    log.warning("slow", kv("event_id", 1200));
    log.info("日志");
    auto const drained = rt.drain(60s);
    return drained.complete && drained.processed == 3 && drained.dropped.total() == 0 ? 0 : 1;
  }
  if (part == "pretty") {
    fapilog::runtime rt{
        {.sinks = {fapilog::sinks::stdout_pretty{{.colours = fapilog::sinks::colour_mode::always}}}}};
    rt.get_logger().info("日志");
    return rt.drain(60s).complete ? 0 : 1;
  }
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view{argv[1]}.starts_with("--")) {
    // Not of argv, which has the characters of the code page.
    int count = 0;
    wchar_t** const all = ::CommandLineToArgvW(::GetCommandLineW(), &count);
    auto const argument = fs::path{count > 2 ? all[2] : L""}.u8string();
    return run_part(std::string_view{argv[1]}.substr(2), {argument.begin(), argument.end()});
  }
  try {
    many_threads(argc > 1 ? std::stoul(argv[1]) : 20'000);
    rotation();
    ends_of_threads();
    exits();
    output();
    settings_and_spool();
  } catch (std::exception const& e) {
    check(false, e.what());
  }
  std::printf("%d passed, %d failed\n", passed, failures);
  return failures == 0 ? 0 : 1;
}
