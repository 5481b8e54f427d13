// SPDX-License-Identifier: MIT
// Sensitive names: which are found, and which are not.
#include "support/catch.hpp"
#include "support/redacted.hpp"

#include <fapilog/stages/redactors/by_name.hpp>

#include <stdexcept>
#include <string>

using Catch::Matchers::ContainsSubstring;
using fapilog::redactors::by_name;
using fapilog::redactors::by_name_config;
using json = nlohmann::json;
using support::redacted;

namespace {

bool masks(redacted& r, std::string const& key, json const& value = "secret") {
  return r.named(key, value) == "***";
}

}  // namespace

TEST_CASE("credentials are found by the words of a name, however it is written") {
  redacted r{by_name{}};
  for (auto const* const key : {"password",
                                "Password",
                                "PASSWORD",
                                "user_password",
                                "userPassword",
                                "passwordHash",
                                "password1",
                                "passwords",
                                "new-password",
                                "PGPASSWORD",
                                "dbpassword",
                                "mysql_passwd",
                                "pwd",
                                "pass",
                                "db_pass",
                                "dbPass",
                                "passphrase",
                                "token",
                                "user_token",
                                "userToken",
                                "X-Auth-Token",
                                "x.auth.token",
                                "usertoken",
                                "access_token",
                                "accessToken",
                                "refreshTokens",
                                "token_2",
                                "TOKEN",
                                "id_token",
                                "api_key",
                                "apiKey",
                                "APIKey",
                                "APIkey",
                                "apikey",
                                "userpw",
                                "psw",
                                "pass_code",
                                "unlock_code",
                                "code_verifier",
                                "snmp_community",
                                "kerberos_ticket",
                                "access_tok",
                                "auth_tkn",
                                "oauth_verifier",
                                "twilio_auth",
                                "connect.sid",
                                "slack_webhook",
                                "preshared_key",
                                "cert_key",
                                "x-api-key",
                                "secret",
                                "clientSecret",
                                "client_secret",
                                "secrets",
                                "private_key",
                                "privatekey",
                                "rsaPrivateKey",
                                "authorization",
                                "Authorization",
                                "proxy-authorization",
                                "auth",
                                "auth_header",
                                "cookie",
                                "Set-Cookie",
                                "session_id",
                                "sessionId",
                                "JSESSIONID",
                                "PHPSESSID",
                                "sid",
                                "user.pin",
                                "pin",
                                "pin_code",
                                "otp",
                                "totp",
                                "connection_string",
                                "connectionString",
                                "ConnStr",
                                "dsn",
                                "DATABASE_URL",
                                "jwt",
                                "bearer",
                                "credentials",
                                "aws_secret_access_key",
                                "awsSecretAccessKey",
                                "access_key",
                                "encryption_key",
                                "signingKey",
                                "ssh_key",
                                "passwort",
                                "contrase\u00F1a",
                                "csrf_token",
                                "seed_phrase",
                                "kubeconfig",
                                "oauth2Token",
                                "2fa_code"}) {
    INFO(key);
    CHECK(masks(r, key));
  }
}

TEST_CASE("names that only look similar stay") {
  redacted r{by_name{}};
  for (auto const* const key :
       {"author",      "authority",    "authored_by",     "expires_at", "tokenizer",   "tokenize",
        "passenger",   "pinned",       "spinner",         "pinning",    "pinterest",   "secretary",
        "secretariat", "passwordless", "passport_office", "compass",    "bypass",      "test_pass",
        "pass_rate",   "keyboard",     "monkey",          "key",        "primary_key", "foreign_key",
        "public_key",  "cache_key",    "host_key",        "sidebar",    "side",        "inside",
        "opinion",     "shopping",     "mapping_in",      "authors",    "username",    "user_id",
        "request_id",  "trace_id",     "session",         "sessions",   "signature",   "email_count",
        "opt",         "option",       "cookbook",        "message",    "status",      "url",
        "path",        "method",       "bearing",         "credit",     "accredited",  "description",
        "secret_arn",  "community",    "preshared",       "webhook",    "verifier",    "tokyo"}) {
    INFO(key);
    CHECK_FALSE(masks(r, key));
  }
}

TEST_CASE("names are found at any depth, in lists too, and across the keys of a path") {
  redacted r{by_name{by_name_config{.presets = {"CREDENTIALS", "PCI_DSS"}}}};
  CHECK(r.data({{"a", {{"b", {{"c", {{"password", "x"}}}}}}}}) ==
        json{{"a", {{"b", {{"c", {{"password", "***"}}}}}}}});
  CHECK(r.data({{"users", {{{"name", "ada"}, {"token", "x"}}, {{"name", "bob"}, {"token", "y"}}}}}) ==
        json{{"users", {{{"name", "ada"}, {"token", "***"}}, {{"name", "bob"}, {"token", "***"}}}}});
  CHECK(r.data({{"m", json::array({json::array({json{{"pin", 1234}}})})}}) ==
        json{{"m", json::array({json::array({json{{"pin", "***"}}})})}});
  CHECK(r.data({{"api", {{"key", "x"}, {"key_of_cache", "y"}}}}) ==
        json{{"api", {{"key", "***"}, {"key_of_cache", "y"}}}});
  CHECK(r.data({{"bank", {{"account", {{"number", 1}}}}}}) == json{{"bank", {{"account", "***"}}}});
  CHECK(r.data({{"acct", {{"number", 1}, {"number_of_users", 2}}}}) ==
        json{{"acct", {{"number", "***"}, {"number_of_users", 2}}}});
}

TEST_CASE("pairs in a list, and objects with a name and a value, count as members with that name") {
  redacted r{by_name{}};
  auto const pair = [](json const& a, json const& b) { return json::array({a, b}); };
  CHECK(r.named("headers", json::array({pair("Authorization", "Bearer x"), pair("Host", "h"),
                                        pair("X-Api-Key", {1, 2})})) ==
        json::array({pair("Authorization", "***"), pair("Host", "h"), pair("X-Api-Key", "***")}));
  CHECK(r.data({{"headers", {{{"name", "Cookie"}, {"value", "a=b"}}, {{"name", "Host"}, {"value", "h"}}}}}) ==
        json{{"headers", {{{"name", "Cookie"}, {"value", "***"}}, {{"name", "Host"}, {"value", "h"}}}}});
  CHECK(r.named("setting", {{"key", "db_password"}, {"value", 1}, {"n", 2}}) ==
        json{{"key", "db_password"}, {"value", "***"}, {"n", 2}});
  CHECK(r.named("setting", {{"key", "db_password"}, {"value", nullptr}}) ==
        json{{"key", "db_password"}, {"value", nullptr}});
  // Not every list of two is a pair.
  CHECK(r.named("missing", pair("password", "email")) == pair("password", "email"));
  CHECK(r.named("m", json::array({pair("a", json{{"password", "y"}})})) ==
        json::array({pair("a", json{{"password", "***"}})}));
  json deep = "hunter2";
  for (int i = 0; i < 200; ++i) deep = json::array({pair("a", deep)});
  CHECK_THAT(r.named("deep", deep).dump(), !ContainsSubstring("hunter2") && ContainsSubstring("TOO_DEEP"));
}

TEST_CASE("a covered container is replaced as a whole, null stays") {
  redacted r{by_name{}};
  CHECK(r.named("credentials", {{"user", "ada"}, {"key", "x"}}) == "***");
  CHECK(r.named("tokens", {"a", "b"}) == "***");
  CHECK(r.named("password", nullptr).is_null());
  CHECK(r.named("password", 12345) == "***");
  CHECK(r.named("password", true) == "***");
  CHECK(r.named("password", "") == "***");
}

TEST_CASE("numbers and booleans stay if their name says that they are a measure, strings do not") {
  redacted r{by_name{by_name_config{.presets = {"CREDENTIALS", "CONTACT_INFO"}}}};
  for (auto const* const key :
       {"token_count", "password_length", "emailCount", "email_count", "pin_attempts", "token_expires_in",
        "tokenTtlSeconds", "max_tokens", "total_tokens", "prompt_tokens", "has_token", "isPasswordExpired",
        "password_changed", "cookies"}) {
    INFO(key);
    CHECK(r.named(key, 3) == 3);
    CHECK(r.named(key, true) == true);
    CHECK(r.named(key, "text") == "***");
    CHECK(r.named(key, {1, 2}) == "***");
  }
  CHECK(r.named("pin", 3) == "***");
  CHECK(r.named("token_value", 3) == "***");
  CHECK(r.named("token_number", 3) == "***");
}

TEST_CASE("each preset covers the names of its purpose") {
  auto const found = [](std::string const& preset, std::string const& key) {
    redacted r{by_name{by_name_config{.presets = {preset}}}};
    return masks(r, key);
  };
  CHECK(found("CONTACT_INFO", "customerEmail"));
  CHECK(found("CONTACT_INFO", "phone_number"));
  CHECK(found("CONTACT_INFO", "shipping_address"));
  CHECK(found("PERSONAL_IDENTIFIERS", "firstName"));
  CHECK(found("PERSONAL_IDENTIFIERS", "date_of_birth"));
  CHECK(found("ONLINE_IDENTIFIERS", "client_ip"));
  CHECK(found("ONLINE_IDENTIFIERS", "ip"));
  CHECK(found("ONLINE_IDENTIFIERS", "X-Forwarded-For"));
  CHECK(found("FINANCIAL_IDENTIFIERS", "iban"));
  CHECK(found("US_GOVERNMENT_IDS", "ssn"));
  CHECK(found("US_GOVERNMENT_IDS", "ssn_last4"));
  CHECK(found("US_GOVERNMENT_IDS", "userSSN"));
  CHECK(found("UK_GOVERNMENT_IDS", "nhs_number"));
  CHECK(found("EU_GOVERNMENT_IDS", "codiceFiscale"));
  CHECK(found("GDPR_PII", "trade_union"));
  CHECK(found("GDPR_PII", "last_name"));
  CHECK(found("GDPR_PII_UK", "national_insurance_number"));
  CHECK(found("GDPR_PII_UK", "steuer_id"));
  CHECK(found("CCPA_PII", "browsingHistory"));
  CHECK(found("HIPAA_PHI", "medical_record_number"));
  CHECK(found("HIPAA_PHI", "mrn"));
  CHECK(found("HIPAA_PHI", "patientName"));
  CHECK(found("HIPAA_PHI", "diagnosis_code"));
  for (auto const* const key :
       {"card_number", "cardNumber", "creditCard", "cvv", "cvv2", "cvc", "pan", "pin", "iban",
        "account_number", "track2", "cardholder_name", "card_expiry", "card", "security_code"}) {
    INFO(key);
    CHECK(found("PCI_DSS", key));
  }
  CHECK_FALSE(found("PCI_DSS", "card_type"));
  CHECK_FALSE(found("PCI_DSS", "expand"));
  CHECK_FALSE(found("PCI_DSS", "span"));
  CHECK_FALSE(found("ONLINE_IDENTIFIERS", "zip"));
  CHECK_FALSE(found("ONLINE_IDENTIFIERS", "description"));
  CHECK_FALSE(found("CONTACT_INFO", "microphone"));
  CHECK_FALSE(found("HIPAA_PHI", "patience"));
}

TEST_CASE("further names and allowed paths can be configured") {
  redacted r{by_name{by_name_config{.presets = {"CREDENTIALS"},
                                    .names = {"badge number", "*fluff", "^exact$", "tail$"},
                                    .allowed_fields = {"data.csrf_token", "pin"}}}};
  CHECK(masks(r, "badgeNumber"));
  CHECK(masks(r, "old_badge_number_2"));
  CHECK_FALSE(masks(r, "badge"));
  CHECK(masks(r, "dogfluff"));
  CHECK(masks(r, "exact"));
  CHECK_FALSE(masks(r, "not_exact"));
  CHECK(masks(r, "long_tail"));
  CHECK_FALSE(masks(r, "tail_light"));
  CHECK(r.named("csrf_token") == "secret");
  CHECK(r.data({{"gpio", {{"pin", 13}}}}) == json{{"gpio", {{"pin", 13}}}});
  CHECK(masks(r, "password"));
}

TEST_CASE("context and diagnostics are checked, and members that the envelope adds stay") {
  redacted r{by_name{by_name_config{.presets = {"CREDENTIALS", "HIPAA_PHI", "PCI_DSS"}}}};
  json const log = r.log("hello", {{"a", 1}}, {{"user_id", "u1"}, {"trace_id", "t1"}, {"api_key", "x"}},
                         {{"service", "billing"}, {"host", "h"}, {"pid", 4}, {"secret", {{"a", 1}}}});
  CHECK(log.at("context").at("user_id") == "u1");
  CHECK(log.at("context").at("trace_id") == "t1");
  CHECK(log.at("context").at("api_key") == "***");
  CHECK(log.at("diagnostics") ==
        json{{"origin", "native"}, {"service", "billing"}, {"host", "h"}, {"pid", 4}, {"secret", "***"}});
  CHECK(log.at("message") == "hello");
}

TEST_CASE("invalid configurations of by_name are refused with a message") {
  CHECK_THROWS_WITH((by_name{by_name_config{.presets = {"NOTHING"}}}),
                    ContainsSubstring("there is no redaction preset 'NOTHING'; valid presets: CONTACT_INFO"));
  CHECK_THROWS_WITH((by_name{by_name_config{.names = {"--"}}}), ContainsSubstring("name '--' has no word"));
  CHECK_THROWS_WITH((by_name{by_name_config{.allowed_fields = {"a..b"}}}),
                    ContainsSubstring("path 'a..b' is not valid"));
}

TEST_CASE("redactions by name are counted, and a copy has its own count") {
  redacted r{by_name{}};
  (void)r.data({{"password", "a"}, {"token", "b"}, {"x", 1}});
  CHECK(r.count("fapilog_redacted_fields_total", "by_name") == 2);
  redacted copy{r.redactor()};
  CHECK(copy.count("fapilog_redacted_fields_total", "by_name") == 0);
  CHECK(masks(copy, "password"));
  CHECK(copy.count("fapilog_redacted_fields_total", "by_name") == 1);
  CHECK(r.redactor().base().name() == "by_name");
}
