// SPDX-License-Identifier: MIT
// Compression of finished files.
#if defined(FAPILOG_WITH_ZLIB)

#include "support/catch.hpp"
#include "support/files.hpp"

#include <fapilog/sinks/file/detail/gzip.hpp>

#include <string>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using fapilog::detail::gzip_file;
using support::temporary_directory;

namespace {

std::string some_lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i)
    text += "{\"n\":" + std::to_string(i) + ",\"square\":" + std::to_string(i * 7919 % 1'000) + "}\n";
  return text;
}

}  // namespace

TEST_CASE("a file is replaced by a gzip file with the same content and permissions") {
  temporary_directory directory;
  int const count = GENERATE(1, 2'000, 200'000);
  std::string const path = directory / "app-1.log";
  std::string const text = some_lines(count);
  support::write_file(path, text);
  std::filesystem::permissions(path, std::filesystem::perms{0640});

  CHECK(gzip_file(path));

  CHECK(support::names_in(directory.path()) == std::vector<std::string>{"app-1.log.gz"});
  CHECK((support::unpacked(path + ".gz") == text));  // in parentheses, so that a failure does not print it
  CHECK(fapilog::detail::status_of(path + ".gz").mode == 0640);
  if (count > 1'000) CHECK(fapilog::detail::status_of(path + ".gz").size < text.size() / 2);
}

TEST_CASE("an unfinished compressed file of a crashed process is replaced") {
  temporary_directory directory;
  std::string const path = directory / "app-1.log";
  support::write_file(path, some_lines(100));
  support::write_file(path + ".gz.tmp", std::string(100'000, '?'));
  support::write_file(path + ".gz", "half a file");
  CHECK(gzip_file(path));
  CHECK(support::names_in(directory.path()) == std::vector<std::string>{"app-1.log.gz"});
  CHECK(support::unpacked(path + ".gz") == some_lines(100));
}

TEST_CASE("a file that is missing, empty or locked is not compressed") {
  temporary_directory directory;
  std::string const path = directory / "app-1.log";
  CHECK_FALSE(gzip_file(path));
  support::write_file(path, "");
  CHECK_FALSE(gzip_file(path));
  support::write_file(path, "text\n");
  {
    auto const writer = fapilog::detail::open_file(path, fapilog::detail::open_for::append);
    REQUIRE(writer.handle.lock_shared() == 0);
    CHECK_FALSE(gzip_file(path));
  }
  CHECK(support::names_in(directory.path()) == std::vector<std::string>{"app-1.log"});
  CHECK(gzip_file(path));
}

TEST_CASE("if compression fails, the original is unchanged and nothing else is left") {
  SECTION("the unfinished file cannot be made") {
    temporary_directory directory;
    std::string const path = directory / "app-1.log";
    support::write_file(path, some_lines(10));
    std::filesystem::create_directory(path + ".gz.tmp");
    CHECK_THROWS_WITH(gzip_file(path), ContainsSubstring(path) && ContainsSubstring("stays uncompressed"));
    CHECK(support::content_of(path) == some_lines(10));
  }
  SECTION("the name is taken by a directory") {
    temporary_directory directory;
    std::string const path = directory / "app-1.log";
    support::write_file(path, some_lines(10));
    std::filesystem::create_directories(path + ".gz/full");
    CHECK_THROWS_WITH(gzip_file(path), ContainsSubstring(path));
    CHECK(support::content_of(path) == some_lines(10));
    CHECK(support::names_in(directory.path()) == std::vector<std::string>{"app-1.log", "app-1.log.gz"});
  }
  SECTION("the disk is full") {
    support::small_file_system disk{"size=256k"};
    if (!disk.is_mounted()) SKIP("mounting a file system is not permitted");
    std::string const path = disk / "app-1.log";
    std::string noise;  // that compresses badly
    for (unsigned x = 1; noise.size() < 200'000; x = x * 1'664'525 + 1'013'904'223)
      noise += static_cast<char>(x >> 24);
    support::write_file(path, noise);
    CHECK_THROWS_WITH(gzip_file(path), ContainsSubstring("No space left on device"));
    CHECK(support::names_in(std::filesystem::path{disk / ""}) == std::vector<std::string>{"app-1.log"});
    CHECK((support::content_of(path) == noise));
  }
}

TEST_CASE("only regular files are compressed") {
  temporary_directory directory;
  support::write_file(directory / "target", "text\n");
  std::filesystem::create_symlink(directory / "target", directory / "link");
  CHECK_THROWS(gzip_file(directory / "link"));
  CHECK_THROWS(gzip_file(directory.path().string()));
  CHECK(support::content_of(directory / "target") == "text\n");
}

#endif
