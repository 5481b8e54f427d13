// SPDX-License-Identifier: MIT
#include <fapilog/sinks/otlp/detail/key_value_list.hpp>

#include "support/catch.hpp"

namespace otlp = fapilog::detail::otlp;

TEST_CASE("a list of an OpenTelemetry variable is read with spaces, escapes and empty parts") {
  auto const pairs = otlp::parse_key_values(" a = 1 ,b=x%20y%2Cz,,c=d=e,empty= ,");
  REQUIRE(pairs);
  CHECK(*pairs == otlp::key_values{{"a", "1"}, {"b", "x y,z"}, {"c", "d=e"}, {"empty", ""}});
  CHECK(otlp::parse_key_values("")->empty());
}

TEST_CASE("one mistake makes a list of an OpenTelemetry variable invalid") {
  for (auto const* text : {"a", "a=1,b", "=1", "a=%", "a=%4", "a=%zz", "a=1,%2=x"}) {
    INFO(text);
    CHECK_FALSE(otlp::parse_key_values(text));
  }
}
