// SPDX-License-Identifier: MIT
// The defaults of plugin metadata: a minimum version of fapilog that exists and that this library satisfies.
#include "support/catch.hpp"

#include <fapilog/plugins/metadata.hpp>
#include <fapilog/version.hpp>

#include <regex>
#include <stdexcept>
#include <string>

using fapilog::create_plugin_metadata;
using fapilog::plugin_type;
using fapilog::semantic_version;

TEST_CASE("test_create_plugin_metadata_reasonable_version_default") {
  auto const plugin = create_plugin_metadata("kafka", "1.0.0", plugin_type::sink, "acme::kafka_sink");

  CHECK(plugin.compatibility.min_fapilog_version == "0.1.0");
  CHECK_FALSE(plugin.compatibility.max_fapilog_version.has_value());

  // A plugin with the default works with this version of the library and with later ones.
  CHECK(semantic_version::parse(plugin.compatibility.min_fapilog_version) <=
        fapilog::detail::library_version());
  CHECK(is_compatible(plugin));
  CHECK(is_compatible(plugin, semantic_version::parse("0.1.0")));
  CHECK(is_compatible(plugin, semantic_version::parse("3.0.0")));
  CHECK_FALSE(is_compatible(plugin, semantic_version::parse("0.0.9")));

  // Other members do not change it, and it can be set itself.
  auto const described = create_plugin_metadata(
      "kafka", "1.0.0", plugin_type::sink, "acme::kafka_sink",
      {.description = "To a Kafka topic", .compatibility = {.max_fapilog_version = "2.0.0"}});
  CHECK(described.compatibility.min_fapilog_version == "0.1.0");
  auto const chosen = create_plugin_metadata("kafka", "1.0.0", plugin_type::sink, "acme::kafka_sink",
                                             {.compatibility = {.min_fapilog_version = "0.2.0"}});
  CHECK(chosen.compatibility.min_fapilog_version == "0.2.0");
}

TEST_CASE("test_create_plugin_metadata_version_is_valid") {
  // The regular expression of semver.org 2.0.0, independent of our parser.
  std::regex const semver{
      R"((0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*))"
      R"((?:-((?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*))?)"
      R"((?:\+([0-9a-zA-Z-]+(?:\.[0-9a-zA-Z-]+)*))?)"};
  auto const plugin =
      create_plugin_metadata("kafka", "1.2.3-rc.1+linux", plugin_type::sink, "acme::kafka_sink");
  CHECK(plugin.version == "1.2.3-rc.1+linux");
  CHECK(std::regex_match(plugin.version, semver));
  CHECK(std::regex_match(plugin.compatibility.min_fapilog_version, semver));
  CHECK(std::regex_match(std::string{fapilog::version}, semver));
  CHECK(fapilog::detail::library_version().text() == fapilog::version);

  for (std::string const version : {"1.0.0",
                                    "0.0.0",
                                    "10.20.30",
                                    "1.0.0-alpha",
                                    "1.0.0-alpha.1",
                                    "1.0.0-0.3.7",
                                    "1.0.0-x.7.z.92",
                                    "1.0.0-x-y-z.--",
                                    "1.0.0+20130313144700",
                                    "1.0.0-beta+exp.sha.5114f85",
                                    "1.0.0+21AF26D3----117B344092BD",
                                    "1.0.0--",
                                    "1.0.0+001",
                                    "1.0.0-0A.is.legal",
                                    "",
                                    "1",
                                    "1.0",
                                    "1.0.0.0",
                                    "1.0.",
                                    ".1.0",
                                    "1..0",
                                    "1.0.0.",
                                    "v1.0.0",
                                    "01.0.0",
                                    "1.00.0",
                                    "1.0.01",
                                    "1.0.0-",
                                    "1.0.0+",
                                    "1.0.0-+",
                                    "1.0.0-a..b",
                                    "1.0.0-.a",
                                    "1.0.0-a.",
                                    "1.0.0-01",
                                    "1.0.0-a_b",
                                    "1.0.0+a_b",
                                    "1.0.0+a+b",
                                    "1.0.0+.",
                                    " 1.0.0",
                                    "1.0.0 ",
                                    "1.0.0\n",
                                    "-1.0.0",
                                    "+1.0.0",
                                    "1.-1.0",
                                    "1.0.0-\xC3\xA4",
                                    "one"}) {
    CAPTURE(version);
    bool accepted = true;
    try {
      static_cast<void>(create_plugin_metadata("kafka", version, plugin_type::sink, "acme::kafka_sink"));
    } catch (std::invalid_argument const&) {
      accepted = false;
    }
    CHECK(accepted == std::regex_match(version, semver));
  }
}
