// SPDX-License-Identifier: MIT
// Tests that a log call allocates nothing once its thread has logged: malloc and related functions are counted per thread.
#include <fapilog/logger.hpp>

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "support/catch.hpp"
#include "support/logged.hpp"
#include "support/scale.hpp"

// Sanitizers bring their own allocator, and only glibc lets a program replace its allocator.
#if defined(__GLIBC__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#if defined(__has_feature)
#if !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer) && !__has_feature(memory_sanitizer)
#define FAPILOG_TEST_COUNTS_ALLOCATIONS 1
#endif
#else
#define FAPILOG_TEST_COUNTS_ALLOCATIONS 1
#endif
#endif

#if defined(FAPILOG_TEST_COUNTS_ALLOCATIONS)

namespace {

constinit thread_local std::uint64_t allocations_of_this_thread = 0;

}  // namespace

// operator new of the standard library calls malloc, so that these see every allocation.
extern "C" {
void* __libc_malloc(std::size_t size);
void* __libc_calloc(std::size_t count, std::size_t size);
void* __libc_realloc(void* old, std::size_t size);
void* __libc_memalign(std::size_t alignment, std::size_t size);

void* malloc(std::size_t size) noexcept {
  ++allocations_of_this_thread;
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
  ++allocations_of_this_thread;
  return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) noexcept {
  ++allocations_of_this_thread;
  return __libc_realloc(old, size);
}
void* memalign(std::size_t alignment, std::size_t size) noexcept {
  ++allocations_of_this_thread;
  return __libc_memalign(alignment, size);
}
void* aligned_alloc(std::size_t alignment, std::size_t size) noexcept {
  ++allocations_of_this_thread;
  return __libc_memalign(alignment, size);
}
int posix_memalign(void** result, std::size_t alignment, std::size_t size) noexcept {
  ++allocations_of_this_thread;
  void* const memory = __libc_memalign(alignment, size);
  if (memory == nullptr) return ENOMEM;
  *result = memory;
  return 0;
}
}

namespace call_path {

struct point {
  int x = 0;
  int y = 0;
};
void to_log(fapilog::object_writer& out, point const& p) { out.kv("x", p.x).kv("y", p.y); }

enum class colour { red };
constexpr std::string_view to_string(colour) { return "red"; }

}  // namespace call_path

namespace {

using fapilog::kv;

/// Counts the allocations of a function on this thread.
template <class F>
std::uint64_t allocations(F&& function) {
  std::uint64_t const before = allocations_of_this_thread;
  function();
  return allocations_of_this_thread - before;
}

/// Counts the allocations of many calls after the first one.
template <class F>
std::uint64_t allocations_after_first(F&& call) {
  call();
  return allocations([&] {
    for (int i = 0; i < 500; ++i) call();
  });
}

/// Keeps the compiler from removing a pair of calls.
void* kept(void* memory) {
  asm volatile("" : "+r"(memory) : : "memory");
  return memory;
}

fapilog::options waiting() { return {.when_full = fapilog::when_full::block}; }

}  // namespace

TEST_CASE("the allocation count covers every way to allocate, on this thread only") {
  CHECK(allocations([] { std::free(kept(std::malloc(10))); }) == 1);
  CHECK(allocations([] { std::free(kept(std::calloc(1, 10))); }) == 1);
  CHECK(allocations([] { std::free(kept(std::realloc(nullptr, 10))); }) == 1);
  CHECK(allocations([] { std::free(kept(std::aligned_alloc(64, 64))); }) == 1);
  CHECK(allocations([] { ::operator delete(kept(::operator new(10))); }) == 1);
  CHECK(allocations([] { ::operator delete(kept(::operator new(10, std::nothrow))); }) == 1);
  constexpr std::align_val_t wide{64};
  CHECK(allocations([] { ::operator delete(kept(::operator new(64, wide)), wide); }) == 1);
  std::thread{[] {}}.join();  // the first thread of a process allocates once
  std::size_t const of_a_thread = allocations([] { std::thread{[] {}}.join(); });
  CHECK(allocations([] { std::thread{[] { std::free(kept(std::malloc(10))); }}.join(); }) == of_a_thread);
  CHECK(allocations([] {}) == 0);
}

TEST_CASE("scalars and strings are logged without an allocation") {
  support::logged test{waiting()};
  std::string const text(1'000, 't');
  char const* const null = nullptr;
  int n = 0;
  CHECK(allocations_after_first([&] {
          test.log.info("plain");
          test.log.info("{} of {} took {}", ++n, 500U, 2.5, kv("n", n), kv("ok", true), kv("c", 'c'),
                        kv("f", 0.1F));
          test.log.warning("{}", text, kv("text", text), kv("view", std::string_view{text}),
                           kv("literal", "x"), kv("null", null));
          test.log.error("{} {}", std::chrono::milliseconds{5}, nullptr,
                         kv("at", std::chrono::system_clock::now()), kv("took", std::chrono::microseconds{7}),
                         kv("address", static_cast<void const*>(&n)));
        }) == 0);
  CHECK(test.records().size() == 501 * 4);
}

TEST_CASE("a list of fields and a runtime_text are logged without an allocation") {
  support::logged test{waiting()};
  std::string const text = "a text that is longer than the buffer within a std::string";
  CHECK(allocations_after_first([&] {
          test.log.info("list", {{"a", 1}, {"text", text}});
          test.log.info(fapilog::runtime_text{text});
          test.log.info(fapilog::runtime_text{"{} {}"}, 1, text, kv("a", 1));
          test.log.info(fapilog::runtime_text{text}, {{"a", 1}, {"text", text}});
          test.log.info("dynamic", kv(fapilog::dynamic_key{text}, 1));
        }) == 0);
}

TEST_CASE(
    "containers and types with to_log are logged without an allocation once the thread's buffer has grown") {
  support::logged test{waiting()};
  std::vector<int> const numbers(500, 7);
  std::vector<std::string> const texts(50, std::string(40, 't'));
  std::map<std::string, std::vector<double>> const map{{"a", {1, 2, 3}}, {"b", std::vector<double>(100)}};
  std::optional<std::string> const optional = std::string(100, 'o');
  std::variant<int, std::string> const variant = std::string(100, 'v');
  std::vector<call_path::point> const points(20);
  std::filesystem::path const path = "/a/path/that/is/longer/than/a/small/string";
  std::runtime_error const error{"what"};
  int calls = 0;
  CHECK(allocations_after_first([&] {
          test.log.info("containers", kv("numbers", numbers), kv("texts", texts), kv("map", map));
          test.log.info("as arguments {} {}", numbers, map);
          test.log.info("others", kv("optional", optional), kv("variant", variant),
                        kv("pair", std::pair{1, 2}), kv("path", path), kv("enum", call_path::colour::red),
                        fapilog::lazy("lazy", [&] { return ++calls; }));
          test.log.info("own {}", call_path::point{1, 2}, kv("points", points));
          test.log.info("exception", fapilog::caught(error));
        }) == 0);
}

TEST_CASE("records with bound fields and a scope in force are logged without an allocation") {
  support::logged test{waiting()};
  auto const bound = test.log.with(kv("order", 5), kv("text", std::string(200, 't')));
  fapilog::scope const outer{kv("request_id", "r-1"), kv("list", std::vector<int>(20))};
  fapilog::context const first = fapilog::context::capture();
  fapilog::scope const inner{kv("step", 1)};
  fapilog::context const second = fapilog::context::capture();
  CHECK(allocations_after_first([&] { bound.info("scope {}", 1, kv("a", 1)); }) == 0);
  // A scope that changes with every record. Putting it in force may allocate, the call does not.
  std::uint64_t count = 0;
  for (int i = 0; i < 200; ++i) {
    {
      auto const attached = first.attach();
      count += allocations([&] { bound.info("first"); });
    }
    auto const attached = second.attach();
    count += allocations([&] { bound.info("second"); });
  }
  CHECK(count == 0);
}

TEST_CASE("a disabled call allocates nothing, even as the first call of a thread") {
  support::logged test;
  std::uint64_t count = 1;
  std::thread{[&] {
    count = allocations([&] {
      test.log.debug("off {}", 1, kv("a", std::string_view{"text"}),
                     fapilog::lazy("n", [] { return std::string(100, 'n'); }));
    });
  }}.join();
  CHECK(count == 0);
}

TEST_CASE("copies of loggers cost no allocation") {
  support::logged test;
  CHECK(allocations_after_first([&] {
          fapilog::logger copy = test.log;
          fapilog::logger const moved = std::move(copy);
          moved.info("copy");
        }) == 0);
}

TEST_CASE("a thread allocates only with its first record") {
  support::logged test{waiting()};
  std::vector<std::uint64_t> counts(4, 1);
  std::vector<std::thread> threads;
  for (std::uint64_t& count : counts) {
    threads.emplace_back([&test, &count] {
      std::vector<int> const numbers(50);
      count =
          allocations_after_first([&] { test.log.info("{}", 1, kv("text", "t"), kv("numbers", numbers)); });
    });
  }
  for (std::thread& t : threads) t.join();
  CHECK(counts == std::vector<std::uint64_t>(4, 0));
}

TEST_CASE("a full lane costs no allocation, whether the call waits or drops its record") {
  for (auto const policy : {fapilog::when_full::block, fapilog::when_full::drop}) {
    support::logged test{{.when_full = policy, .lane_bytes = 4'096}};
    std::string const text(500, 't');
    CHECK(allocations_after_first([&] {
            for (int i = 0; i < 4; ++i) test.log.info("{}", text);
          }) == 0);
    CHECK(test.rt.flush(std::chrono::seconds{60}).balanced());
  }
}

#endif
