// SPDX-License-Identifier: MIT
// Which records a rotating file finds in its lines, and how much it reads for that.
#include "support/batches.hpp"
#include "support/catch.hpp"
#include "support/file_sinks.hpp"
#include "support/files.hpp"

#include <fapilog/record/envelope.hpp>
#include <fapilog/sinks/file/detail/arrived_lines.hpp>
#include <fapilog/sinks/rotating_file.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include <sys/stat.h>

using fapilog::detail::arrived_lines;
using fapilog::detail::batch_storage;
using fapilog::detail::rotated_files;
using fapilog::detail::search_limits;
using fapilog::sinks::rotating_file;
using support::content_of;
using support::lines_of;
using support::one_second;
using support::temporary_directory;
using support::write_file;

namespace {

constexpr std::int64_t some_day = 1'769'509'800 * one_second;  // 2026-01-27T10:30:00Z

/// Makes batches as the worker of a process does.
class process_of_records {
 public:
  /// A record each millisecond.
  fapilog::batch make(std::size_t count, std::size_t message_size = 40) {
    auto storage = std::make_shared<batch_storage>();
    std::vector<std::size_t> sizes;
    for (std::size_t i = 0; i < count; ++i, now += one_second / 1'000) {
      auto& e = storage->entries().emplace_back(storage->memory()).event;
      e.unix_ns = now;
      e.message_id = ids_.next(now);
      e.level_name = "INFO";
      e.logger = "billing";
      e.message = e.copy("record \"" + std::to_string(i) + "\" {" + std::string(message_size, 'x'));
      e.data.set("text", fapilog::value::of_string("a } b"));
      std::size_t const before = storage->text().size();
      writer_.put(storage->text(), e);
      sizes.push_back(storage->text().size() - before);
      storage->text().push_back('\n');
    }
    char const* line = storage->text().data();
    for (std::size_t i = 0; i < count; ++i) {
      storage->entries()[i].json = {line, sizes[i]};
      line += sizes[i] + 1;
    }
    storage->mark_recovered();
    return fapilog::batch{std::move(storage)};
  }

  std::int64_t now = some_day;

 private:
  fapilog::detail::uuid7_generator ids_;
  fapilog::detail::envelope_writer writer_;
};

/// Starts the sink of a next process and asks it.
std::vector<bool> found_by_next(fapilog::sinks::rotating_file_config config, fapilog::batch const& entries) {
  rotating_file next{std::move(config)};
  next.start(fapilog::start_context{});
  return next.find_arrived(entries);
}

std::vector<bool> found_in(std::string const& path, fapilog::batch const& entries,
                           search_limits limits = {}) {
  std::string problem;
  arrived_lines lines{path, rotated_files{path}, limits};
  auto found = lines.find(entries, problem);
  CHECK(problem.empty());
  return found;
}

std::string text_of(fapilog::batch const& entries) { return std::string{entries.text()}; }

std::string name_of(fapilog::entry const& e) { return to_string(e.event.message_id); }

void append_text(std::string const& path, std::string const& text) {
  std::ofstream{path, std::ios::binary | std::ios::app} << text;
}

}  // namespace

TEST_CASE("a rotating file finds the records that an earlier process wrote") {
  temporary_directory directory;
  std::string const path = directory / "app.log";
  process_of_records process;
  auto const entries = process.make(100);
  std::size_t const written = GENERATE(0U, 1U, 50U, 100U);
  {
    rotating_file killed{{.path = path}};
    killed.start(fapilog::start_context{});
    CHECK(killed.write(entries.up_to(written)));
  }
  auto const found = found_by_next({.path = path}, entries);
  std::vector<bool> expected(100, false);
  std::fill_n(expected.begin(), written, true);
  CHECK(found == expected);
}

TEST_CASE("a rotating file without lines finds nothing, and one that cannot be used neither") {
  temporary_directory directory;
  auto const entries = process_of_records{}.make(3);
  CHECK(found_by_next({.path = directory / "app.log"}, entries) == std::vector<bool>(3, false));
  CHECK(found_by_next({.path = directory / "app.log"}, {}).empty());
  rotating_file invalid{{.path = directory / "a.log", .directory = "b"}};
  CHECK(invalid.find_arrived(entries).empty());
}

TEST_CASE("records are found in rotated files, whether they are compressed or not") {
  bool const compressed = GENERATE(false, true);
  if (compressed && !fapilog::detail::can_compress()) return;
  temporary_directory directory;
  fapilog::sinks::rotating_file_config const config{
      .path = directory / "app.log", .max_bytes = 5'000, .compress_rotated = compressed};
  process_of_records process;
  auto const entries = process.make(200);
  {
    rotating_file killed{config};
    killed.start(fapilog::start_context{});
    CHECK(killed.write(entries.up_to(150)));
    killed.stop();
  }
  auto const names = support::names_in(directory.path());
  CHECK(names.size() > 5);
  CHECK(names.front().ends_with(".gz") == compressed);
  auto const found = found_by_next(config, entries);
  CHECK(std::count(found.begin(), found.end(), true) == 150);
  CHECK((std::find(found.begin(), found.end(), false) - found.begin()) == 150);
}

TEST_CASE("a damaged compressed file is reported, and what is before the damage is found") {
  if (!fapilog::detail::can_compress()) return;
  temporary_directory directory;
  fapilog::sinks::rotating_file_config const config{
      .path = directory / "app.log", .max_bytes = 200'000, .compress_rotated = true};
  auto const entries = process_of_records{}.make(1'000);
  {
    rotating_file killed{config};
    killed.start(fapilog::start_context{});
    CHECK(killed.write(entries));
    killed.stop();
  }
  auto const names = support::names_in(directory.path());
  REQUIRE(names.size() == 2);
  std::string const packed = content_of(directory / names[0]);
  write_file(directory / names[0], packed.substr(0, packed.size() / 2));
  support::collected_reports reports;
  rotating_file next{config};
  next.start(reports.context());
  auto const found = next.find_arrived(entries);
  auto const count = std::count(found.begin(), found.end(), true);
  CHECK(count > 300);
  CHECK(count < 1'000);
  REQUIRE(reports.all->size() == 1);
  CHECK(reports.all->front().find(names[0]) != std::string::npos);
}

TEST_CASE(
    "a record of which only a part of the line is in the file has not arrived, wherever the line is cut") {
  temporary_directory directory;
  std::string const path = directory / "app.log";
  process_of_records process;
  auto const entries = process.make(3, 4);
  std::string const text = text_of(entries);
  std::size_t const last = text.size() - entries[2].json.size() - 1;
  for (std::size_t size = last; size < text.size(); ++size) {
    write_file(path, text.substr(0, size));
    CHECK(found_in(path, entries) == std::vector<bool>{true, true, false});
    bool const is_whole = size == text.size() - 1;  // the next process adds the newline
    INFO(size - last << " bytes of the line");
    CHECK(found_by_next({.path = path}, entries) == std::vector<bool>{true, true, is_whole});
    // Another process appends a line meanwhile.
    auto const other = process.make(1, 4);
    write_file(path, text.substr(0, size) + text_of(other));
    CHECK(found_in(path, entries) == std::vector<bool>{true, true, false});
  }
}

TEST_CASE("a record that is written again after its torn line is found then") {
  temporary_directory directory;
  std::string const path = directory / "app.log";
  auto const entries = process_of_records{}.make(3);
  write_file(path, text_of(entries).substr(0, entries.text().size() - 20));
  {
    rotating_file next{{.path = path}};
    next.start(fapilog::start_context{});
    CHECK(next.find_arrived(entries) == std::vector<bool>{true, true, false});
    CHECK(next.write(entries.from(2)));
    CHECK(next.find_arrived(entries) == std::vector<bool>{true, true, true});
  }
  CHECK(lines_of(path).size() == 4);
  CHECK(found_by_next({.path = path}, entries) == std::vector<bool>{true, true, true});
}

TEST_CASE("records are found between lines of other processes and of other programs") {
  temporary_directory directory;
  std::string const path = directory / "app.log";
  process_of_records killed;
  process_of_records living;
  auto const entries = killed.make(50);
  std::string text;
  for (std::size_t i = 0; i < 30; ++i) {
    text += text_of(living.make(3));
    text += std::string{entries[i].json} + '\n';
    text += "plain text " + name_of(entries[40]) + "\n\n{\"id\":1}\n{]\n\"message_id\":\"\n" +
            std::string(5, '\0');
    text += "\n{\"message_id\":\"0\"}\n";
  }
  write_file(path, text + text_of(living.make(200)));
  auto const found = found_in(path, entries);
  CHECK(std::count(found.begin(), found.end(), true) == 30);
  CHECK(std::find(found.begin(), found.end(), false) - found.begin() == 30);
}

TEST_CASE("lines that mention the id of another record are not taken for its line") {
  temporary_directory directory;
  std::string const path = directory / "app.log";
  process_of_records process;
  auto const entries = process.make(2);
  auto storage = std::make_shared<batch_storage>();
  auto& e = storage->entries().emplace_back(storage->memory()).event;
  e.message = e.copy("failed: \"context\":{\"message_id\":\"" + name_of(entries[0]) + "\"}");
  e.logger = "\"message_id\":\"x\"";
  e.data.set("message_id", fapilog::value::of_string(e.copy(name_of(entries[1]))));
  fapilog::detail::text_buffer line;
  fapilog::detail::envelope_writer{}.put(line, e);
  write_file(path, std::string{line.view()} + '\n');
  CHECK(found_in(path, entries) == std::vector<bool>{false, false});
}

TEST_CASE("nothing is found in lines of a format without ids") {
  temporary_directory directory;
  std::string const path = directory / "app.log";
  auto const entries = process_of_records{}.make(20);
  std::string text;
  for (auto const& e : entries) text += "10:30 INFO " + std::string{e.event.message} + '\n';
  write_file(path, text);
  CHECK(found_in(path, entries) == std::vector<bool>(20, false));
}

TEST_CASE("records are found whatever the sizes of lines and blocks are") {
  temporary_directory directory;
  std::string const path = directory / "app.log";
  std::mt19937 random{7};
  for (int round = 0; round < 60; ++round) {
    process_of_records process;
    auto const entries = process.make(30, random() % 300);
    std::string text;
    std::vector<bool> expected(30, false);
    for (std::size_t i = 0; i < 30; ++i) {
      if (random() % 4 == 0) text += std::string(random() % 3'000, random() % 2 == 0 ? 'f' : '\n') + '\n';
      if (random() % 2 == 0) continue;
      text += std::string{entries[i].json} + '\n';
      expected[i] = true;
    }
    write_file(path, text + std::string(random() % 500, 't'));
    search_limits const limits{.block = 1 + random() % 2'000};
    INFO("block of " << limits.block);
    CHECK(found_in(path, entries, limits) == expected);
  }
}

TEST_CASE("a search reads only as much as it needs, and the next search reads nothing again") {
  temporary_directory directory;
  std::string const path = directory / "app.log";
  process_of_records process;
  write_file(path, text_of(process.make(20'000)));
  process.now += 3'600 * one_second;
  auto const entries = process.make(1'000);
  auto const later = process.make(10);
  append_text(path, text_of(entries));
  std::uint64_t const size = content_of(path).size();
  std::string problem;

  SECTION("until all records are found") {
    arrived_lines lines{path, rotated_files{path}, {.block = 4'096}};
    CHECK(lines.find(entries.from(990), problem) == std::vector<bool>(10, true));
    CHECK(lines.bytes_read() < 3 * 4'096);
    CHECK(lines.find(entries, problem) == std::vector<bool>(1'000, true));
    std::uint64_t const read = lines.bytes_read();
    CHECK(read < entries.text().size() + 2 * 4'096);
    CHECK(lines.find(entries.from(500), problem) == std::vector<bool>(500, true));
    CHECK(lines.bytes_read() == read);
  }
  SECTION("until the lines are older than all records") {
    arrived_lines lines{path, rotated_files{path}, {.block = 4'096, .old_bytes = 100'000}};
    CHECK(lines.find(later, problem) == std::vector<bool>(10, false));
    std::uint64_t const read = lines.bytes_read();
    CHECK(read > entries.text().size());
    CHECK(read < entries.text().size() + 100'000 + 3 * 4'096);
    CHECK(lines.find(later, problem) == std::vector<bool>(10, false));
    CHECK(lines.bytes_read() == read);
  }
  SECTION("until the limit, over all files") {
    std::string const rotated = directory / "app-20260127-103000.log";
    write_file(rotated, content_of(path));
    arrived_lines lines{path, rotated_files{path}, {.block = 4'096, .max_bytes = size + 50'000}};
    process_of_records before;
    before.now -= 24 * 3'600 * one_second;
    auto const absent = before.make(5);
    CHECK(lines.find(absent, problem) == std::vector<bool>(5, false));
    CHECK(lines.bytes_read() >= size + 50'000);
    CHECK(lines.bytes_read() < size + 50'000 + 3 * 4'096);
  }
  CHECK(problem.empty());
}

TEST_CASE("some older lines, such as recovered ones, do not end the search") {
  temporary_directory directory;
  std::string const path = directory / "app.log";
  process_of_records process;
  auto const entries = process.make(10);
  process_of_records old;
  old.now -= 24 * 3'600 * one_second;
  write_file(path, text_of(entries) + text_of(old.make(100)));
  CHECK(found_in(path, entries, {.block = 1'000, .old_bytes = 1'000'000}) == std::vector<bool>(10, true));
  CHECK(found_in(path, entries, {.block = 1'000, .old_bytes = 5'000}) == std::vector<bool>(10, false));
}

TEST_CASE("a search finds what other processes have written since the one before, also in a new file") {
  temporary_directory directory;
  std::string const path = directory / "app.log";
  process_of_records process;
  auto const entries = process.make(30);
  write_file(path, text_of(entries.up_to(10)));
  std::string problem;
  arrived_lines lines{path, rotated_files{path}};
  auto const found = [&] {
    auto const all = lines.find(entries, problem);
    return std::count(all.begin(), all.end(), true);
  };
  CHECK(found() == 10);
  append_text(path, text_of(entries.from(10).up_to(5)).substr(0, 1'000));
  CHECK(found() < 15);
  append_text(path, text_of(entries.from(10).up_to(5)).substr(1'000));
  CHECK(found() == 15);
  CHECK(found() == 15);
  REQUIRE(fapilog::detail::rename_file(path, directory / "app-20260127-103000.log") == 0);
  CHECK(found() == 15);
  write_file(path, text_of(entries.from(15).up_to(5)));
  CHECK(found() == 20);
  std::string const tail = text_of(entries.from(20));
  append_text(path, tail.substr(0, 10));
  CHECK(found() == 20);
  append_text(path, tail.substr(10));
  CHECK(found() == 30);
  CHECK(problem.empty());
}

TEST_CASE("a file that this process may write but not read is reported, and its records are written again") {
  temporary_directory directory;
  ::chmod(directory.path().c_str(), 0755);
  std::string const path = directory / "app.log";
  auto const entries = process_of_records{}.make(3);
  write_file(path, text_of(entries));
  ::chmod(path.c_str(), 0222);
  CHECK(support::code_as_nobody([&] {
          support::collected_reports reports;
          rotating_file next{{.path = path}};
          next.start(reports.context());
          for (int i = 0; i < 2; ++i) {
            if (next.find_arrived(entries) != std::vector<bool>(3, false)) return 1;
          }
          if (reports.all->size() != 1) return 2;
          return reports.all->front().find(path) == std::string::npos ? 3 : 0;
        }) == 0);
}
