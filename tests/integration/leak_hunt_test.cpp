// SPDX-License-Identifier: MIT
// Two hundred secrets of twenty kinds, planted wherever a log call can put one: none that the rules cover is written.
#include "support/catch.hpp"
#include "support/logged.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/stages/redactors/sets.hpp>

#include <cstddef>
#include <exception>
#include <functional>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using Catch::Matchers::ContainsSubstring;
using fapilog::dynamic_key;
using fapilog::kv;

namespace {

/// A value within `depth` objects.
struct nested {
  unsigned depth;
  std::string key;
  std::string value;
};
void to_log(fapilog::value_writer& writer, nested const& n) {
  writer.object([&](fapilog::object_writer& object) {
    if (n.depth == 0) {
      object.kv(dynamic_key{n.key}, n.value);
    } else {
      object.kv("inner", nested{n.depth - 1, n.key, n.value});
    }
  });
}

/// A secret that must not be written, and the text or the name by which it is recognised.
struct secret {
  std::string core;  ///< the part that must not be written
  std::string text;  ///< what is logged
  std::string name;  ///< empty: it is recognised by its text
};

struct secret_kind {
  std::string_view name;
  bool in_production;
  std::function<secret(std::size_t)> make;
};

std::string digits(std::size_t seed, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    all += static_cast<char>('0' + (seed >> 33) % 10);
  }
  return all;
}
std::string letters(std::size_t seed, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) {
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    all += "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"[(seed >> 33) % 56];
  }
  return all;
}
std::string card(std::size_t seed) {
  std::string const all = "4" + digits(seed, 14);
  for (char c = '0';; ++c) {
    if (fapilog::detail::is_card(all + c)) return all + c;
  }
}

std::vector<secret_kind> const& kinds() {
  static std::vector<secret_kind> const all{
      {"password", true,
       [](std::size_t i) {
         return secret{letters(i, 12), letters(i, 12), i % 2 == 0 ? "password" : "userPassword"};
       }},
      {"api key", true,
       [](std::size_t i) {
         return secret{letters(i, 24), letters(i, 24), i % 2 == 0 ? "api_key" : "X-Api-Key"};
       }},
      {"access token", true,
       [](std::size_t i) {
         return secret{letters(i, 30), letters(i, 30), i % 2 == 0 ? "accessToken" : "user_token"};
       }},
      {"session cookie", true,
       [](std::size_t i) {
         return secret{letters(i, 26), letters(i, 26), i % 2 == 0 ? "Set-Cookie" : "session_id"};
       }},
      {"pin", true,
       [](std::size_t i) {
         return secret{digits(i, 9), digits(i, 9), i % 2 == 0 ? "user.pin" : "pin_code"};
       }},
      {"client secret", true,
       [](std::size_t i) {
         return secret{letters(i, 20), letters(i, 20), "client_secret"};
       }},
      {"connection string", true,
       [](std::size_t i) {
         return secret{letters(i, 14), "db=" + letters(i, 14), "connectionString"};
       }},
      {"password in a URL", true,
       [](std::size_t i) {
         return secret{letters(i, 12), "https://ada:" + letters(i, 12) + "@host.example/x", ""};
       }},
      {"password in a DSN", true,
       [](std::size_t i) {
         return secret{letters(i, 12), "host=db user=app password=" + letters(i, 12) + " dbname=x", ""};
       }},
      {"token in a query", true,
       [](std::size_t i) {
         return secret{letters(i, 18), "GET /cb?state=1&access_token=" + letters(i, 18) + "&x=2", ""};
       }},
      {"password in JSON", true,
       [](std::size_t i) {
         return secret{letters(i, 12), R"({"user":"ada","password":")" + letters(i, 12) + R"(","n":1})", ""};
       }},
      {"header", true,
       [](std::size_t i) {
         return secret{letters(i, 20), "Authorization: Custom " + letters(i, 20), ""};
       }},
      {"card", false,
       [](std::size_t i) {
         return secret{card(i), "paid with " + card(i) + " today", ""};
       }},
      {"JSON web token", false,
       [](std::size_t i) {
         return secret{letters(i, 20),
                       "jwt eyJhbGciOiJIUzI1NiJ9.eyJ" + letters(i + 99, 20) + "." + letters(i, 20), ""};
       }},
      {"bearer", false,
       [](std::size_t i) {
         return secret{letters(i, 22), "sent Bearer " + letters(i, 22) + " along", ""};
       }},
      {"AWS key", false,
       [](std::size_t i) {
         return secret{digits(i, 16), "with AKIA" + digits(i, 16) + " signed", ""};
       }},
      {"e-mail", false,
       [](std::size_t i) {
         return secret{letters(i, 10), "mail to " + letters(i, 10) + "@example.com", ""};
       }},
      {"private key", false,
       [](std::size_t i) {
         return secret{letters(i, 40),
                       "-----BEGIN PRIVATE KEY-----\n" + letters(i, 40) + "\n-----END PRIVATE KEY-----", ""};
       }},
      {"health record", false,
       [](std::size_t i) {
         return secret{letters(i, 12), letters(i, 12), i % 2 == 0 ? "medical_record_number" : "patientName"};
       }},
      {"card holder data", false,
       [](std::size_t i) {
         return secret{digits(i, 11), digits(i, 11), i % 2 == 0 ? "cvv2" : "request_body"};
       }},
  };
  return all;
}

void log_exception(fapilog::logger const& log, std::string const& outer, std::string const& cause) {
  try {
    try {
      throw std::runtime_error{cause};
    } catch (...) {
      std::throw_with_nested(std::runtime_error{outer});
    }
  } catch (std::exception const& error) {
    log.error("failed", fapilog::caught(error));
  }
}

/// Puts a secret that is recognised by its text into one of ten places.
void plant_text(fapilog::logger const& log, secret const& s, std::size_t place) {
  switch (place) {
    case 0: return log.info("it says: {}", s.text);
    case 1: return log.info(fapilog::runtime_text{s.text});
    case 2: return log.info("x", kv("note", s.text));
    case 3: return log.info("x", kv("deep", nested{3, "note", s.text}));
    case 4: return log.info("x", kv("deep", nested{60, "note", s.text}));
    case 5: return log.info("x", kv("list", std::vector<std::vector<std::string>>{{"a", s.text}, {"b"}}));
    case 6:
      return log.info("x", kv("map", std::map<std::string, int>{{s.text, 1}}), kv(dynamic_key{s.text}, 2));
    case 7: return log_exception(log, s.text, "at all");
    case 8: {
      auto const scope = fapilog::scope(kv("note", s.text), kv("request_id", s.text));
      return log_exception(log, "at all", s.text);
    }
    default:
      return log.with(kv("note", s.text), kv("user_id", s.text)).info("x", fapilog::lazy("lazy", [&] {
                                                                        return s.text;
                                                                      }));
  }
}

/// Puts a secret that is recognised by its name into one of ten places.
void plant_named(fapilog::logger const& log, secret const& s, std::size_t place) {
  dynamic_key const key{s.name};
  switch (place) {
    case 0: return log.info("x", kv(key, s.text));
    case 1: return log.info("x", kv("deep", nested{1, s.name, s.text}));
    case 2: return log.info("x", kv("deep", nested{20, s.name, s.text}));
    case 3: return log.info("x", kv("deep", nested{61, s.name, s.text}));
    case 4:
      return log.info(
          "x", kv("list", std::vector<std::map<std::string, std::string>>{{{"a", "b"}}, {{s.name, s.text}}}),
          kv("headers", std::vector<std::pair<std::string, std::string>>{{"a", "b"}, {s.name, s.text}}));
    case 5: return log.info("x", kv(key, std::vector<std::string>{"a", s.text}));
    case 6: return log.info("x", kv(key, nested{2, "x", s.text}));
    case 7: {
      auto const scope = fapilog::scope(kv(key, s.text));
      return log.info("x");
    }
    case 8: return log.with(kv(key, s.text)).info("x");
    default:
      return log.info(
          "x",
          kv("map", std::map<std::string, std::map<std::string, std::string>>{{"m", {{s.name, s.text}}}}));
  }
}

struct planted {
  std::string_view kind;
  std::size_t place;
  secret what;
};

/// Logs ten secrets of each kind, and returns those that this set of rules covers.
std::vector<planted> plant_all(fapilog::logger const& log, bool production_only) {
  std::vector<planted> all;
  for (std::size_t k = 0; k < kinds().size(); ++k) {
    secret_kind const& kind = kinds()[k];
    if (production_only && !kind.in_production) continue;
    for (std::size_t place = 0; place < 10; ++place) {
      secret const s = kind.make(1000 * k + place);
      if (s.name.empty()) plant_text(log, s, place);
      else plant_named(log, s, place);
      all.push_back({kind.name, place, s});
    }
  }
  return all;
}

std::string everything(support::logged& test) {
  std::string all = test.diagnostics_text();
  for (std::string const& line : test.sink->lines()) all += line + '\n';
  return all;
}

std::size_t leaks(std::string const& text, std::vector<planted> const& all) {
  std::size_t found = 0;
  for (planted const& p : all) {
    if (text.find(p.what.core) == std::string::npos) continue;
    ++found;
    UNSCOPED_INFO(p.kind << " in place " << p.place << " leaks: " << p.what.core);
  }
  return found;
}

/// Values that are not secrets.
void log_harmless(fapilog::logger const& log) {
  log.info("user logged in", kv("user_id", 42), kv("author", "ada"),
           kv("expires_at", "2026-01-27T10:30:00Z"));
  log.info("took {} ms after {} tries", 12.5, 2, kv("order_id", 1769509800123456789), kv("token_count", 150));
  log.info("GET https://api.example.com:8080/v1/orders?page=2&author=x#top", kv("tokenizer", "bpe"),
           kv("passenger", 3));
  log.info("request 0190a5d2-ac96-774b-bcce-b302099a8011 done: status=200", kv("spinner", true),
           kv("pinned", false));
  log.warning("retry 3:4 of std::string at 10:30:00", kv("path", "C:\\logs\\app.log"), kv("email_count", 7));
  log.info("x", kv("monkey", nested{5, "keyboard", "compass"}), kv("sizes", std::vector<int>{1, 2, 3}),
           kv("ratio", 0.4111111111111111), kv("started", "2026-01-27 10:30:00.123456789"));
}

}  // namespace

TEST_CASE("two hundred planted secrets are all written without redactors") {
  support::logged test;
  auto const all = plant_all(test.log, false);
  CHECK(all.size() == 200);
  CHECK(kinds().size() == 20);
  std::string const text = everything(test);
  std::size_t seen = 0;
  for (planted const& p : all) {
    INFO(p.kind << " in place " << p.place);
    CHECK_THAT(text, ContainsSubstring(p.what.core));
    ++seen;
  }
  CHECK(seen == 200);
}

TEST_CASE("no planted secret that the rules of production cover is written") {
  support::logged test{{.redactors = fapilog::redactors::production_set()}};
  auto const all = plant_all(test.log, true);
  CHECK(all.size() == 120);
  CHECK(leaks(everything(test), all) == 0);
  CHECK(test.rt.counts().failed == 0);
  CHECK(test.records().size() == all.size());
}

TEST_CASE("none of two hundred planted secrets is written under the rules of hardened") {
  support::logged test{{.redactors = fapilog::redactors::hardened_set()}};
  auto const all = plant_all(test.log, false);
  CHECK(leaks(everything(test), all) == 0);
  CHECK(test.rt.counts().failed == 0);
  CHECK(test.records().size() == all.size());
}

TEST_CASE("no batch contains a secret, however often the same calls are made") {
  support::logged test{{.batch_max_size = 16, .redactors = fapilog::redactors::hardened_set()}};
  std::vector<planted> all;
  for (int round = 0; round < 5; ++round) all = plant_all(test.log, false);
  CHECK(leaks(everything(test), all) == 0);
}

TEST_CASE("values that are not secrets stay unchanged under every set of rules") {
  support::logged plain;
  log_harmless(plain.log);
  auto const wanted = plain.records();
  for (auto const& set : {fapilog::redactors::production_set(), fapilog::redactors::hardened_set()}) {
    support::logged test{{.redactors = set}};
    log_harmless(test.log);
    auto const found = test.records();
    REQUIRE(found.size() == wanted.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      CHECK(found[i].at("message") == wanted[i].at("message"));
      CHECK(found[i].at("data") == wanted[i].at("data"));
      CHECK(found[i].at("diagnostics") == wanted[i].at("diagnostics"));
    }
  }
}
