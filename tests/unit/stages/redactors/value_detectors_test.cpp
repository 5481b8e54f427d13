// SPDX-License-Identifier: MIT
// Secrets that are detected by their format.
#include "support/catch.hpp"
#include "support/check_digit.hpp"
#include "support/redacted.hpp"

#include <fapilog/stages/redactors/value_detectors.hpp>

#include <cstdint>
#include <initializer_list>
#include <random>
#include <string>
#include <string_view>
#include <utility>

using Catch::Matchers::ContainsSubstring;
using fapilog::detail::is_card;
using fapilog::redactors::value_detectors;
using json = nlohmann::json;
using support::redacted;

namespace {

constexpr char jwt[] =
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U";

}  // namespace

TEST_CASE("card numbers are found in strings, in the message and as numbers") {
  redacted r{value_detectors{}};
  for (auto const* const card :
       {"4111111111111111", "4111 1111 1111 1111", "4111-1111-1111-1111", "5500005555555559",
        "340000000000009", "3400 000000 00009", "30000000000004", "6011000000000004", "3566002020360505",
        "2223000048400011", "6200000000000005", "4222222222222", "4111 - 1111 - 1111 - 1111"}) {
    INFO(card);
    CHECK(r.text(card) == "[REDACTED:CARD]");
    CHECK(r.message("charged " + std::string{card} + " twice") == "charged [REDACTED:CARD] twice");
    CHECK(r.text("x" + std::string{card} + ".") == "x[REDACTED:CARD].");
    CHECK(r.text("order 12 of 2026-01-27, " + std::string{card} + " 12/27") ==
          "order 12 of 2026-01-27, [REDACTED:CARD] 12/27");
  }
  CHECK(r.named("n", 4111111111111111) == "[REDACTED:CARD]");
  CHECK(r.named("n", 4111111111111111U) == "[REDACTED:CARD]");
  CHECK(r.named("n", 4111111111111111.0) == "[REDACTED:CARD]");
  CHECK(r.data({{"list", {1, 4111111111111111, "a"}}}) == json{{"list", {1, "[REDACTED:CARD]", "a"}}});
  CHECK(r.text("4111111111111111 4012888888881881") == "[REDACTED:CARD] [REDACTED:CARD]");
  CHECK(r.text("4111111111111111.4012888888881881") == "[REDACTED:CARD].[REDACTED:CARD]");
}

TEST_CASE("other digits stay") {
  redacted r{value_detectors{}};
  for (auto const* const text :
       {"4111111111111112", "1769509800123456789", "2026-01-27T10:30:00.123456789Z",
        "0190a5d2-ac96-774b-bcce-b302099a8011", "41111111111111111111", "04111111111111111114111111111111111",
        "1234567890123456", "0.4111111111111111", "49 30 1234567", "4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1", "4111",
        "12 4 15 16 23 42 8 3", "+49 30 901820 4711", "9780306406157", "0000000000000000",
        "4111     1111 1111 1111"}) {
    INFO(text);
    CHECK(r.text(text) == text);
  }
  CHECK(r.named("n", 1769509800123) == 1769509800123);
  CHECK(r.named("n", 1769509800123456789) == 1769509800123456789);
  CHECK(r.named("n", -4111111111111111) == -4111111111111111);
  CHECK(r.named("n", 0.5) == 0.5);
}

TEST_CASE("any card of any issuer is found, a changed digit is not") {
  std::mt19937 random{11};
  auto const digits = [&](std::size_t count) {
    std::string all;
    while (all.size() < count) all += static_cast<char>('0' + random() % 10);
    return all;
  };
  redacted r{value_detectors{}};
  for (auto const& [prefix, size] :
       std::initializer_list<std::pair<char const*, std::size_t>>{{"4", 13},
                                                                  {"4", 16},
                                                                  {"4", 19},
                                                                  {"51", 16},
                                                                  {"2221", 16},
                                                                  {"2720", 16},
                                                                  {"34", 15},
                                                                  {"37", 15},
                                                                  {"36", 14},
                                                                  {"6011", 16},
                                                                  {"65", 19},
                                                                  {"3528", 16},
                                                                  {"62", 16},
                                                                  {"2200", 16},
                                                                  {"5018", 13}}) {
    for (int i = 0; i < 20; ++i) {
      std::string card =
          support::with_check_digit(prefix + digits(size - 1 - std::string_view{prefix}.size()));
      INFO(card);
      CHECK(is_card(card));
      CHECK(is_card(std::stoull(card)));
      std::string text = "n";
      for (std::size_t at = 0; at < card.size(); ++at) {
        if (at != 0 && at % 4 == 0 && card.size() - at >= 2) text += ' ';
        text += card[at];
      }
      CHECK(r.text(text) == "n[REDACTED:CARD]");
      char& last = card.back();
      last = last == '9' ? '0' : static_cast<char>(last + 1);
      CHECK_FALSE(is_card(card));
    }
  }
}

TEST_CASE("JSON web tokens are found") {
  redacted r{value_detectors{}};
  CHECK(r.text(jwt) == "[REDACTED:JWT]");
  CHECK(r.message("got " + std::string{jwt} + ", thanks") == "got [REDACTED:JWT], thanks");
  CHECK(r.text("id-" + std::string{jwt}) == "id-[REDACTED:JWT]");
  CHECK(r.text("eyJhbGciOiJub25lIn0.eyJzdWIiOiIxMjM0In0.") == "[REDACTED:JWT]");
  CHECK(r.text("eyJhbGciOiJkaXIifQ..aXYxMjM0.Y2lwaGVydGV4dA.dGFn") == "[REDACTED:JWT]");
  CHECK(r.text(std::string{jwt} + " " + jwt) == "[REDACTED:JWT] [REDACTED:JWT]");
  for (auto const* const text : {"eyJ", "eyJhbGciOiJIUzI1NiJ9", "heyJude.txt", "eyJab.cd", "JSON"})
    CHECK(r.text(text) == text);
}

TEST_CASE("what follows Bearer, Basic and Authorization is found") {
  redacted r{value_detectors{}};
  CHECK(r.text("Bearer abc123def456") == "Bearer [REDACTED:TOKEN]");
  CHECK(r.text("bearer  AbCdEfGh") == "bearer  [REDACTED:TOKEN]");
  CHECK(r.text("sent Basic dXNlcjpwYXNz to host") == "sent Basic [REDACTED:TOKEN] to host");
  CHECK(r.text("auth=Bearer%20abc123def456&x") == "auth=Bearer%20[REDACTED:TOKEN]&x");
  CHECK(r.text("Bearer secretsecretsecretsecret") == "Bearer [REDACTED:TOKEN]");
  CHECK(r.text("Authorization: Digest username=\"x\"\nHost: h") == "Authorization: ***\nHost: h");
  CHECK(r.text(R"({"Authorization":"abc"})") == R"({"Authorization":"***"})");
  for (auto const* const text : {"bearer token expired", "Basic authentication failed", "basic functionality",
                                 "Bearer", "Bearer x", "basically 12345678", "author: ada", "password=x"}) {
    INFO(text);
    CHECK(r.text(text) == text);
  }
}

TEST_CASE("AWS keys are found, and what looks like a secret key beside them") {
  redacted r{value_detectors{}};
  std::string const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
  CHECK(r.text("AKIAIOSFODNN7EXAMPLE") == "[REDACTED:AWS_KEY]");
  CHECK(r.text("id ASIAIOSFODNN7EXAMPLE, key " + secret) == "id [REDACTED:AWS_KEY], key [REDACTED:AWS_KEY]");
  CHECK(r.text("https://h/?X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20260127") ==
        "https://h/?X-Amz-Credential=[REDACTED:AWS_KEY]%2F20260127");
  CHECK(r.text(secret) == secret);
  for (auto const* const text : {"AKIA", "AKIAIOSFODNN7EXAMPL", "AKIAIOSFODNN7EXAMPLEX",
                                 "xAKIAIOSFODNN7EXAMPLE", "ABCDEFGHIJKLMNOPQRST", "AKIAiosfodnn7example"}) {
    CHECK(r.text(text) == text);
  }
}

TEST_CASE("private keys are found, complete or cut off") {
  redacted r{value_detectors{}};
  std::string const begin = "-----BEGIN RSA PRIVATE KEY-----\nMIIB\nOgIB\n";
  CHECK(r.text("key:\n" + begin + "-----END RSA PRIVATE KEY-----\nend") ==
        "key:\n[REDACTED:PRIVATE_KEY]\nend");
  CHECK(r.text(begin) == "[REDACTED:PRIVATE_KEY]");
  CHECK(r.text("a -----BEGIN OPENSSH PRIVATE KEY-----\\nb3Bl\\n-----END OPENSSH PRIVATE KEY----- b") ==
        "a [REDACTED:PRIVATE_KEY] b");
  CHECK(r.text("-----BEGIN PGP PRIVATE KEY BLOCK-----\nx\n-----END PGP PRIVATE KEY BLOCK-----") ==
        "[REDACTED:PRIVATE_KEY]");
  std::string const certificate = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";
  CHECK(r.text(certificate) == certificate);
  CHECK(r.text(certificate + begin) == certificate + "[REDACTED:PRIVATE_KEY]");
  CHECK(r.text("---------- heading ----------") == "---------- heading ----------");
}

TEST_CASE("tokens of services are found by prefix, characters and length") {
  redacted r{value_detectors{}};
  std::string const hex = "c45afddaa5cbef309cd0f9f0d4c4d2b683a2ffe7891e90b855c991f662efc95d";
  std::string const letters =
      "wmPahx5CoRUxYHVEn21GnBjqZ64CzSlwQ1GyjBYrK7jqD0tMZvQ31DraGKMRIzFxPYWynCSzoECVJg18MHRuLl2G";
  std::string const uuid = "c45afdda-1234-4abc-8def-c45afddaa5cb";
  for (std::string const& token : std::initializer_list<std::string>{
           "AKID" + letters.substr(0, 32),
           "EAAB" + letters,
           "K10" + hex,
           "SWMTKN-1-" + hex,
           "access-sandbox-" + uuid,
           "access-production-" + uuid,
           "bkua_" + hex.substr(0, 40),
           "cio" + letters.substr(0, 32),
           "lsv2_pt_" + hex.substr(0, 32) + "_c45afddaa5",
           "mdb_sa_sk_" + letters.substr(0, 40),
           "napi_" + hex,
           "pat-na1-" + uuid,
           "phx_" + letters.substr(0, 43),
           "rzp_live_" + letters.substr(0, 14),
           "u-s4t2ud-" + hex,
           "sdk-" + uuid,
           "sk-lf-" + uuid,
           "sk_org_live_" + letters.substr(0, 30),
           "sqp_" + hex.substr(0, 40),
           "tvly-" + letters.substr(0, 32),
           "wandb_v1_" + letters.substr(0, 70),
           "amzn.mws." + uuid,
           "v1.0-" + hex.substr(0, 24) + "-" + hex + hex + hex.substr(0, 18),
           "snyk_uat." + letters,
           "pat." + letters.substr(0, 22) + "." + hex.substr(0, 24) + "." + letters.substr(0, 20),
           "1/1200000000000000:" + hex.substr(0, 32),
           "1//0" + letters.substr(0, 60),
           "re_" + letters.substr(0, 8) + "_" + letters.substr(0, 24)}) {
    INFO(token);
    CHECK(r.text("using " + token + " now") == "using [REDACTED:TOKEN] now");
    CHECK(r.text(token) == "[REDACTED:TOKEN]");
  }
  for (std::string const& text : std::initializer_list<std::string>{
           "sdk-" + uuid.substr(0, 30), "my-sdk-" + uuid, "access-log-" + uuid,
           "re_indexing_of_documents_v2_done_at_3", "cache:" + hex.substr(0, 32), "3/12:" + hex.substr(0, 32),
           ":" + hex.substr(0, 32), "sqp_status", "pat.example.com", "v1.0-rc1",
           "EAA" + letters.substr(0, 20), "https://h/1//0"}) {
    INFO(text);
    CHECK(r.text(text) == text);
  }
}

TEST_CASE("e-mail addresses are found if that is enabled") {
  redacted r{value_detectors{{.email = true}}};
  CHECK(r.text("ada@example.com") == "[REDACTED:EMAIL]");
  CHECK(r.message("mail from <ada.l+x@mail.example.co.uk>, read") == "mail from <[REDACTED:EMAIL]>, read");
  CHECK(r.text("a@b.cc,d@e.ff.") == "[REDACTED:EMAIL],[REDACTED:EMAIL].");
  CHECK(r.text("j\xC3\xBCrgen@b\xC3\xBC"
               "cher.example") == "[REDACTED:EMAIL]");
  for (auto const* const text : {"a@b", "@home", "user@10.0.0.1", "npm i pkg@1.2.3", "a @ b.cc", "x@.cc"})
    CHECK(r.text(text) == text);
  redacted off{value_detectors{}};
  CHECK(off.text("ada@example.com") == "ada@example.com");
}

TEST_CASE("each detector can be turned off") {
  std::string const all = "4111111111111111 " + std::string{jwt} +
                          " Bearer abc123def456 AKIAIOSFODNN7EXAMPLE -----BEGIN PRIVATE KEY-----x a@b.cc";
  auto const left = [&](fapilog::redactors::value_detectors_config const& config) {
    redacted r{value_detectors{config}};
    return r.text(all);
  };
  fapilog::redactors::value_detectors_config off{
      .payment_card = false, .jwt = false, .bearer_tokens = false, .aws_keys = false, .private_keys = false};
  CHECK(left(off) == all);
  auto one = off;
  one.payment_card = true;
  CHECK_THAT(left(one), ContainsSubstring("[REDACTED:CARD] eyJ"));
  one = off;
  one.jwt = true;
  CHECK_THAT(left(one), ContainsSubstring("4111111111111111 [REDACTED:JWT] Bearer abc"));
  one = off;
  one.bearer_tokens = true;
  CHECK_THAT(left(one), ContainsSubstring("Bearer [REDACTED:TOKEN] AKIA"));
  one = off;
  one.aws_keys = true;
  CHECK_THAT(left(one), ContainsSubstring("abc123def456 [REDACTED:AWS_KEY] -----BEGIN"));
  one = off;
  one.private_keys = true;
  CHECK_THAT(left(one), ContainsSubstring("EXAMPLE [REDACTED:PRIVATE_KEY]"));
  one = off;
  one.email = true;
  CHECK_THAT(left(one), ContainsSubstring("KEY-----x [REDACTED:EMAIL]"));
}

TEST_CASE("detectors check keys, nested values, context, diagnostics and exceptions") {
  redacted r{value_detectors{}};
  json const log =
      r.log("m", {{"4111111111111111", {{"a", {{{"AKIAIOSFODNN7EXAMPLE", jwt}}}}}}}, {{"request_id", jwt}},
            {{"exception",
              {{"error.message", "no card 4111111111111111"}, {"error.cause", {{"error.message", jwt}}}}}});
  CHECK(log.at("data") == json{{"[REDACTED:CARD]", {{"a", {{{"[REDACTED:AWS_KEY]", "[REDACTED:JWT]"}}}}}}});
  CHECK(log.at("context").at("request_id") == "[REDACTED:JWT]");
  CHECK(log.at("diagnostics").at("exception").at("error.message") == "no card [REDACTED:CARD]");
  CHECK(log.at("diagnostics").at("exception").at("error.cause").at("error.message") == "[REDACTED:JWT]");
  json const twice = r.data({{"4111111111111111", 1}, {"4012888888881881", 2}});
  CHECK(twice.size() == 2);
  CHECK(r.count("fapilog_redacted_fields_total", "payment_card") == 4);
  CHECK(r.count("fapilog_redacted_fields_total", "jwt") == 3);
}

TEST_CASE("a secret is found at any position in a string of any length") {
  redacted r{value_detectors{{.email = true}}};
  for (std::string const& secret :
       {std::string{"4111111111111111"}, std::string{"AKIAIOSFODNN7EXAMPLE"}, std::string{jwt},
        std::string{"ada@example.com"}, std::string{"Bearer abc123def456"},
        std::string{"-----BEGIN PRIVATE KEY-----x-----END PRIVATE KEY-----"}}) {
    for (std::size_t before = 0; before < 45; ++before) {
      for (std::size_t const after : {0U, 1U, 7U, 16U, 31U}) {
        std::string const text = std::string(before, '.') + ' ' + secret + ' ' + std::string(after, '.');
        INFO(text);
        REQUIRE_THAT(r.text(text), !ContainsSubstring(secret.substr(secret.size() - 9)));
      }
    }
  }
}

TEST_CASE("detectors take linear time whatever the string contains") {
  redacted r{value_detectors{{.email = true}}};
  // In quadratic time these 500,000 characters would take longer than the timeout of the test.
  for (std::string const piece : {"eyJ",
                                  "eyJabcdefgh.",
                                  "eyJabcdefgh.eyJ.",
                                  "J",
                                  "bearer ",
                                  "basic+",
                                  "-----",
                                  "-----BEGIN ",
                                  "-----BEGIN PRIVATE KEY-----",
                                  "AKIA",
                                  "AKIAIOSFODNN7EXAMPLE ",
                                  "4",
                                  "41 ",
                                  "4 ",
                                  "4111111111111111 ",
                                  "4111 ",
                                  "a@b.",
                                  "a@b.cc ",
                                  "@a.",
                                  "xxxxxxxx@"}) {
    std::string text;
    while (text.size() < 500'000) text += piece;
    (void)r.text(text);
  }
}
