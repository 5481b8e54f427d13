// SPDX-License-Identifier: MIT
// Benchmarks of single operations with Google Benchmark: writing a string, a number, a time or an id, and using the ring.
#include <fapilog/detail/text/text_buffer.hpp>
#include <fapilog/queue/ring.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/record/envelope.hpp>
#include <fapilog/record/json.hpp>
#include <fapilog/record/pattern_writer.hpp>
#include <fapilog/record/text_pattern.hpp>
#include <fapilog/record/time.hpp>
#include <fapilog/record/uuid.hpp>

#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string>

namespace {

constexpr std::size_t enough = 64 * 1024;

/// `put` appends one value; the buffer is emptied when a batch would be full.
template <class F>
void fill(benchmark::State& state, F&& put) {
  fapilog::detail::text_buffer out;
  for (auto _ : state) {
    put(out);
    benchmark::DoNotOptimize(out.data());
    if (out.size() >= enough) out.clear();
  }
}

void put_text(benchmark::State& state, std::string text) {
  fill(state, [&text](auto& out) {
    benchmark::DoNotOptimize(text.data());
    fapilog::detail::json::put_text(out, text);
  });
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations()) *
                          static_cast<std::int64_t>(text.size()));
}

std::string repeated(std::string const& text, std::size_t times) {
  std::string all;
  for (std::size_t i = 0; i < times; ++i) all += text;
  return all;
}

BENCHMARK_CAPTURE(put_text, short_13, std::string{"user-00012345"});
BENCHMARK_CAPTURE(put_text, path_28, std::string{"/api/v1/orders/8812/items/17"});
BENCHMARK_CAPTURE(put_text, long_1000, repeated("0123456789", 100));
BENCHMARK_CAPTURE(put_text, escaped_37, std::string{"say \"hello\"\tto C:\\temp\nand go \x01 on now"});
BENCHMARK_CAPTURE(put_text, all_escaped_1000, std::string(1000, '"'));
BENCHMARK_CAPTURE(put_text, utf8_1000,
                  repeated("\xC3\xA4\xC3\xB6\xC3\xBC"
                           "abcd",
                           100));
BENCHMARK_CAPTURE(put_text, utf8_wide_1000,
                  repeated("\xE6\x97\xA5\xE6\x9C\xAC"
                           "\xF0\x9F\x98\x80",
                           100));

void put_float(benchmark::State& state, double first, double step) {
  double number = first;
  fill(state, [&](auto& out) {
    benchmark::DoNotOptimize(number);
    fapilog::detail::json::put_float(out, number);
    number += step;
  });
}
BENCHMARK_CAPTURE(put_float, two_decimals, 0.25, 0.25);
BENCHMARK_CAPTURE(put_float, many_digits, 0.1234567890123, 1.37);
BENCHMARK_CAPTURE(put_float, tiny, 1.5e-12, 1e-13);

void put_integer(benchmark::State& state, std::int64_t number) {
  fill(state, [&](auto& out) {
    benchmark::DoNotOptimize(number);
    fapilog::detail::json::put_integer(out, number);
  });
}
BENCHMARK_CAPTURE(put_integer, three_digits, 200);
BENCHMARK_CAPTURE(put_integer, ten_digits, 1'234'567'890);
BENCHMARK_CAPTURE(put_integer, longest, INT64_MIN);

void timestamp_writer(benchmark::State& state) {
  fapilog::detail::timestamp_writer writer;
  char text[40];
  std::int64_t now = 1'769'500'000'000'000'000;
  for (auto _ : state) {
    benchmark::DoNotOptimize(writer.put(text, now));
    benchmark::ClobberMemory();
    now += state.range(0);
  }
}
BENCHMARK(timestamp_writer)->ArgName("step_ns")->Arg(300)->Arg(1'000'000'000);

void put_uuid(benchmark::State& state) {
  fapilog::detail::uuid7_generator ids;
  fapilog::uuid id = ids.next(1'769'500'000'000'000'000);
  char text[36];
  for (auto _ : state) {
    benchmark::DoNotOptimize(id);
    benchmark::DoNotOptimize(fapilog::detail::put_uuid(text, id));
    benchmark::ClobberMemory();
  }
}
BENCHMARK(put_uuid);

void uuid7_next(benchmark::State& state) {
  fapilog::detail::uuid7_generator ids;
  std::int64_t now = 1'769'500'000'000'000'000;
  for (auto _ : state) benchmark::DoNotOptimize(ids.next(now += 300));
}
BENCHMARK(uuid7_next);

/// Writes a record with four fields and a place.
template <class Writer>
void put_record(benchmark::State& state, Writer writer) {
  fapilog::detail::batch_storage storage;
  fapilog::event& e = storage.entries().emplace_back(storage.memory()).event;
  e.level_name = "INFO";
  e.message = "request served";
  e.logger = "http.server";
  e.file = "/src/app/http/server.cpp";
  e.line = 120;
  e.unix_ns = 1'769'500'000'000'000'000;
  fapilog::value duration;
  duration.type = fapilog::kind::f64;
  duration.f64 = 12.5;
  e.data.push_back({"status", fapilog::value::of_number(200)});
  e.data.push_back({"path", fapilog::value::of_string("/api/v1/orders/8812/items/17")});
  e.data.push_back({"ms", duration});
  e.data.push_back({"user", fapilog::value::of_string("user-00012345")});
  fill(state, [&](auto& out) {
    e.unix_ns += 300;
    writer.put(out, e);
  });
}
fapilog::detail::pattern_writer by_pattern(char const* pattern, bool colours = false) {
  return fapilog::detail::pattern_writer{fapilog::detail::pattern_compiler::compile(pattern),
                                         {.colours = colours}};
}
BENCHMARK_CAPTURE(put_record, json, fapilog::detail::envelope_writer{});
BENCHMARK_CAPTURE(put_record, text, by_pattern("{time} {level:<8} {logger:<12} {message} {fields} {source}"));
BENCHMARK_CAPTURE(put_record, text_coloured,
                  by_pattern("{time} {level:<8} {logger:<12} {message} {fields} {source}", true));
BENCHMARK_CAPTURE(put_record, text_short,
                  by_pattern("{time:%H:%M:%S.%e} {level:<5} {logger}: {message} {fields}"));

/// One thread on both sides: no cache line moves between processors, so this is the minimum.
void ring_reserve_commit(benchmark::State& state) {
  constexpr std::size_t capacity = std::size_t{1} << 20;
  constexpr std::size_t longest = 4096;
  auto const memory = std::make_unique<std::byte[]>(capacity + longest);
  fapilog::detail::ring ring{memory.get(), capacity, longest};
  auto const size = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    std::byte* const to = ring.reserve(size, capacity / 8);
    if (to == nullptr) {
      ring.release(ring.published());
      continue;
    }
    std::memcpy(to, &size, sizeof size);
    ring.commit(size);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(ring_reserve_commit)->ArgName("bytes")->Arg(64)->Arg(208)->Arg(1024);

}  // namespace

BENCHMARK_MAIN();
