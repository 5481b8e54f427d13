// SPDX-License-Identifier: MIT
// The minimum cost of writing this JSON: a hand-written loop that produces the same bytes, in memory and with write(2),
// compared with the library's encoder. usage: bench_json_floor [records] [folder]
#include "harness/adapter.hpp"
#include "harness/measure.hpp"

#include <fapilog/detail/memory/arena.hpp>
#include <fapilog/record/envelope.hpp>
#include <fapilog/stages/enrichers/runtime_info.hpp>

#include <charconv>
#include <cstdlib>
#include <functional>

#include <fcntl.h>
#include <unistd.h>

namespace {

constexpr std::size_t chunk = 64 * 1024;

/// memcpy for constants, to_chars for numbers, a table for escapes, the second cached; no types, stages, ordering or
/// account.
class floor_writer {
 public:
  floor_writer() {
    for (std::size_t i = 0; i < 256; ++i) special_[i] = i < 0x20 || i == '"' || i == '\\' || i >= 0x7F;
    constants_ = R"(},"diagnostics":{"origin":"native","service":")" + fapilog::detail::program_name() +
                 R"(","env":"dev","version":"0.0.0","host":")" + fapilog::detail::host_name() +
                 R"(","pid":)" + std::to_string(::getpid()) + R"(},"data":{"status":)";
  }

  [[nodiscard]] char* put(char* to, std::int64_t unix_ns, std::uint64_t id, std::string const& user,
                          int status, double ms, std::string const& path) noexcept {
    to = put_text(to, R"({"schema_version":"1.1","log":{"timestamp":")");
    to = time_.put(to, unix_ns);
    to = put_text(to, R"(","level":"INFO","message":")");
    to = put_escaped(to, "request handled");
    to = put_text(to, R"(","logger":"bench","context":{"message_id":")");
    fapilog::uuid message_id;
    std::memcpy(message_id.bytes.data(), &id, sizeof id);
    std::memcpy(message_id.bytes.data() + 8, &unix_ns, sizeof unix_ns);
    to = fapilog::detail::put_uuid(to, message_id);
    to = put_text(to, R"(","correlation_id":null,"user_id":")");
    to = put_escaped(to, user);
    *to++ = '"';
    to = put_text(to, constants_);
    to = std::to_chars(to, to + 20, status).ptr;
    to = put_text(to, R"(,"latency_ms":)");
    to = std::to_chars(to, to + 40, ms).ptr;
    to = put_text(to, R"(,"path":")");
    to = put_escaped(to, path);
    return put_text(to, "\"}}}\n");
  }

 private:
  static char* put_text(char* to, std::string_view text) noexcept {
    std::memcpy(to, text.data(), text.size());
    return to + text.size();
  }
  char* put_escaped(char* to, std::string_view text) const noexcept {
    for (char const c : text) {
      if (special_[static_cast<unsigned char>(c)]) *to++ = '\\';
      *to++ = c;
    }
    return to;
  }

  bool special_[256];
  std::string constants_;
  fapilog::detail::timestamp_writer time_;
};

std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Returns nanoseconds per record; calls `finish` with each full chunk.
double floor(std::size_t records, std::function<void(char const*, std::size_t)> const& finish,
             double& bytes) {
  bench::values const data;
  floor_writer writer;
  std::vector<char> buffer(chunk + 4096);
  char* to = buffer.data();
  std::size_t written = 0;
  std::int64_t const began = now_ns();
  auto const begin = bench::clock::now();
  auto const flush = [&] {
    auto const size = static_cast<std::size_t>(to - buffer.data());
    finish(buffer.data(), size);
    written += size;
    to = buffer.data();
  };
  for (std::size_t i = 0; i < records; ++i) {
    to = writer.put(to, began + static_cast<std::int64_t>(i) * 300, i, data.user,
                    static_cast<int>(200 + i % 8), static_cast<double>(i % 100'000) * 1.37, data.path);
    if (to >= buffer.data() + chunk) flush();
  }
  flush();
  bytes = static_cast<double>(written) / static_cast<double>(records);
  return std::chrono::duration<double, std::nano>(bench::clock::now() - begin).count() /
         static_cast<double>(records);
}

/// The library's encoder, given complete events.
double encoder(std::size_t records) {
  bench::values const data;
  fapilog::detail::arena memory;
  fapilog::detail::text_buffer text;
  fapilog::detail::envelope_writer writer;
  fapilog::detail::uuid7_generator ids;
  fapilog::enrichers::runtime_info info;
  fapilog::event e{memory};
  e.level_name = "INFO";
  e.message = "request handled";
  e.logger = "bench";
  e.context.push_back({"user_id", fapilog::value::of_string(data.user)});
  info.enrich(e);
  e.data.push_back({"status", {}});
  e.data.push_back({"latency_ms", {}});
  e.data.push_back({"path", fapilog::value::of_string(data.path)});
  std::int64_t const began = now_ns();
  auto const begin = bench::clock::now();
  for (std::size_t i = 0; i < records; ++i) {
    e.unix_ns = began + static_cast<std::int64_t>(i) * 300;
    e.message_id = ids.next(e.unix_ns);
    e.data.edit()[0].value = fapilog::value::of_number(static_cast<std::int64_t>(200 + i % 8));
    e.data.edit()[1].value.type = fapilog::kind::f64;
    e.data.edit()[1].value.f64 = static_cast<double>(i % 100'000) * 1.37;
    writer.put(text, e);
    text.push_back('\n');
    if (text.size() >= chunk) text.clear();
  }
  return std::chrono::duration<double, std::nano>(bench::clock::now() - begin).count() /
         static_cast<double>(records);
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t const records = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1'000'000;
  std::string const path =
      std::string{argc > 2 ? argv[2] : "/dev/shm"} + "/fapilog-bench-floor-" + std::to_string(::getpid());
  bench::report const out{"floor", "hand-rolled", "json_floor", "json"};
  double bytes = 0;
  out("memory_ns", floor(
                       records, [](char const*, std::size_t) {}, bytes));
  int const file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  if (file < 0) {
    std::perror(path.c_str());
    return 2;
  }
  double const with_write = floor(
      records,
      [file, &path](char const* data, std::size_t size) {
        if (::write(file, data, size) != static_cast<ssize_t>(size)) {
          std::perror(path.c_str());
          std::exit(2);
        }
      },
      bytes);
  ::close(file);
  ::unlink(path.c_str());
  out("write_ns", with_write);
  out("bytes", bytes);
  bench::report{"fapilog", "encoder", "json_floor", "json"}("memory_ns", encoder(records));
  return 0;
}
