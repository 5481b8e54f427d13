// SPDX-License-Identifier: MIT
// Credentials in URLs, in connection strings and in values that a string names.
#include "support/catch.hpp"
#include "support/logged.hpp"
#include "support/redacted.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/stages/redactors/url_credentials.hpp>

#include <initializer_list>
#include <random>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>

using Catch::Matchers::ContainsSubstring;
using fapilog::kv;
using fapilog::redactors::url_credentials;
using json = nlohmann::json;
using support::redacted;

TEST_CASE("user and password are removed from URLs of any scheme, and from those without one") {
  redacted r{url_credentials{}};
  for (auto const& [before, after] : std::initializer_list<std::pair<char const*, char const*>>{
           {"https://user:pass@host/path", "https://host/path"},
           {"https://user:pass@host:8080/path?x=1#f", "https://host:8080/path?x=1#f"},
           {"postgresql://u:p@db.internal:5432/app", "postgresql://db.internal:5432/app"},
           {"mongodb+srv://u:p@cluster0.example/db", "mongodb+srv://cluster0.example/db"},
           {"redis://:secret@cache:6379/0", "redis://cache:6379/0"},
           {"git+ssh://git:pw@host/repo", "git+ssh://host/repo"},
           {"HTTPS://U:P@HOST", "HTTPS://HOST"},
           {"my-own.scheme://a:b@c", "my-own.scheme://c"},
           {"//user:pass@host/x", "//host/x"},
           {"https://token@host", "https://host"},
           {"https://user:p%40ss@host", "https://host"},
           {"https://user:p@ss@host", "https://host"},
           {"https://user:pa/ss@host/x", "https://host/x"},
           {"https://user:pa?ss#x@host/x", "https://host/x"},
           {"https://user:p@s/s@host/x@y", "https://s/s@host/x@y"},
           {"ftp://u:p@[::1]:21/x", "ftp://[::1]:21/x"},
           {"https:\\/\\/user:pass@host\\/x", "https:\\/\\/host\\/x"},
           {"u://a:b@c v://d:e@f", "u://c v://f"},
           {"x//u:p@h//v:q@i", "x//h//i"},
       }) {
    INFO(before);
    CHECK(r.text(before) == after);
    CHECK(r.message(before) == after);
  }
}

TEST_CASE("URLs are found within a string and in the message") {
  redacted r{url_credentials{}};
  CHECK(r.message("cannot reach postgres://app:hunter2@db:5432/x, trying http://u:p@[::1]/ now") ==
        "cannot reach postgres://db:5432/x, trying http://[::1]/ now");
  CHECK(r.text("see <a href=\"https://u:p@h/\">this</a> or mail me@example.com") ==
        "see <a href=\"https://h/\">this</a> or mail me@example.com");
  CHECK(r.text(R"({"url":"amqp://u:p@h","mail":"a@b.c"})") == R"({"url":"amqp://h","mail":"a@b.c"})");
}

TEST_CASE("what only looks like credentials stays") {
  redacted r{url_credentials{}};
  for (auto const* const text : {"https://host/path",
                                 "https://host:8080/path",
                                 "https://medium.example/@ada",
                                 "https://host:8080/@scope/pkg@1.2",
                                 "ssh://git@host/repo",
                                 "git+ssh://git@host/repo",
                                 "https://host/x?mail=a@b.c",
                                 "mail ada@example.com // or bob@example.com",
                                 "docker://repo:5000/image@sha256:abc",
                                 "http://[::1]:8080/a@b",
                                 "a // b @ c",
                                 "12:30:00",
                                 "std::string name",
                                 "C:\\path",
                                 "user@host",
                                 "@",
                                 "//",
                                 "://",
                                 "ratio 3:4",
                                 "a == b",
                                 "x => y",
                                 "key: value",
                                 "author=ada",
                                 "expires_at: tomorrow",
                                 "tokenizer=bpe",
                                 "status=200 in 12 ms",
                                 "token_count=15",
                                 "max_tokens: 4096",
                                 "password_length = 12"}) {
    INFO(text);
    CHECK(r.text(text) == text);
  }
}

TEST_CASE("values that a string names as a credential are masked") {
  redacted r{url_credentials{}};
  for (auto const& [before, after] : std::initializer_list<std::pair<char const*, char const*>>{
           {"password=hunter2", "password=***"},
           {"host=db user=app password=hunter2 dbname=x", "host=db user=app password=*** dbname=x"},
           {"host=db password='hun ter\\'2' dbname=x", "host=db password='***' dbname=x"},
           {"Server=db;User Id=sa;Password=hun ter2;Timeout=3",
            "Server=db;User Id=sa;Password=***;Timeout=3"},
           {"Server=db;Pwd=hunter2", "Server=db;Pwd=***"},
           {"https://h/x?access_token=abc&page=2", "https://h/x?access_token=***&page=2"},
           {"https://h/x?page=2&api_key=abc#top", "https://h/x?page=2&api_key=***"},
           {"https://h/cb?user%5Bpassword%5D=abc&x=1", "https://h/cb?user%5Bpassword%5D=***&x=1"},
           {"user[password]=abc", "user[password]=***"},
           {"login with password: hunter2 failed", "login with password: *** failed"},
           {R"({"user":"ada","password":"hun ter2","n":1})", R"({"user":"ada","password":"***","n":1})"},
           {R"({"user":"ada","password":"hun\"ter2"})", R"({"user":"ada","password":"***"})"},
           {R"({"pin":1234,"n":1})", R"({"pin":***,"n":1})"},
           {R"({"token": null, "pin" : 12})", R"({"token": null, "pin" : ***})"},
           {R"({"secrets":{"a":"x","b":["y"]},"n":1})", R"({"secrets":***,"n":1})"},
           {R"({\"password\":\"hunter2\",\"n\":1})", R"({\"password\":\"***\",\"n\":1})"},
           {R"({\"password\":\"hun\\\"ter2\",\"n\":1})", R"({\"password\":\"***\",\"n\":1})"},
           {"{'password': 'hunter2', 'n': 1}", "{'password': '***', 'n': 1}"},
           {"d['password'] = 'hunter2'", "d['password'] = '***'"},
           {":password => \"hunter2\"", ":password => \"***\""},
           {"password := hunter2", "password := ***"},
           {"password==hunter2", "password==***"},
           {"connect(user=a, password=b,c)", "connect(user=a, password=***)"},
           {"password=g;}$4Z, host=b", "password=***, host=b"},
           {"password=a'],b;c host=b", "password=*** host=b"},
           {"f(password=abc),x=1", "f(password=***),x=1"},
           {"Authorization: Bearer abc.def", "Authorization: ***"},
           {"Cookie: a=b; session=\"x\"; c=d\nHost: x", "Cookie: ***\nHost: x"},
           {"curl -H \"Authorization: Basic YTpi\" https://h", "curl -H \"Authorization: ***\" https://h"},
           {"X-Api-Key: abc123 sent", "X-Api-Key: *** sent"},
           {"API key: abc123", "API key: ***"},
           {"secret key = abc", "secret key = ***"},
           {"token=Bearer abc123", "token=***"},
           {"token: 8f3ab91c", "token: ***"},
           {"--token=abc", "--token=***"},
           {"PGPASSWORD=hunter2 psql", "PGPASSWORD=*** psql"},
           {"userPassword=\"x", "userPassword=\"***"},
           {"<user><pin>1234</pin></user>", "<user><pin>***</pin></user>"},
           {"<ns:Token>abc</ns:Token>", "<ns:Token>***</ns:Token>"},
           {"<apiKey kind=\"x\">ab c</apiKey>", "<apiKey kind=\"x\">***</apiKey>"},
           {"<secret><![CDATA[a<b]]></secret>", "<secret><![CDATA[***]]></secret>"},
           {"<password>hunter2", "<password>***"},
           {"<Password value=\"hunter2\"/>", "<Password value=\"***\"/>"},
           {"<property name=\"db.password\">hunter2</property>",
            "<property name=\"db.password\">***</property>"},
           {"<setting name=\"ApiKey\"><value>hunter2</value></setting>",
            "<setting name=\"ApiKey\"><value>***</value></setting>"},
           {"<key>Password</key>\n<string>hunter2</string>", "<key>Password</key>\n<string>***</string>"},
           {"<meta name=\"csrf-token\" content=\"hunter2\">", "<meta name=\"csrf-token\" content=\"***\">"},
           {R"({"variable":"DB_PASSWORD","content":"hunter2"})",
            R"({"variable":"DB_PASSWORD","content":"***"})"},
           {"password[]=hunter2", "password[]=***"},
           {"authorization: ApiKey hunter2", "authorization: ***"},
           {"snmpwalk -v2c -c hunter2 host", "snmpwalk -v2c -c *** host"},
           {"openssl enc -k hunter2", "openssl enc -k ***"},
       }) {
    INFO(before);
    CHECK(r.text(before) == after);
  }
}

TEST_CASE("prose about tokens stays") {
  redacted r{url_credentials{}};
  for (auto const* const text :
       {"invalid token: unexpected end", "token: expired", "pin: wrong", "secret: unknown",
        "token for ada: expired", "password", "no password given", "api key: missing", "the pass: fail",
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-a1b2c3"}) {
    INFO(text);
    CHECK(r.text(text) == text);
  }
}

TEST_CASE("elements without a secret stay") {
  redacted r{url_credentials{}};
  for (auto const* const text : {"<token>expired</token>",
                                 "<token_count>12</token_count>",
                                 "<token_type>Bearer1</token_type>",
                                 "<password></password>",
                                 "<password> </password>",
                                 "<password/>",
                                 "<password",
                                 "<token> <name>",
                                 "usage: login <user> <password> [options]",
                                 "vector<password>::iterator",
                                 "map<secret>(x)",
                                 "<passwords><entry/></passwords>",
                                 "<author>ada</author>",
                                 "<key>Title</key><string>x</string>",
                                 "<entry key=\"title\">x</entry>",
                                 "<entry key=\"password\"/><b>x</b>",
                                 "<key>password</key><string></string>",
                                 "<key>password",
                                 "<key>password</key>",
                                 "<password value=\"${X}\"/>"}) {
    INFO(text);
    CHECK(r.text(text) == text);
  }
}

TEST_CASE("without keywords only URLs are checked") {
  redacted r{url_credentials{{.keywords = false}}};
  CHECK(r.text("password=x https://u:p@h") == "password=x https://h");
}

TEST_CASE("a string above the limit never passes unchecked") {
  redacted r{url_credentials{{.max_string_length = 100}}};
  std::string const exactly = std::string(90, 'x') + " //u:p@hos";
  CHECK(exactly.size() == 100);
  CHECK(r.text(exactly) == std::string(90, 'x') + " //hos");
  CHECK(r.text(exactly + "t") == "[REDACTED:TOO_LONG]");
  CHECK(r.text(std::string(101, 'x')) == "[REDACTED:TOO_LONG]");
  CHECK(r.message(std::string(101, 'x')) == "[REDACTED:TOO_LONG]");
  CHECK(r.data({{std::string(101, 'k'), 1}}) == json{{"[REDACTED:TOO_LONG]", 1}});
  CHECK(r.count("fapilog_redacted_fields_total", "too_long") == 4);
  CHECK_THROWS_WITH((url_credentials{{.max_string_length = 63}}),
                    ContainsSubstring("url_credentials.max_string_length: 63 is out of range (64 or more)"));
}

TEST_CASE("keys, nested values, bytes, context, diagnostics and the logger's name are checked") {
  redacted r{url_credentials{}};
  json const log = r.log("m", {{"https://u:p@h/", {{"a", {"//u:p@h"}}}}}, {{"request_id", "//u:p@h"}},
                         {{"exception", {{"error.message", "no route to //u:p@h"}}}});
  CHECK(log.at("data") == json{{"https://h/", {{"a", {"//h"}}}}});
  CHECK(log.at("context").at("request_id") == "//h");
  CHECK(log.at("diagnostics").at("exception").at("error.message") == "no route to //h");

  support::logged test{{.redactors = {url_credentials{}}}};
  auto const log_of = test.rt.get_logger("https://u:p@h");
  std::string const url = "https://u:p@h";
  log_of.info("x", kv("raw", std::as_bytes(std::span{url})));
  CHECK(test.last().at("logger") == "https://h");
  CHECK(test.data().at("raw") == "[REDACTED:BYTES]");
}

TEST_CASE("keys that become equal without their secrets get different numbers") {
  redacted r{url_credentials{}};
  json const data =
      r.data({{"//a:1@h", 1}, {"//b:2@h", 2}, {"//h", 3}, {"m", {{"//a:1@h", 4}, {"//b:2@h", 5}}}});
  CHECK(data.size() == 4);
  CHECK(data.at("m").size() == 2);
  CHECK_THAT(data.dump(), !ContainsSubstring("a:1") && !ContainsSubstring("b:2"));
}

TEST_CASE("redacting twice has the effect of redacting once") {
  redacted r{url_credentials{}};
  for (auto const* const text : {"https://u:p@h password=x \"token\":\"y\"", "Cookie: a=b", "a//b:c@d//e:f@g",
                                 "password=a,b;c=d&e=f password='x' d['pin']=1"}) {
    std::string const once = r.text(text);
    CHECK(r.text(once) == once);
  }
}

TEST_CASE("a quoted value is masked as a whole, whatever it contains, also in nested JSON") {
  std::mt19937 random{7};
  redacted r{url_credentials{}};
  auto const some = [&](std::size_t most) {
    std::string text;
    for (std::size_t size = random() % most; size != 0; --size)
      text += static_cast<char>(' ' + random() % 95);
    return text;
  };
  for (int i = 0; i < 20'000; ++i) {
    std::string const secret = some(8) + "hunter2" + some(8);
    json inner{{"a", some(6)}, {"password", secret}, {"z", 1}};
    std::string text = inner.dump();
    for (unsigned depth = random() % 4; depth != 0; --depth) text = json{{"x", text}}.dump();
    INFO(text);
    REQUIRE_THAT(r.text(text), !ContainsSubstring("hunter2"));
    std::string quoted = secret;
    std::erase(quoted, '\'');
    std::erase(quoted, '\\');
    REQUIRE(r.text("host=db password='" + quoted + "' dbname=x") == "host=db password='***' dbname=x");
  }
}

TEST_CASE("long strings of punctuation take linear time") {
  redacted r{url_credentials{}};
  // In quadratic time these 500,000 characters would take longer than the timeout of the test.
  for (std::string const piece : {"//",          "//a",         "//a:b",       "/",
                                  "@",           "//@",         ":",           "=",
                                  "a:",          "password:",   "password=\"", "token: ",
                                  "a=a;",        "password=a,", "\\",          "password=\\\"",
                                  "{",           "password={",  "\"",          " ",
                                  "password= ",  "api key: ",   "[",           "x]=",
                                  "password=b&", "//a:b/"}) {
    std::string text;
    while (text.size() < 500'000) text += piece;
    (void)r.text(text);
  }
}
