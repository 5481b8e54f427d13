// SPDX-License-Identifier: MIT
// The webhook sink against the verifier of its page, and bodies that are compressed.
#include "http/contract.hpp"
#include "http/recording_server.hpp"
#include "support/batches.hpp"
#include "support/catch.hpp"

#include <fapilog/plugins/builtins.hpp>
#include <fapilog/plugins/http.hpp>
#include <fapilog/settings.hpp>
#include <fapilog/sinks/http.hpp>

#include <cstdlib>
#include <filesystem>
#include <string>

using fapilog::sinks::webhook;
using fapilog::sinks::webhook_config;
using support::recording_server;
using support::refusal_of;

namespace {

constexpr char const* webhook_secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The Python code of the page about the sink.
std::string verifier_of_page() {
  auto const page = std::filesystem::absolute(__FILE__).parent_path() / "../../docs/plugins/sinks/webhook.md";
  std::string const text = support::text_of_file(page);
  std::size_t const begin = text.find("```python\n") + 10;
  return text.substr(begin, text.find("```", begin) - begin);
}

/// The result of `expression` in Python, after the code of the page. `headers` and `body` are those of the request.
bool python_says(support::recorded_request const& request, std::string const& expression) {
  support::temporary_directory const folder;
  support::write_text_file(folder / "body", request.body);
  std::string headers = "headers = {";
  for (char const* name : {"webhook-id", "webhook-timestamp", "webhook-signature"})
    headers += '"' + std::string{name} + "\": \"" + request.header(name) + "\", ";
  support::write_text_file(folder / "check.py", verifier_of_page() + "\nimport gzip, json, sys\n" + headers +
                                                    "}\nbody = open(\"" + (folder / "body") +
                                                    "\", \"rb\").read()\nsecret = \"" + webhook_secret +
                                                    "\"\nsys.exit(0 if " + expression + " else 1)\n");
  return std::system(("/usr/bin/python3 " + (folder / "check.py")).c_str()) == 0;
}

}  // namespace

TEST_CASE(
    "the verifier of the page accepts what the sink signs, and refuses what is changed, old or signed "
    "otherwise") {
  recording_server const server{{"500", "200"}};
  webhook sink{{.url = server.url(), .secret = webhook_secret, .key_id = "2026-01"}};
  auto const entries = support::lines_batch({R"({"n":1})", R"({"n":2})"});
  CHECK_FALSE(sink.write(entries));
  CHECK(sink.write(entries));
  auto const all = server.requests();
  REQUIRE(all.size() == 2);
  CHECK(all[0].header("webhook-id") == all[1].header("webhook-id"));
  CHECK(all[1].header("webhook-key-id") == "2026-01");
  CHECK(all[1].body == R"([{"n":1},{"n":2}])");
  CHECK(python_says(all[1], "verify(headers, body, secret)"));
  CHECK_FALSE(python_says(all[1], "verify(headers, body + b' ', secret)"));
  CHECK_FALSE(python_says(all[1], "verify(headers, body, secret, now=time.time() + 301)"));
  CHECK_FALSE(python_says(all[1], "verify(headers, body, secret[:-4] + 'AAAA')"));
}

TEST_CASE("a compressed body is signed as it is sent, and decompresses to the records") {
  recording_server const server{{"200"}};
  webhook sink{{.url = server.url(),
                .secret = webhook_secret,
                .connection = {.compression = fapilog::sinks::http_compression::gzip}}};
  CHECK(sink.write(support::lines_batch(support::numbered_lines(100, 100))));
  auto const request = server.requests().at(0);
  CHECK(request.header("Content-Encoding") == "gzip");
  CHECK(request.body.size() < 2'000);
  CHECK(
      python_says(request,
                  "verify(headers, body, secret) and [r['n'] for r in json.loads(gzip.decompress(body))] == "
                  "list(range(100))"));
}

TEST_CASE("a secret that is none is refused without being shown") {
  CHECK(refusal_of<webhook, webhook_config>({.url = "http://x/", .secret = webhook_secret}) == "accepted");
  for (std::string const secret :
       {"", "TOPSECRET", "whsec_TOPSECRET", "whsec_!!!!TOPSECRETTOPSECRETTOPSECRETTOPSECRET"}) {
    INFO(secret);
    std::string const problem = refusal_of<webhook, webhook_config>({.url = "http://x/", .secret = secret});
    CHECK(problem.find("webhook.secret: must be whsec_ and base64 of 24 to 64 bytes") != std::string::npos);
    CHECK(problem.find("TOPSECRET") == std::string::npos);
  }
}

TEST_CASE("settings by name make the sinks over HTTP") {
  recording_server const server{{"200"}};
  auto plugins = fapilog::builtin_plugins();
  fapilog::add_http(plugins);
  std::string const text = R"({"core": {"sinks": ["http", "webhook"]},
    "sink_config": {"http": {"url": ")" +
                           server.url("/plain") + R"(", "body": "json_lines"},
                    "webhook": {"url": ")" +
                           server.url("/signed") + R"(", "secret": ")" + webhook_secret + R"("}}})";
  fapilog::runtime rt{fapilog::settings::from_json(text, "inline", plugins).options()};
  rt.get_logger("shop").info("by name");
  CHECK(rt.drain(std::chrono::seconds{60}).balanced());
  int plain = 0;
  int signed_requests = 0;
  for (auto const& request : server.requests()) {
    plain += request.line == "POST /plain HTTP/1.1" && request.body.find("by name") != std::string::npos;
    signed_requests += request.header("webhook-signature").starts_with("v1,");
  }
  CHECK(plain == 1);
  CHECK(signed_requests == 1);
}
