// SPDX-License-Identifier: MIT
// Records of a killed process become ordinary records; whatever their bytes are, nothing else happens.
#include "support/catch.hpp"
#include "support/files.hpp"
#include "support/kept_records.hpp"
#include "support/temporary_directory.hpp"

#include <fapilog/kill_safe/literal_reader.hpp>
#include <fapilog/kill_safe/literal_store.hpp>
#include <fapilog/kill_safe/record_recovery.hpp>

#include <nlohmann/json.hpp>

#include <bit>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

using fapilog::kv;
using nlohmann::json;

namespace {

using fapilog::detail::record_recovery;
using support::byte_vector;

/// Reads records with the literals of this process.
struct recovery_here {
  explicit recovery_here(bool keeps_program = true) {
    fapilog::detail::literal_store store{directory.path().string(), directory.path().string()};
    if (keeps_program) REQUIRE(store.keep("any literal of the program").size != 0);
    literals.emplace(directory.path().string(), directory.path().string());
    recovery.emplace(*literals);
  }
  [[nodiscard]] json line_of(byte_vector const& kept) {
    auto found = recovery->read(kept, why);
    INFO(why);
    REQUIRE(found);
    last = *found;
    return json::parse(lines.line_of(*std::move(found))).at("log");
  }
  /// Why a record is refused; empty if it is not.
  [[nodiscard]] std::string refusal_of(byte_vector const& kept) {
    why.clear();
    auto found = recovery->read(kept, why);
    if (!found) return why.empty() ? "no reason" : why;
    CHECK(json::accept(lines.line_of(*std::move(found))));
    return {};
  }

  support::temporary_directory directory;
  std::optional<fapilog::detail::literal_reader> literals;
  std::optional<record_recovery> recovery;
  support::recovered_lines lines;
  std::optional<record_recovery::record> last;
  std::string why;
};

struct order {
  int id;
  std::vector<std::string> items;
};
void to_log(fapilog::object_writer& out, order const& o) { out.kv("id", o.id).kv("items", o.items); }

byte_vector simple_record() {
  return support::kept_call("billing", [](fapilog::logger const& log) {
    log.warning("took {} ms", 350, kv("order", 1001), kv("path", "/pay"));
    return log;
  });
}
/// A record with all that records can have.
byte_vector rich_record() {
  auto const scope = fapilog::scope(kv("tenant_id", "acme"), kv(fapilog::dynamic_key("region"), "eu"));
  return support::kept_call("billing.db", [](fapilog::logger const& log) {
    using namespace std::chrono;
    auto const bound = log.with(kv("pool", 7), kv("nested", order{1, {"a", "b"}}));
    bound.error("{} of {} and {}", order{2, {"x"}}, 2.5, true,
                kv("when", sys_time<nanoseconds>{nanoseconds{1'234'567'890'123'456'789}}),
                kv("lasted", milliseconds{15}), kv("map", std::map<std::string, int>{{"one", 1}, {"two", 2}}),
                kv("nothing", nullptr), kv("real", 1.5F), kv("letter", 'c'), kv("yes", true),
                kv("bytes", std::vector<std::byte>{std::byte{1}, std::byte{0xAB}}),
                kv("text", std::string(50'000, 't')), kv("at", static_cast<void const*>(nullptr)),
                kv("many", std::vector<std::vector<int>>{{1, 2}, {}, {3}}),
                kv("error", std::runtime_error("broken")), kv("unsigned", 18'446'744'073'709'551'615U));
    return bound;
  });
}

using fapilog::detail::read;
using namespace fapilog::detail::record_format;

template <class T>
byte_vector with(byte_vector bytes, std::size_t at, T value) {
  REQUIRE(at + sizeof value <= bytes.size());
  std::memcpy(bytes.data() + at, &value, sizeof value);
  return bytes;
}
std::size_t inner_at(byte_vector const& kept) { return kept_prefix_size(kept.data()); }

/// A log record of cells made by hand, with a message as a cell if `message` is not empty.
byte_vector kept_cells(byte_vector const& cells, std::uint8_t args = 0, std::uint8_t flags = 0,
                       char const* literal = "a message") {
  byte_vector inner(far_start_bytes);
  record_head const head{static_cast<std::uint32_t>(far_start_bytes + cells.size()), record_type::log, 20,
                         static_cast<std::uint8_t>(flags | where_is_far), args};
  log_head const log{123, literal, nullptr};
  auto const site = fapilog::detail::call_site::current();
  std::memcpy(inner.data(), &head, sizeof head);
  std::memcpy(inner.data() + sizeof head, &log, sizeof log);
  std::memcpy(inner.data() + sizeof head + sizeof log, &site, sizeof site);
  inner.insert(inner.end(), cells.begin(), cells.end());
  return support::kept_record(inner, "by.hand", {}, {});
}
constexpr bool is_big_endian = std::endian::native == std::endian::big;
byte_vector cells_of(std::initializer_list<int> bytes) {
  byte_vector all;
  for (int const b : bytes) all.push_back(static_cast<std::byte>(b));
  return all;
}

}  // namespace

TEST_CASE("a record of the fast path is recovered whole") {
  recovery_here here;
  int const line = __LINE__ + 3;
  json const log = here.line_of(support::kept_call("billing", [](fapilog::logger const& l) {
    // The line below is the call site.
    l.warning("took {} ms", 350, kv("order", 1001), kv("path", "/pay"));
    return l;
  }));
  CHECK(log.at("message") == "took 350 ms");
  CHECK(log.at("level") == "WARNING");
  CHECK(log.at("logger") == "billing");
  CHECK(log.at("data") == json{{"order", 1001}, {"path", "/pay"}});
  CHECK(here.lines.file.ends_with("record_recovery_test.cpp"));
  CHECK_FALSE(here.lines.function.empty());
  CHECK(here.lines.line == static_cast<unsigned>(line));
  CHECK(here.last->thread_id == 4'711);
  CHECK(here.last->ticks != 0);
  CHECK(here.last->logger == "billing");
  CHECK(here.recovery->unknown_keys() + here.recovery->unknown_messages() +
            here.recovery->unknown_call_sites() ==
        0);
}

TEST_CASE("bound fields, scopes and values of all kinds are recovered") {
  recovery_here here;
  json const log = here.line_of(rich_record());
  CHECK(log.at("message") == R"({"id":2,"items":["x"]} of 2.5 and true)");
  CHECK(log.at("logger") == "billing.db");
  CHECK(log.at("context").at("tenant_id") == "acme");
  json const& data = log.at("data");
  CHECK(data.at("region") == "eu");
  CHECK(data.at("pool") == 7);
  CHECK(data.at("nested") == json{{"id", 1}, {"items", {"a", "b"}}});
  CHECK(data.at("when") == "2009-02-13T23:31:30.123456789Z");
  CHECK(data.at("lasted") == 0.015);
  CHECK(data.at("map") == json{{"one", 1}, {"two", 2}});
  CHECK(data.at("nothing").is_null());
  CHECK(data.at("real") == 1.5);
  CHECK(data.at("letter") == "c");
  CHECK(data.at("yes") == true);
  CHECK(data.at("bytes") == "01ab");
  CHECK(data.at("text") == std::string(50'000, 't'));
  CHECK(data.at("many") == json::parse("[[1,2],[],[3]]"));
  CHECK(data.at("error").at("error.message") == "broken");
  CHECK(data.at("error").at("error.type") == "std::runtime_error");
  CHECK(data.at("unsigned") == 18'446'744'073'709'551'615U);
  CHECK(here.recovery->unknown_keys() == 0);
}

TEST_CASE("messages of all forms are recovered") {
  recovery_here here;
  auto const message_of = [&](auto&& log) {
    return here
        .line_of(support::kept_call("m",
                                    [&](fapilog::logger const& l) {
                                      log(l);
                                      return l;
                                    }))
        .at("message")
        .template get<std::string>();
  };
  CHECK(message_of([](auto const& l) { l.info("no argument"); }) == "no argument");
  CHECK(message_of([](auto const& l) { l.info("{{braces}} {}", 1); }) == "{braces} 1");
  CHECK(message_of([](auto const& l) { l.info(fapilog::runtime_text("unchanged {}")); }) == "unchanged {}");
  CHECK(message_of([](auto const& l) { l.info(fapilog::runtime_text("{} at run time"), 2); }) ==
        "2 at run time");
  CHECK(message_of([](auto const& l) { l.log(fapilog::level::error, "{:>5}|", 7); }) == "    7|");
  CHECK(message_of([](auto const& l) { l.info("{:{}}|", 7, 3); }) == "  7|");
}

TEST_CASE("the id and the time that the worker gave a record are kept") {
  recovery_here here;
  byte_vector kept = simple_record();
  kept_identity given{1'700'000'000'000'000'000, {}};
  for (std::uint8_t i = 0; i < 16; ++i) given.message_id[i] = i;
  std::string why;
  auto const before = here.recovery->read(kept, why);
  REQUIRE(before);
  CHECK_FALSE(before->is_identified);
  write_identity(kept.data(), log_record_of(kept.data()), given);
  auto const found = here.recovery->read(kept, why);
  REQUIRE(found);
  CHECK(found->is_identified);
  CHECK(found->identity.unix_ns == 1'700'000'000'000'000'000);
  for (std::uint8_t i = 0; i < 16; ++i) CHECK(found->identity.message_id[i] == i);
}

TEST_CASE("without its literals a record still has its values") {
  recovery_here here{false};
  json const log = here.line_of(simple_record());
  CHECK(log.at("message").get<std::string>().starts_with("(message not kept: 0x"));
  CHECK(log.at("message").get<std::string>().ends_with(") 350"));
  CHECK(log.at("level") == "WARNING");
  REQUIRE(log.at("data").size() == 2);
  for (auto const& [key, value] : log.at("data").items()) CHECK(key.starts_with("key_"));
  CHECK(here.recovery->unknown_messages() == 1);
  CHECK(here.recovery->unknown_keys() == 2);
  CHECK(here.recovery->unknown_call_sites() == 1);
  CHECK(here.lines.line == 0);
}

TEST_CASE("a record with sizes, kinds or flags that cannot be is refused with a reason") {
  recovery_here here;
  byte_vector const kept = simple_record();
  REQUIRE(here.refusal_of(kept).empty());
  for (std::size_t size = 0; size < kept.size(); ++size) {
    byte_vector const torn(kept.begin(), kept.begin() + static_cast<std::ptrdiff_t>(size));
    CHECK_FALSE(here.refusal_of(torn).empty());
    if (size < sizeof(std::uint32_t)) continue;
    CHECK_FALSE(here.refusal_of(with(torn, 0, static_cast<std::uint32_t>(size))).empty());
  }
  constexpr std::size_t head = sizeof(record_head);
  CHECK(here.refusal_of(with(kept, 4, std::uint8_t{1})) == "it is not a kept record");
  CHECK_FALSE(here.refusal_of(with(kept, 6, UINT16_MAX)).empty());  // of the name
  for (std::size_t const at : {head, head + 4})
    CHECK_FALSE(here.refusal_of(with(kept, at, UINT32_MAX)).empty());
  std::size_t const inner = inner_at(kept);
  CHECK_FALSE(here.refusal_of(with(kept, inner, std::uint32_t{8})).empty());
  for (int const type : {0, 2, 3, 4, 255})
    CHECK_FALSE(here.refusal_of(with(kept, inner + 4, static_cast<std::uint8_t>(type))).empty());
  CHECK(here.refusal_of(with(kept, inner + 6, std::uint8_t{128})).find("flags") != std::string::npos);
  CHECK(here.refusal_of(with(kept, inner + 7, std::uint8_t{200})).find("argument") != std::string::npos);

  if (is_big_endian) return;  // the bytes below are little-endian
  auto const refuses = [&](std::initializer_list<int> cells, std::string_view why, std::uint8_t args = 0) {
    CAPTURE(why);
    CHECK(here.refusal_of(kept_cells(cells_of(cells), args)) == why);
  };
  refuses({0x38, 1, 0, 'k', 3, 0, 0, 0, 0, 0, 0, 0, 0}, "");
  refuses({0x38, 1, 0, 'k', 4, 0, 0, 0, 0, 0, 0, 0, 0}, "a time has an unknown unit");
  refuses({0x38, 1, 0, 'k', 51, 0, 0, 0, 0, 0, 0, 0, 0}, "a time has an unknown unit");
  refuses({0x39, 1, 0, 'k', 7, 0, 0, 0, 0, 0, 0, 0, 0}, "a time has an unknown unit");
  refuses({0x37, 1, 0}, "a key is cut off");
  refuses({0x37, 1}, "a key is cut off");
  refuses({0x37, 1, 0, 'k', 9}, "a length is cut off");
  refuses({0x37, 1, 0, 'k', 0xFF, 0xFF, 1, 0}, "a length is cut off");
  refuses({0x37, 1, 0, 'k', 9, 0, 'x'}, "a value is cut off");
  refuses({0x37, 1, 0, 'k', 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 'x'}, "a value is cut off");
  refuses({0x3C, 1, 0, 'k', 2, 0, 0x01, 1}, "a member has no key");
  refuses({0x3D, 1, 0, 'k', 5, 0, 0x31, 1, 0, 'k', 1}, "an argument or an element has a key");
  refuses({0x31, 1, 0, 'k', 1}, "an argument or an element has a key", 1);
  refuses({0x3C, 1, 0, 'k', 5, 0, 0x11, 0, 0, 0, 1}, "a key has a distance where it must have an address");
}

TEST_CASE("a message cell must be a string") {
  if (is_big_endian) return;  // the bytes below are little-endian
  recovery_here here;
  CHECK(here.refusal_of(kept_cells(cells_of({0x07, 1, 0, 'm'}), 0, text_is_cell | text_is_rendered, nullptr))
            .empty());
  CHECK(here.refusal_of(kept_cells(cells_of({0x01, 1}), 0, text_is_cell, nullptr)) ==
        "its message is not a string");
  CHECK(here.refusal_of(kept_cells({}, 0, text_is_cell, nullptr)) == "an argument is missing");
}

TEST_CASE("values are nested as deeply as calls can write them, not more deeply") {
  if (is_big_endian) return;  // the bytes below are little-endian
  recovery_here here;
  auto const nested = [](std::size_t depth) {
    byte_vector cells = cells_of({0x01, 1});
    for (std::size_t i = 0; i < depth; ++i) {
      auto const size = static_cast<int>(cells.size());
      byte_vector outer = cells_of({0x0D, size % 256, size / 256});
      outer.insert(outer.end(), cells.begin(), cells.end());
      cells = outer;
    }
    return kept_cells(cells, 1);
  };
  CHECK(here.refusal_of(nested(64)).empty());
  CHECK(here.refusal_of(nested(65)) == "a value is nested too deeply");
  CHECK(here.refusal_of(nested(10'000)) == "a value is nested too deeply");
}

TEST_CASE("a message that asks for huge widths is not formatted") {
  if (is_big_endian) return;  // the bytes below are little-endian
  recovery_here here;
  auto const line = [&](std::string_view format, byte_vector argument) {
    byte_vector cells = cells_of({0x07, static_cast<int>(format.size()), 0});
    for (char const c : format) cells.push_back(static_cast<std::byte>(c));
    cells.insert(cells.end(), argument.begin(), argument.end());
    cells.insert(cells.end(), argument.begin(), argument.end());
    return here.line_of(kept_cells(cells, 2, text_is_cell, nullptr)).at("message").get<std::string>();
  };
  byte_vector const large = cells_of({0x02, 0, 0, 0, 0x10, 0, 0, 0, 0});
  byte_vector const small = cells_of({0x82, 5, 0, 0, 0});
  CHECK(line("{:>2000000000}", small).find("too large") != std::string::npos);
  CHECK(line("{:{}}", large).find("too large") != std::string::npos);
  CHECK(line("{:{}}|", small) == "    5|");
  CHECK(line("{{{}}} {{12345}}", large) == "{268435456} {12345}");
  CHECK(line("{} 2000000000", large) == "268435456 2000000000");
}

TEST_CASE("a type name that would become huge is shown as the compiler mangled it") {
  if (is_big_endian) return;  // the bytes below are little-endian
  recovery_here here;
  auto const type_of = [&](std::string const& name) {
    byte_vector members = cells_of({0x37, 10, 0});
    for (char const c : std::string_view{"error.type"}) members.push_back(static_cast<std::byte>(c));
    members.push_back(static_cast<std::byte>(name.size()));
    members.push_back(std::byte{0});
    for (char const c : name) members.push_back(static_cast<std::byte>(c));
    byte_vector cells = cells_of({0x3E, 1, 0, 'e', static_cast<int>(members.size()), 0});
    cells.insert(cells.end(), members.begin(), members.end());
    return here.line_of(kept_cells(cells)).at("data").at("e").at("error.type").get<std::string>();
  };
  CHECK(type_of("N4acme5errorE") == "acme::error");
  std::string huge = "St4pairI";
  for (int i = 0; i < 40; ++i) huge += "S_";
  CHECK(type_of(huge) == huge + " (mangled)");
}

TEST_CASE("records with any bytes changed are recovered as valid lines or refused") {
  recovery_here here;
  for (byte_vector const& kept : {simple_record(), [] {
                                    auto const scope = fapilog::scope(kv("tenant_id", "acme"));
                                    return support::kept_call("db", [](fapilog::logger const& log) {
                                      auto const bound = log.with(kv("pool", order{3, {"a"}}));
                                      bound.info("{} {}", order{2, {"x"}}, 2,
                                                 kv("lasted", std::chrono::seconds{1}),
                                                 kv("error", std::runtime_error("broken")));
                                      return bound;
                                    });
                                  }()}) {
    REQUIRE(here.refusal_of(kept).empty());
    for (std::size_t at = 0; at < kept.size(); ++at) {
      for (int const value : {0x00, 0x01, 0x7F, 0x80, 0xFF}) {
        byte_vector changed = kept;
        changed[at] = static_cast<std::byte>(value);
        (void)here.refusal_of(changed);
      }
    }
    std::minstd_rand random{1};
    for (int round = 0; round < 2'000; ++round) {
      byte_vector changed = kept;
      for (int i = 0; i < 4; ++i) changed[random() % changed.size()] = static_cast<std::byte>(random());
      (void)here.refusal_of(changed);
    }
  }
}

TEST_CASE("a process that logs into a file until it is killed") {
  char const* const directory = std::getenv("FAPILOG_TEST_DIRECTORY");
  if (directory == nullptr) return;
  std::string const path = directory;
  fapilog::detail::literal_store store{path, path};
  std::ofstream file{path + "/records", std::ios::binary};
  for (byte_vector const& kept : {simple_record(), rich_record()}) {
    auto const inner = inner_at(kept);
    std::byte const* record = kept.data() + inner;
    if (read<record_head>(record).type == record_type::context)
      record += sizeof(record_head) + sizeof(context_head);
    if (store.keep(read<log_head>(record + sizeof(record_head)).text).size == 0) ::_exit(1);
    file.write(reinterpret_cast<char const*>(kept.data()), static_cast<std::streamsize>(kept.size()));
  }
  file.flush();
  ::raise(SIGKILL);
}

TEST_CASE("records of a killed process are recovered in a process with other addresses") {
  support::temporary_directory const directory;
  ::setenv("FAPILOG_TEST_DIRECTORY", directory.path().c_str(), 1);
  ::pid_t const child = ::fork();
  if (child == 0) {
    ::execl("/proc/self/exe", "tests", "a process that logs into a file until it is killed", nullptr);
    ::_exit(1);
  }
  int status = 0;
  REQUIRE(::waitpid(child, &status, 0) == child);
  ::unsetenv("FAPILOG_TEST_DIRECTORY");
  REQUIRE(WIFSIGNALED(status));
  REQUIRE(WTERMSIG(status) == SIGKILL);

  fapilog::detail::literal_reader const literals{directory.path().string(), directory.path().string()};
  record_recovery recovery{literals};
  support::recovered_lines lines;
  std::string const bytes = support::content_of(directory / "records");
  std::span<std::byte const> rest{reinterpret_cast<std::byte const*>(bytes.data()), bytes.size()};
  std::vector<json> logs;
  while (!rest.empty()) {
    std::string why;
    auto found = recovery.read(rest, why);
    INFO(why);
    REQUIRE(found);
    rest = rest.subspan(read<record_head>(rest.data()).size);
    logs.push_back(json::parse(lines.line_of(*std::move(found))).at("log"));
    CHECK(lines.file.ends_with("record_recovery_test.cpp"));
  }
  REQUIRE(logs.size() == 2);
  CHECK(logs[0].at("message") == "took 350 ms");
  CHECK(logs[0].at("data") == json{{"order", 1001}, {"path", "/pay"}});
  CHECK(logs[1].at("message") == R"({"id":2,"items":["x"]} of 2.5 and true)");
  CHECK(logs[1].at("context").at("tenant_id") == "acme");
  CHECK(logs[1].at("data").at("nested").at("items") == json{"a", "b"});
  CHECK(recovery.unknown_keys() + recovery.unknown_messages() + recovery.unknown_call_sites() == 0);
}
