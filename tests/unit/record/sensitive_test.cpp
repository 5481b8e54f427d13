// SPDX-License-Identifier: MIT
// Fields whose values are never copied.
#include "support/catch.hpp"
#include "support/logged.hpp"

#include <fapilog/fapilog.hpp>

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstring>
#include <string>
#include <type_traits>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using fapilog::kv;
using fapilog::sensitive;
using json = nlohmann::json;

namespace {

/// Nothing that could be logged, not even copied.
struct vault {
  vault() = default;
  vault(vault const&) = delete;
};

}  // namespace

TEST_CASE("a sensitive field has its key and a mask") {
  support::logged test;
  test.log.info("charged", kv("order", 1), sensitive("card", "4111111111111111"), sensitive("amount", 12.5));
  CHECK(test.data() == json{{"order", 1}, {"card", "***"}, {"amount", "***"}});
  test.log.info("x", sensitive(fapilog::dynamic_key("run-time"), std::vector<int>{1, 2}),
                sensitive("user_id", 42));
  CHECK(test.data() == json{{"run-time", "***"}});
  CHECK(test.last().at("context").at("user_id") == "***");
  test.log.info("list", {sensitive("a", 1), kv("b", 2)});
  CHECK(test.data() == json{{"a", "***"}, {"b", 2}});
}

TEST_CASE("a sensitive value may have any type, because it is not read") {
  support::logged test;
  vault const locked;
  test.log.info("x", sensitive("vault", locked));
  CHECK(test.data() == json{{"vault", "***"}});
}

TEST_CASE("a sensitive field has the shape of a string") {
  static_assert(std::is_same_v<decltype(sensitive("k", 1)), decltype(kv("k", "text"))>);
  auto const f = sensitive("k", std::string{"hunter2"});
  CHECK(f.size() == 3);
  CHECK(std::string{f.text(), f.size()} == fapilog::detail::sensitive_text);
}

TEST_CASE("a sensitive field is masked in with and in a scope") {
  support::logged test;
  auto const scope = fapilog::scope(sensitive("tenant_key", "hunter2"));
  test.log.with(sensitive("token", "hunter2")).info("x");
  CHECK(test.data() == json{{"tenant_key", "***"}, {"token", "***"}});
  CHECK_THAT(test.last_line(), !ContainsSubstring("hunter2"));
}
