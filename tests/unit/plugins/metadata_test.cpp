// SPDX-License-Identifier: MIT
// Plugin metadata: what is refused with which message, how versions are ordered, what is compatible.
#include "support/catch.hpp"

#include <fapilog/plugins/metadata.hpp>
#include <fapilog/version.hpp>

#include <array>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace {

using Catch::Matchers::ContainsSubstring;
using fapilog::create_plugin_metadata;
using fapilog::is_compatible;
using fapilog::plugin_details;
using fapilog::plugin_metadata;
using fapilog::plugin_type;
using fapilog::semantic_version;

plugin_metadata plugin_with(plugin_details details) {
  return create_plugin_metadata("kafka", "1.0.0", plugin_type::sink, "acme::kafka_sink", details);
}

/// The message of the std::invalid_argument that `make` throws, or one that no test expects.
template <class F>
std::string refusal(F make) {
  try {
    static_cast<void>(make());
  } catch (std::invalid_argument const& error) {
    return error.what();
  }
  return "accepted";
}

std::string refusal(std::string_view name, std::string_view version, std::string_view type,
                    std::string_view entry) {
  return refusal([&] { return create_plugin_metadata(name, version, type, entry); });
}

std::string refusal(plugin_details const& details) {
  return refusal([&] { return plugin_with(details); });
}

}  // namespace

TEST_CASE("metadata keeps what it is given") {
  auto const plugin = create_plugin_metadata(
      "kafka-sink", "1.2.3", plugin_type::sink, "acme::kafka_sink",
      {.description = "To a Kafka topic",
       .author = "Acme",
       .author_email = "log@acme.example",
       .homepage = "https://acme.example",
       .repository = "https://acme.example/git",
       .license = "Apache-2.0",
       .compatibility = {.min_fapilog_version = "0.1.0", .max_fapilog_version = "0.9.0"},
       .dependencies = {"librdkafka >= 2"},
       .api_version = "1.0",
       .tags = {"queue", "network"}});
  CHECK(plugin.name == "kafka-sink");
  CHECK(plugin.version == "1.2.3");
  CHECK(plugin.type == plugin_type::sink);
  CHECK(plugin.entry_point == "acme::kafka_sink");
  CHECK(plugin.description == "To a Kafka topic");
  CHECK(plugin.author == "Acme");
  CHECK(plugin.author_email == "log@acme.example");
  CHECK(plugin.homepage == "https://acme.example");
  CHECK(plugin.repository == "https://acme.example/git");
  CHECK(plugin.license == "Apache-2.0");
  CHECK(plugin.compatibility.min_fapilog_version == "0.1.0");
  CHECK(plugin.compatibility.max_fapilog_version == "0.9.0");
  CHECK(plugin.dependencies == std::vector<std::string>{"librdkafka >= 2"});
  CHECK(plugin.api_version == "1.0");
  CHECK(plugin.tags == std::vector<std::string>{"queue", "network"});
}

TEST_CASE("metadata has defaults for all but name, version, type and entry point") {
  auto const plugin = create_plugin_metadata("kafka", "1.0.0", plugin_type::sink, "acme::kafka_sink");
  CHECK(plugin.description.empty());
  CHECK(plugin.author.empty());
  CHECK(plugin.author_email.empty());
  CHECK(plugin.homepage.empty());
  CHECK(plugin.repository.empty());
  CHECK(plugin.license == "MIT");
  CHECK(plugin.dependencies.empty());
  CHECK(plugin.api_version == "1.0");
  CHECK(plugin.tags.empty());
}

TEST_CASE(
    "compatibility and the other details can be given together, and each alone leaves the others' defaults") {
  auto const plugin =
      plugin_with({.author = "Acme", .compatibility = {.max_fapilog_version = "1.0.0"}, .tags = {"x"}});
  CHECK(plugin.author == "Acme");
  CHECK(plugin.compatibility.min_fapilog_version == "0.1.0");
  CHECK(plugin.compatibility.max_fapilog_version == "1.0.0");
  CHECK(plugin.license == "MIT");
  CHECK(plugin.api_version == "1.0");
}

TEST_CASE("the default api version is the one that this library offers") {
  CHECK(plugin_details{}.api_version == fapilog::plugin_api_version.text());
  CHECK(fapilog::plugin_api_version == fapilog::detail::plugin_api{1, 0});
  for (std::string_view const type : fapilog::detail::plugin_type_names) {
    CHECK(is_compatible(create_plugin_metadata("own", fapilog::version, type, "fapilog::own")));
  }
}

TEST_CASE("a plugin type has a name and is parsed from it") {
  std::array const types{plugin_type::sink, plugin_type::enricher, plugin_type::redactor,
                         plugin_type::processor, plugin_type::filter};
  std::array<std::string_view, 5> const names{"sink", "enricher", "redactor", "processor", "filter"};
  for (std::size_t i = 0; i < types.size(); ++i) {
    CHECK(to_string(types[i]) == names[i]);
    CHECK(fapilog::detail::parse_plugin_type(names[i]) == types[i]);
    auto const plugin = create_plugin_metadata("own", "2.0.1", names[i], "acme::own", {.author = "Acme"});
    CHECK(plugin.type == types[i]);
    CHECK(plugin.version == "2.0.1");  // and not the library's
    CHECK(plugin.author == "Acme");
  }
}

TEST_CASE("an unknown plugin type is refused with the valid ones") {
  auto const valid = ", but must be one of sink, enricher, redactor, processor, filter";
  CHECK(refusal("kafka", "1.0.0", "snk", "x") ==
        std::string{"fapilog: plugin metadata: plugin_type is \"snk\""} + valid);
  for (std::string_view const type : {"", "Sink", "sinks", "sink ", "s"}) {
    CAPTURE(type);
    CHECK_THAT(refusal("kafka", "1.0.0", type, "x"), ContainsSubstring(valid));
  }
  CHECK(refusal([] { return create_plugin_metadata("kafka", "1.0.0", static_cast<plugin_type>(9), "x"); }) ==
        std::string{"fapilog: plugin metadata: plugin_type is \"9\""} + valid);
}

TEST_CASE("an invalid version is refused with its name, its value and an example") {
  auto const rule =
      ", but must be major.minor.patch without leading zeros, as in \"1.0.0\" or \"1.0.0-rc.1\"";
  CHECK(refusal("kafka", "1.0", "sink", "x") ==
        std::string{"fapilog: plugin metadata: version is \"1.0\""} + rule);
  CHECK(refusal({.compatibility = {.min_fapilog_version = "v3"}}) ==
        std::string{"fapilog: plugin metadata: min_fapilog_version is \"v3\""} + rule);
  CHECK(refusal({.compatibility = {.max_fapilog_version = "2.x"}}) ==
        std::string{"fapilog: plugin metadata: max_fapilog_version is \"2.x\""} + rule);
  CHECK_THAT(refusal({.compatibility = {.min_fapilog_version = ""}}),
             ContainsSubstring("min_fapilog_version is \"\""));
  CHECK_THAT(refusal({.compatibility = {.max_fapilog_version = ""}}),
             ContainsSubstring("max_fapilog_version is \"\""));
}

TEST_CASE("a number too large for a version is refused, the largest is not") {
  CHECK(semantic_version::parse("18446744073709551615.0.0").major == 18446744073709551615U);
  CHECK(refusal([] { return semantic_version::parse("18446744073709551616.0.0"); }) != "accepted");
}

TEST_CASE("a name is a letter followed by letters, digits, hyphens and underscores") {
  for (std::string_view const name : {"a", "kafka", "Kafka2", "kafka-sink", "kafka_sink", "k-", "k_"}) {
    CAPTURE(name);
    CHECK(refusal(name, "1.0.0", "sink", "x") == "accepted");
  }
  for (std::string_view const name : {"", "2kafka", "-kafka", "_kafka", "kafka sink", "kafka.sink",
                                      "kafka/sink", "k\xC3\xA4se", "kafka\n", "kaf\"ka"}) {
    CAPTURE(name);
    CHECK_THAT(
        refusal(name, "1.0.0", "sink", "x"),
        ContainsSubstring("name is \"") &&
            ContainsSubstring(", but must begin with a letter and have only letters, digits, '-' and '_'"));
  }
  CHECK(refusal(std::string_view{"a\0b", 3}, "1.0.0", "sink", "x") != "accepted");
}

TEST_CASE("an empty entry point is refused") {
  CHECK(refusal("kafka", "1.0.0", "sink", "") ==
        "fapilog: plugin metadata: entry_point is \"\", but must name the type or the function that makes "
        "the plugin");
}

TEST_CASE("an api version is major.minor and nothing else") {
  CHECK(refusal({.api_version = "1"}) ==
        "fapilog: plugin metadata: api_version is \"1\", but must be \"major.minor\", such as \"1.0\"");
  for (std::string const text : {"", ".", "1.", ".0", "1.0.0", "01.0", "1.00", "-1.0", "1.-0", "+1.0", "1.0 ",
                                 " 1.0", "v1.0", "4294967296.0", "1,0"}) {
    CAPTURE(text);
    CHECK_THAT(refusal({.api_version = text}), ContainsSubstring("api_version is \"" + text));
  }
  for (std::string const text : {"0.0", "1.0", "1.10", "12.0", "4294967295.0"}) {
    CAPTURE(text);
    CHECK(refusal({.api_version = text}) == "accepted");
    CHECK(fapilog::detail::plugin_api::parse(text).text() == text);
  }
}

TEST_CASE("a minimum version above the maximum is refused, an equal one is not") {
  CHECK(refusal({.compatibility = {.min_fapilog_version = "0.10.0", .max_fapilog_version = "0.9.0"}}) ==
        "fapilog: plugin metadata: min_fapilog_version is \"0.10.0\", but must not be above "
        "max_fapilog_version "
        "\"0.9.0\"");
  // The maximum is below the default minimum.
  CHECK_THAT(refusal({.compatibility = {.max_fapilog_version = "0.0.9"}}),
             ContainsSubstring("min_fapilog_version is \"0.1.0\""));
  CHECK(refusal({.compatibility = {.min_fapilog_version = "0.9.0", .max_fapilog_version = "0.9.0"}}) ==
        "accepted");
  CHECK(refusal({.compatibility = {.min_fapilog_version = "0.9.0", .max_fapilog_version = "0.9.0-rc.1"}}) !=
        "accepted");
}

TEST_CASE("an error shows an invalid value cut and without control characters") {
  CHECK_THAT(refusal("ka\x1B[2Jfka\r\n", "1.0.0", "sink", "x"),
             ContainsSubstring("name is \"ka?[2Jfka??\", but"));
  auto const text = refusal(std::string(1'000, 'k') + '!', "1.0.0", "sink", "x");
  CHECK_THAT(text, ContainsSubstring('"' + std::string(80, 'k') + "...\", but"));
  CHECK(text.size() < 250);
}

TEST_CASE(
    "versions are ordered as semver.org says, numbers as numbers and a pre-release before its release") {
  std::vector<std::string_view> const ascending{"0.0.0",
                                                "0.0.1-0",
                                                "0.0.1",
                                                "0.1.0",
                                                "0.9.0",
                                                "0.10.0",
                                                "1.0.0--",
                                                "1.0.0-alpha",
                                                "1.0.0-alpha.1",
                                                "1.0.0-alpha.beta",
                                                "1.0.0-beta",
                                                "1.0.0-beta.2",
                                                "1.0.0-beta.11",
                                                "1.0.0-beta.99999999999999999999998",
                                                "1.0.0-beta.99999999999999999999999",
                                                "1.0.0-rc.1",
                                                "1.0.0-rc.1.0",
                                                "1.0.0",
                                                "1.0.1",
                                                "1.1.0",
                                                "2.0.0-1",
                                                "2.0.0-1.1",
                                                "2.0.0-2",
                                                "2.0.0-A",
                                                "2.0.0-a",
                                                "2.0.0",
                                                "10.0.0"};
  for (std::size_t i = 0; i < ascending.size(); ++i) {
    for (std::size_t j = 0; j < ascending.size(); ++j) {
      CAPTURE(ascending[i], ascending[j]);
      auto const a = semantic_version::parse(ascending[i]);
      auto const b = semantic_version::parse(ascending[j]);
      CHECK((a < b) == (i < j));
      CHECK((a > b) == (i > j));
      CHECK((a == b) == (i == j));
    }
  }
}

TEST_CASE("build metadata does not affect the comparison of versions") {
  CHECK(semantic_version::parse("1.0.0+linux") == semantic_version::parse("1.0.0+windows.2"));
  CHECK(semantic_version::parse("1.0.0-rc.1+a-b") == semantic_version::parse("1.0.0-rc.1"));
  CHECK(semantic_version::parse("1.0.0-rc.1+a-b").text() == "1.0.0-rc.1");
  CHECK(semantic_version::parse("10.20.30").text() == "10.20.30");
}

TEST_CASE("a plugin is compatible from its minimum to its maximum version of fapilog, both included") {
  auto const plugin =
      plugin_with({.compatibility = {.min_fapilog_version = "0.2.0", .max_fapilog_version = "1.0.0"}});
  for (std::string_view const library : {"0.2.0", "0.2.1", "0.10.0", "1.0.0-rc.1", "1.0.0", "1.0.0+build"}) {
    CAPTURE(library);
    auto const result = is_compatible(plugin, semantic_version::parse(library));
    CHECK(result);
    CHECK(result.compatible);
    CHECK(result.reason.empty());
  }
  auto const older = is_compatible(plugin, semantic_version::parse("0.1.9"));
  CHECK_FALSE(older.compatible);
  CHECK(older.reason == "kafka needs fapilog 0.2.0 or newer; this is 0.1.9");
  auto const before = is_compatible(plugin, semantic_version::parse("0.2.0-rc.1"));
  CHECK(before.reason == "kafka needs fapilog 0.2.0 or newer; this is 0.2.0-rc.1");
  auto const newer = is_compatible(plugin, semantic_version::parse("1.0.1"));
  CHECK_FALSE(newer);
  CHECK(newer.reason == "kafka works up to fapilog 1.0.0; this is 1.0.1");
}

TEST_CASE("by default a plugin is checked against the version of this library") {
  CHECK(is_compatible(plugin_with({.compatibility = {.max_fapilog_version = fapilog::version}})));
  CHECK(is_compatible(plugin_with({.compatibility = {.min_fapilog_version = fapilog::version}})));
  auto const future = is_compatible(plugin_with({.compatibility = {.min_fapilog_version = "1000.0.0"}}));
  CHECK(future.reason ==
        "kafka needs fapilog 1000.0.0 or newer; this is " + fapilog::detail::library_version().text());
}

TEST_CASE("a plugin for another plugin API is not compatible") {
  for (std::string const text : {"0.0", "0.9", "1.1", "1.99", "2.0"}) {
    CAPTURE(text);
    auto const result = is_compatible(plugin_with({.api_version = text}));
    CHECK_FALSE(result);
    CHECK(result.reason == "kafka was made for plugin API " + text + "; this fapilog offers 1.0");
  }
}

TEST_CASE("metadata filled in by hand is checked before it is called compatible") {
  plugin_metadata plugin;
  CHECK_THROWS_AS(validate(plugin), std::invalid_argument);
  auto const empty = is_compatible(plugin);
  CHECK_FALSE(empty);
  CHECK_THAT(empty.reason, ContainsSubstring("name is \"\""));

  plugin.name = "kafka";
  plugin.version = "1.0.0";
  plugin.entry_point = "acme::kafka_sink";
  CHECK_NOTHROW(validate(plugin));
  CHECK(is_compatible(plugin));

  plugin.compatibility.max_fapilog_version = "soon";
  CHECK_THAT(is_compatible(plugin).reason, ContainsSubstring("max_fapilog_version is \"soon\""));
}

TEST_CASE("a normalised name is in lower case and has underscores") {
  CHECK(fapilog::detail::normalised_name("Kafka-Sink_2") == "kafka_sink_2");
  CHECK(fapilog::detail::normalised_name("rotating_file") ==
        fapilog::detail::normalised_name("Rotating-File"));
  CHECK(fapilog::detail::normalised_name("").empty());
}
