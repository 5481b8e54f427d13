// SPDX-License-Identifier: MIT
// What a user's processor may do to the finished line: compress it, encrypt it, or drop it.
#include "support/catch.hpp"
#include "support/logged.hpp"

#include <fapilog/stages/processor.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#if defined(FAPILOG_WITH_ZLIB)
#include <zlib.h>
#endif

using fapilog::kv;

namespace {

constexpr std::string_view digits = "0123456789abcdef";

std::string hex_of(std::string_view bytes) {
  std::string text;
  for (char const c : bytes) {
    auto const byte = static_cast<unsigned char>(c);
    text += digits[byte >> 4];
    text += digits[byte & 15];
  }
  return text;
}

std::string bytes_of(std::string_view hex) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    bytes += static_cast<char>((digits.find(hex[i]) << 4) | digits.find(hex[i + 1]));
  }
  return bytes;
}

/// A stand-in for a cipher, not for real use. Throws if it has no key.
std::string ciphered(std::string text, std::string_view key, std::uint8_t number) {
  if (key.empty()) throw std::runtime_error{"no key"};
  for (std::size_t i = 0; i < text.size(); ++i) {
    text[i] = static_cast<char>(text[i] ^ key[i % key.size()] ^ static_cast<char>(number + i));
  }
  return text;
}

/// Replaces each line by an object with the encrypted line and a number that no two lines share.
struct sealing {
  std::string key;
  std::uint8_t number = 0;

  bool process(fapilog::event const&, std::string& line) {
    try {
      ++number;
      line = R"({"n":)" + std::to_string(number) + R"(,"sealed":")" + hex_of(ciphered(line, key, number)) +
             R"("})";
      return true;
    } catch (std::exception const&) {
      return false;  // an exception would let the line pass unchanged
    }
  }
  [[nodiscard]] static std::string_view name() { return "sealing"; }
};

}  // namespace

TEST_CASE("a processor may encrypt the lines: they stay single lines in order and can be decrypted") {
  auto const sink = std::make_shared<support::capture>();
  fapilog::runtime rt{
      {.batch_timeout = std::chrono::seconds{10}, .processors = {sealing{"k3y"}}, .sinks = {sink}}};
  auto const log = rt.get_logger();
  for (int i = 0; i < 20; ++i) log.info("card", kv("number", "4111222233334444"), kv("i", i));
  REQUIRE(rt.drain(std::chrono::seconds{30}).processed == 20);
  auto const lines = sink->lines();
  REQUIRE(lines.size() == 20);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    CHECK(lines[i].find("4111222233334444") == std::string::npos);
    auto const sealed = nlohmann::json::parse(lines[i]);
    std::string const opened =
        ciphered(bytes_of(sealed.at("sealed").get<std::string>()), "k3y", sealed.at("n").get<std::uint8_t>());
    auto const log_part = nlohmann::json::parse(opened).at("log");
    CHECK(log_part.at("data").at("i") == i);
    CHECK(log_part.at("data").at("number") == "4111222233334444");
  }
}

TEST_CASE(
    "if a processor cannot encrypt, it returns false: nothing passes in clear text, and the record is "
    "counted as failed") {
  support::logged l{{.processors = {sealing{""}}}};
  for (int i = 0; i < 5; ++i) l.log.info("card", kv("number", "4111222233334444"));
  auto const end = l.rt.drain(std::chrono::seconds{30});
  CHECK(end.failed == 5);
  CHECK(end.processed == 0);
  CHECK(end.balanced());
  CHECK(l.sink->lines().empty());
}

TEST_CASE("a processor that throws lets the line pass unchanged") {
  support::logged l{{.processors = {[](fapilog::event const&, std::string& line) -> bool {
                       line = "half done";
                       throw std::runtime_error{"no key"};
                     }}}};
  l.log.info("in clear");
  CHECK(l.message() == "in clear");
  CHECK(l.diagnostics_text().find("no key") != std::string::npos);
}

TEST_CASE("a processor changes only the line: a sink that reads events sees what the redactors left") {
  struct reader {
    std::string number;
    std::string json;
    void write(fapilog::batch const& entries) {
      for (fapilog::entry const& e : entries) {
        number = e.event.data.find("number")->as_string();
        json = e.json;
      }
    }
  };
  auto const sink = std::make_shared<reader>();
  fapilog::runtime rt{
      {.redactors = {[](fapilog::event& e) { *e.data.edit("number") = fapilog::value::of_string("***"); }},
       .processors = {sealing{"k3y"}},
       .sinks = {sink}}};
  rt.get_logger().info("card", kv("number", "4111222233334444"));
  REQUIRE(rt.drain(std::chrono::seconds{30}).processed == 1);
  CHECK(sink->number == "***");
  CHECK(sink->json.find("sealed") != std::string::npos);
}

TEST_CASE("processors run in order, each on the result of the one before") {
  auto const appends = [](char c) {
    return [c](fapilog::event const&, std::string& line) {
      line.insert(line.size() - 1, std::string{",\""} + c + "\":" + std::to_string(line.size()));
      return true;
    };
  };
  support::logged l{{.processors = {appends('a'), appends('b')}}};
  l.log.info("x");
  auto const whole = nlohmann::json::parse(l.last_line());
  CHECK(whole.at("b") > whole.at("a"));
}

#if defined(FAPILOG_WITH_ZLIB)
TEST_CASE("a processor may compress the line") {
  auto const compress = [](fapilog::event const&, std::string& line) {
    std::string small(::compressBound(static_cast<::uLong>(line.size())), '\0');
    auto size = static_cast<::uLongf>(small.size());
    if (::compress(reinterpret_cast<::Bytef*>(small.data()), &size,
                   reinterpret_cast<::Bytef const*>(line.data()),
                   static_cast<::uLong>(line.size())) != Z_OK) {
      return false;
    }
    small.resize(size);
    line = hex_of(small);  // as hexadecimal digits: a line must not contain a line end
    return true;
  };
  support::logged l{{.processors = {compress}}};
  std::string const text(10'000, 'x');
  l.log.info("long", kv("text", text));
  std::string const small = bytes_of(l.last_line());
  CHECK(small.size() < 1'000);
  std::string line(20'000, '\0');
  auto size = static_cast<::uLongf>(line.size());
  REQUIRE(::uncompress(reinterpret_cast<::Bytef*>(line.data()), &size,
                       reinterpret_cast<::Bytef const*>(small.data()),
                       static_cast<::uLong>(small.size())) == Z_OK);
  line.resize(size);
  CHECK(nlohmann::json::parse(line).at("log").at("data").at("text") == text);
}
#endif
