// SPDX-License-Identifier: MIT
// Literals of a killed process: the program's and those of a library, read by a process that has them at other addresses.
#include "support/catch.hpp"
#include "support/child_process.hpp"
#include "support/files.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/kill_safe/literal_reader.hpp>
#include <fapilog/kill_safe/literal_store.hpp>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <signal.h>
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using fapilog::detail::literal_reader;
using fapilog::detail::literal_store;

constexpr char const* literal_of_program = "a literal of the program";
/// As a compiler writes the object of a call site into writable memory, and other variables beside it.
struct site_object {
  char const* file;
  char const* function;
  unsigned line;
  unsigned column;
};
site_object site_in_program{literal_of_program, "a function", 42, 7};
struct {
  char const* user;
  char text[24];
} secret_in_program{"someone", "not known yet"};
constexpr bool site_is_pointer = sizeof(fapilog::detail::call_site) == sizeof(void*);

std::uint64_t address_of(void const* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

/// A literal of a shared library that the program loads.
char const* literal_of_library(char const* path = "libz.so.1") {
  void* const library = ::dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return nullptr;
  auto const version = reinterpret_cast<char const* (*)()>(::dlsym(library, "zlibVersion"));
  return version == nullptr ? nullptr : version();
}

/// A copy of that library, which is a module of its own.
struct library_copy {
  library_copy() {
    ::Dl_info found{};
    char const* const original = literal_of_library();
    if (original == nullptr || ::dladdr(original, &found) == 0)
      throw std::runtime_error("the library cannot be loaded");
    std::filesystem::copy_file(std::filesystem::canonical(found.dli_fname), path);
    literal = literal_of_library(path.c_str());
    if (literal == nullptr) throw std::runtime_error("the copy of the library cannot be loaded");
  }

  support::temporary_directory directory;
  std::string path = directory / "library.so";
  char const* literal = nullptr;
};

/// What a child writes for its parent.
struct addresses {
  std::uint64_t program = 0;
  std::uint64_t site = 0;
  std::uint64_t in_library = 0;
};

/// The directories of a store.
struct store_directories {
  store_directories() {
    std::filesystem::create_directory(shared());
    std::filesystem::create_directory(own());
  }
  [[nodiscard]] std::string shared() const { return directory / "shared"; }
  [[nodiscard]] std::string own() const { return directory / "own"; }
  [[nodiscard]] std::string list() const { return own() + "/modules"; }
  /// The snapshots, without what is left of unfinished ones.
  [[nodiscard]] std::vector<std::string> snapshots() const {
    std::vector<std::string> paths;
    for (std::string const& name : support::names_in(shared())) {
      if (!name.starts_with("new-")) paths.push_back(shared() + '/' + name);
    }
    return paths;
  }

  support::temporary_directory directory;
};

/// Runs this program again; it runs the test with this name.
int status_of_program(char const* test, std::string const& directory) {
  ::setenv("FAPILOG_TEST_DIRECTORY", directory.c_str(), 1);
  ::pid_t const child = ::fork();
  if (child == 0) {
    ::execl("/proc/self/exe", "tests", test, nullptr);
    ::_exit(1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  ::unsetenv("FAPILOG_TEST_DIRECTORY");
  return status;
}

}  // namespace

TEST_CASE("a process that keeps literals until it is killed") {
  char const* const directory = std::getenv("FAPILOG_TEST_DIRECTORY");
  if (directory == nullptr) return;
  std::string const path = directory;
  literal_store store{path + "/shared", path + "/own"};
  addresses const all{address_of(literal_of_program), address_of(&site_in_program),
                      address_of(literal_of_library())};
  if (store.keep(literal_of_program).size == 0 || store.keep(literal_of_library()).size == 0) ::_exit(1);
  std::ofstream{path + "/addresses", std::ios::binary}.write(reinterpret_cast<char const*>(&all), sizeof all);
  ::raise(SIGKILL);
}

TEST_CASE("literals of a killed program and of a library it loaded can be read at its addresses") {
  store_directories const to;
  int const status =
      status_of_program("a process that keeps literals until it is killed", to.directory.path().string());
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGKILL);
  addresses of{};
  std::string const written = support::content_of(to.directory / "addresses");
  REQUIRE(written.size() == sizeof of);
  std::memcpy(&of, written.data(), sizeof of);

  literal_reader const reader{to.shared(), to.own()};
  CHECK(reader.problems().empty());
  CHECK(reader.text_at(of.program) == literal_of_program);
  CHECK(reader.text_at(of.program + 2) == literal_of_program + 2);
  CHECK(reader.text_at(of.in_library) == literal_of_library());
  if (site_is_pointer) {
    CHECK(reader.pointer_at(of.site) == of.program);
    unsigned line = 0;
    CHECK(reader.read(of.site + offsetof(site_object, line), &line, sizeof line));
    CHECK(line == 42);
  }

  char bytes[9] = {};
  CHECK(reader.read(of.program, bytes, 9));
  CHECK(std::string_view(bytes, 9) == "a literal");
  CHECK_FALSE(reader.text_at(0));
  CHECK_FALSE(reader.text_at(UINT64_MAX));
  CHECK_FALSE(reader.read(of.program, bytes, SIZE_MAX));
  CHECK_FALSE(reader.read(UINT64_MAX - 3, bytes, 8));
}

TEST_CASE("a snapshot of one process serves another that has the module elsewhere") {
  store_directories const to;
  {
    literal_store store{to.shared(), to.own()};
    REQUIRE(store.keep(literal_of_program).size != 0);
  }
  auto const snapshot = to.snapshots();
  REQUIRE(snapshot.size() == 1);
  struct ::stat written {};
  REQUIRE(::stat(snapshot[0].c_str(), &written) == 0);
  std::filesystem::remove(to.list());

  int const status =
      status_of_program("a process that keeps literals until it is killed", to.directory.path().string());
  REQUIRE(WIFSIGNALED(status));
  CHECK(to.snapshots().size() == 2);  // and the library's
  struct ::stat now {};
  REQUIRE(::stat(snapshot[0].c_str(), &now) == 0);
  CHECK(now.st_ino == written.st_ino);  // its time changes with each use, but it is not written again
  addresses of{};
  std::string const all = support::content_of(to.directory / "addresses");
  std::memcpy(&of, all.data(), sizeof of);
  literal_reader const reader{to.shared(), to.own()};
  CHECK(reader.text_at(of.program) == literal_of_program);
  if (site_is_pointer) CHECK(reader.pointer_at(of.site) == of.program);
}

TEST_CASE("a literal is kept in a range that contains it, and once for each module") {
  store_directories const to;
  literal_store store{to.shared(), to.own()};
  auto const range = store.keep(literal_of_program);
  REQUIRE(range.contains(literal_of_program));
  CHECK(range.contains(literal_of_program + std::strlen(literal_of_program)));
  auto const size = std::filesystem::file_size(to.list());
  CHECK(store.keep(literal_of_program + 1).begin == range.begin);
  CHECK(std::filesystem::file_size(to.list()) == size);
  CHECK(store.error().empty());
  using std::filesystem::perms;
  for (std::string const& path : {to.list(), to.snapshots().at(0)})
    CHECK(std::filesystem::status(path).permissions() == (perms::owner_read | perms::owner_write));
}

TEST_CASE("a snapshot contains no variables") {
  store_directories const to;
  literal_store store{to.shared(), to.own()};
  std::string const secret(23, 's');  // not a literal
  std::memcpy(secret_in_program.text, secret.c_str(), secret.size() + 1);
  site_in_program.line = 43;
  REQUIRE(store.keep(literal_of_program).size != 0);
  std::string const snapshot = support::content_of(to.snapshots().at(0));
  CHECK(snapshot.find("a literal of the program") != std::string::npos);
  CHECK(snapshot.find(secret) == std::string::npos);
}

TEST_CASE("what is no literal is not kept") {
  store_directories const to;
  literal_store store{to.shared(), to.own()};
  std::string const on_heap(100, 'x');
  CHECK(store.keep(on_heap.data()).size == 0);
  CHECK(store.error().find("not a literal") != std::string::npos);
  static char in_data[] = "in writable memory";
  CHECK(store.keep(in_data).size == 0);
  CHECK(store.error().find("can change") != std::string::npos);
  CHECK(store.keep(nullptr).size == 0);
  if (auto const vdso = ::getauxval(AT_SYSINFO_EHDR); vdso != 0) {
    CHECK(store.keep(reinterpret_cast<void const*>(vdso)).size == 0);
    CHECK(store.error().find("has no file") != std::string::npos);
  }
  CHECK(to.snapshots().empty());
  CHECK(store.keep(literal_of_program).size != 0);
}

TEST_CASE("keeping a literal changes errno neither in success nor in failure") {
  store_directories const to;
  literal_store store{to.shared() + "/none", to.own()};
  errno = 4'711;
  CHECK(store.keep(literal_of_program).size == 0);
  CHECK(errno == 4'711);
  CHECK(store.error().find("No such file") != std::string::npos);
  literal_store second{to.shared(), to.own()};
  CHECK(second.keep(literal_of_program).size != 0);
  CHECK(errno == 4'711);
}

TEST_CASE("a full disk costs neither the process nor a half snapshot") {
  int const status = support::status_of_child([] {
    support::small_file_system const disk{"size=64k"};
    if (!disk.is_mounted()) return 77;
    std::filesystem::create_directory(disk / "shared");
    std::filesystem::create_directory(disk / "own");
    literal_store store{disk / "shared", disk / "own"};
    if (store.keep(literal_of_program).size != 0) return 1;
    if (store.error().find("No space left") == std::string::npos) return 2;
    if (!support::names_in(disk / "shared").empty()) return 3;
    literal_reader const reader{disk / "shared", disk / "own"};
    return reader.text_at(address_of(literal_of_program)) ? 4 : 0;
  });
  REQUIRE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) SKIP("no file system can be mounted");
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("the temporary file of a killed process is removed, that of a living one is not") {
  store_directories const to;
  std::string const left = to.shared() + "/new-1-2-3";
  std::string const in_use = to.shared() + "/new-4-5-6";
  support::write_file(left, "half a snap");
  support::write_file(in_use, "half a snap");
  auto const writer = fapilog::detail::open_file(in_use, fapilog::detail::open_for::read);
  REQUIRE(writer.handle.lock_exclusive() == 0);
  literal_store store{to.shared(), to.own()};
  REQUIRE(store.keep(literal_of_program).size != 0);
  CHECK_FALSE(std::filesystem::exists(left));
  CHECK(std::filesystem::exists(in_use));
}

TEST_CASE("processes and threads that keep the same module at once end with one whole snapshot") {
  store_directories const to;
  std::vector<::pid_t> children;
  for (int i = 0; i < 8; ++i) {
    ::pid_t const child = ::fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      std::string const own = to.own() + '/' + std::to_string(i);
      std::filesystem::create_directory(own);
      literal_store store{to.shared(), own};
      ::_exit(store.keep(literal_of_program).size != 0 ? 0 : 1);
    }
    children.push_back(child);
  }
  for (::pid_t const child : children) {
    int status = 0;
    REQUIRE(::waitpid(child, &status, 0) == child);
    CHECK(status == 0);
  }
  CHECK(support::names_in(to.shared()).size() == 1);
  for (int i = 0; i < 8; ++i) {
    literal_reader const reader{to.shared(), to.own() + '/' + std::to_string(i)};
    CHECK(reader.text_at(address_of(literal_of_program)) == literal_of_program);
  }

  literal_store store{to.shared(), to.own()};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { (void)store.keep(literal_of_program); });
  for (std::thread& t : threads) t.join();
  CHECK(literal_reader(to.shared(), to.own()).text_at(address_of(literal_of_program)) == literal_of_program);
}

TEST_CASE("a damaged snapshot is not read, and the next process writes it again") {
  store_directories const to;
  library_copy const library;
  std::filesystem::remove(library.path);  // so that the snapshot is the only copy
  REQUIRE(literal_store(to.shared(), to.own()).keep(library.literal).size != 0);
  std::string const path = to.snapshots().at(0);
  std::string const whole = support::content_of(path);
  auto const reads = [&] {
    literal_reader const reader{to.shared(), to.own()};
    bool const is_known = reader.text_at(address_of(library.literal)).has_value();
    CHECK(reader.problems().empty() == is_known);
    return is_known;
  };
  auto const mends = [&] {
    literal_store again{to.shared(), to.own()};
    return again.keep(library.literal).size != 0 && reads();
  };
  REQUIRE(reads());
  for (std::size_t const size : {std::size_t{0}, std::size_t{40}, whole.size() / 2, whole.size() - 1}) {
    support::write_file(path, whole.substr(0, size));
    CHECK_FALSE(reads());
    CHECK(mends());
  }
  for (std::size_t at = 0; at < whole.size(); at += at < 300 ? 1 : whole.size() / 3) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x20);
    support::write_file(path, damaged);
    CHECK_FALSE(reads());
    if (at % 50 == 0) CHECK(mends());
  }
  support::write_file(path, whole + "more");
  CHECK_FALSE(reads());
  CHECK(mends());
}

TEST_CASE("damage to the list of modules costs only the entry that has it") {
  store_directories const to;
  library_copy const first;
  library_copy const second;
  {
    literal_store store{to.shared(), to.own()};
    REQUIRE(store.keep(first.literal).size != 0);
    REQUIRE(store.keep(second.literal).size != 0);
  }
  std::string const whole = support::content_of(to.list());
  std::size_t const second_at = whole.find("fapimod", 1);
  REQUIRE(second_at != std::string::npos);
  auto const known = [&] {
    literal_reader const reader{to.shared(), to.own()};
    return std::pair{reader.text_at(address_of(first.literal)).has_value(),
                     reader.text_at(address_of(second.literal)).has_value()};
  };
  CHECK(known() == std::pair{true, true});
  for (std::size_t at = 0; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x01);
    support::write_file(to.list(), damaged);
    bool const is_first = at < second_at;
    CHECK(known() == std::pair{!is_first, is_first});
    support::write_file(to.list(), whole.substr(0, at));
    CHECK(known() == std::pair{!is_first, false});
  }
  support::write_file(to.list(), whole.substr(0, 50) + whole);  // a process was killed while it wrote
  CHECK(known() == std::pair{true, true});
  std::filesystem::remove(to.list());
  CHECK(known() == std::pair{false, false});
}

TEST_CASE("a list of another version or another machine is refused in words") {
  store_directories const to;
  REQUIRE(literal_store(to.shared(), to.own()).keep(literal_of_program).size != 0);
  std::string const whole = support::content_of(to.list());
  auto const refusal = [&](auto&& change) -> std::string {
    fapilog::detail::kept_mark mark;
    change(mark);
    mark.checksum = mark.right_checksum();
    std::string foreign = whole;
    std::memcpy(foreign.data(), &mark, sizeof mark);
    support::write_file(to.list(), foreign);
    try {
      literal_reader const reader{to.shared(), to.own()};
      return {};
    } catch (std::runtime_error const& error) {
      return error.what();
    }
  };
  CHECK(refusal([](auto&) {}).empty());
  CHECK(refusal([](auto& m) { m.version = 2; }) == to.list() + ": written in version 2 of the format, not 1");
  CHECK(refusal([](auto& m) { m.byte_order ^= 3; }).find("byte order") != std::string::npos);
  CHECK(refusal([](auto& m) { m.pointer_bytes = 2; }).find("pointers") != std::string::npos);
  CHECK(refusal([](auto& m) { m.call_site_bytes = 12; }).find("call sites") != std::string::npos);
}

TEST_CASE("without a snapshot, literals are read from the module if it is the same build") {
  store_directories const to;
  library_copy const library;
  {
    literal_store store{to.shared(), to.own()};
    REQUIRE(store.keep(library.literal).size != 0);
    REQUIRE(store.keep(literal_of_program).size != 0);
  }
  for (std::string const& path : to.snapshots()) std::filesystem::remove(path);
  {
    literal_reader const reader{to.shared(), to.own()};
    CHECK(reader.problems().empty());
    CHECK(reader.text_at(address_of(library.literal)) == library.literal);
    CHECK(reader.text_at(address_of(literal_of_program)) == literal_of_program);
    if (site_is_pointer)
      CHECK(reader.pointer_at(address_of(&site_in_program)) == address_of(literal_of_program));
  }
}

TEST_CASE("without a snapshot, literals are not read from another build of the module") {
  store_directories const to;
  library_copy const library;
  REQUIRE(literal_store(to.shared(), to.own()).keep(library.literal).size != 0);
  std::filesystem::remove(to.snapshots().at(0));
  std::string const whole = support::content_of(library.path);
  auto const is_known_from = [&](std::string const& content) {
    std::filesystem::remove(library.path);  // the process has the old file in memory
    support::write_file(library.path, content);
    literal_reader const reader{to.shared(), to.own()};
    bool const is_known = reader.text_at(address_of(library.literal)).has_value();
    CHECK(reader.problems().empty() == is_known);
    return is_known;
  };
  CHECK(is_known_from(whole));
  std::string other = whole;
  other[other.find(library.literal)] ^= 1;
  CHECK_FALSE(is_known_from(other));
  for (std::size_t size = 0; size < whole.size() / 2; size += size < 200 ? 1 : 10'000)
    CHECK_FALSE(is_known_from(whole.substr(0, size)));
  for (std::size_t at = 0; at < 600; ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0xFF);
    (void)is_known_from(damaged);
  }
}
