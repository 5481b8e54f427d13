// SPDX-License-Identifier: MIT
// What the Windows Event Log gets of a record. The calls are in tests/platforms/windows.sh.
#include "support/batches.hpp"
#include "support/catch.hpp"

#include <fapilog/sinks/windows_event_log/config.hpp>
#include <fapilog/sinks/windows_event_log/detail/event_text.hpp>

#include <cstddef>
#include <string>
#include <string_view>

namespace event_log = fapilog::detail::event_log;
using Catch::Matchers::EndsWith;
using Catch::Matchers::StartsWith;

namespace {

std::string event_text_of(std::string_view message, std::string_view value = "v") {
  support::events all;
  all.add(message, fapilog::level::error).data.push_back({"key", fapilog::value::of_string(value)});
  event_log::text_writer writer;
  return std::string{writer.put(all.batch()[0].event)};
}

std::size_t utf16_units(std::string_view text) {
  std::size_t units = 0;
  for (std::size_t at = 0; at < text.size();) {
    auto const next = fapilog::detail::decode_utf8(text.substr(at));
    REQUIRE(next.ok);
    units += next.value > 0xFFFF ? 2 : 1;
    at += next.size;
  }
  return units;
}

}  // namespace

TEST_CASE("the text of an event is its message and a line for each field") {
  CHECK(event_text_of("order failed") ==
        "order failed\r\n\r\nlevel: ERROR\r\nlogger: billing\r\ntime: 2026-01-27T10:30:00.123456Z\r\n"
        "message_id: 00000000-0000-0000-0000-000000000000\r\nkey: v");
}

TEST_CASE("the text of an event is cut where the log refuses more") {
  for (std::size_t size = event_log::max_units - 150; size < event_log::max_units + 20; ++size) {
    std::string const text = event_text_of(std::string(size, 'x'));
    bool const is_cut = text.ends_with(" [truncated]");
    CHECK((is_cut || text.ends_with("key: v")));
    CHECK(text.size() <= event_log::max_units);
    CHECK((!is_cut || text.size() == event_log::max_units));
  }
  std::string wide;
  for (int i = 0; i < 20'000; ++i) wide += "\xF0\x9F\x98\x80";  // two UTF-16 units
  std::string const cut = event_text_of(wide);
  CHECK_THAT(cut, EndsWith(" [truncated]"));
  CHECK(utf16_units(cut) <= event_log::max_units);
  CHECK(utf16_units(cut) + 2 > event_log::max_units);
}

TEST_CASE("the text of an event has nothing that the Event Viewer replaces") {
  CHECK_THAT(event_text_of("50%1 %%2 5 % a%b 100%"), StartsWith("50% 1 % % 2 5 % a%b 100%\r\n"));
  CHECK_THAT(event_text_of(std::string_view{"a\0b\xFF", 4}), StartsWith("a\xEF\xBF\xBD"
                                                                        "b\xEF\xBF\xBD\r\n"));
  std::string const cut = event_text_of(std::string(event_log::max_units, '%') + "1");
  CHECK(utf16_units(cut) <= event_log::max_units);
}

TEST_CASE("the type and the id of an event follow from level and fields") {
  CHECK(event_log::type_of(fapilog::level::debug) == 4);
  CHECK(event_log::type_of(fapilog::level::info) == 4);
  CHECK(event_log::type_of(fapilog::level::warning) == 2);
  CHECK(event_log::type_of(fapilog::level::error) == 1);
  CHECK(event_log::type_of(fapilog::level::critical) == 1);
  CHECK(event_log::type_of(fapilog::level::audit) == 4);
  CHECK(event_log::type_of(fapilog::level::security) == 2);

  auto const id_with = [](fapilog::value const& v) {
    support::events all;
    all.add("message").data.push_back({"event_id", v});
    return event_log::id_of(all.batch()[0].event, 7);
  };
  CHECK(id_with(fapilog::value::of_string("0")) == 0);
  CHECK(id_with(fapilog::value::of_string("65535")) == 65'535);
  CHECK(id_with(fapilog::value::of_string("65536")) == 7);
  CHECK(id_with(fapilog::value::of_string("order")) == 7);
  CHECK(id_with({}) == 7);
}
