// SPDX-License-Identifier: MIT
// Precision and recall of the redactors of `production` and `hardened` on a corpus of secrets and innocent text.
#include "support/capture.hpp"
#include "support/catch.hpp"
#include "support/redacted.hpp"
#include "unit/stages/redactors/corpus/corpus.hpp"

#include <fapilog/fapilog.hpp>
#include <fapilog/stages/redactors/sets.hpp>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

using json = nlohmann::json;

namespace {

/// Appends all strings and keys of a value.
void add_strings(json const& v, std::string& all) {
  if (v.is_string()) all += v.get<std::string>() + '\0';
  if (v.is_number()) all += v.dump() + '\0';
  if (!v.is_structured()) return;
  for (auto const& item : v.items()) {
    if (v.is_object()) all += item.key() + '\0';
    add_strings(item.value(), all);
  }
}

/// True if a secret, or one of its words, is still there.
bool survives(std::string const& secret, std::string const& output) {
  std::size_t begin = 0;
  while (begin < secret.size()) {
    std::size_t end = secret.find_first_of(" \n", begin);
    if (end == secret.npos) end = secret.size();
    std::string const part = secret.substr(begin, end - begin);
    bool const is_label = part.size() < 3 || part.find("-----") != part.npos || part == "PRIVATE";
    if (!is_label && output.find(part) != output.npos) return true;
    begin = end + 1;
  }
  return false;
}

struct corpus_figures {
  std::size_t secrets = 0;
  std::size_t leaked = 0;
  std::size_t kept_aside_secrets = 0;
  std::size_t kept_aside_leaked = 0;
  std::size_t innocents = 0;
  std::size_t altered = 0;

  [[nodiscard]] double recall() const {
    return 1.0 - static_cast<double>(leaked) / static_cast<double>(secrets);
  }
  [[nodiscard]] double altered_share() const {
    return static_cast<double>(altered) / static_cast<double>(innocents);
  }
};

class corpus_measurement {
 public:
  explicit corpus_measurement(std::vector<fapilog::any_redactor> set) : redactor_(set.at(0)) {}

  corpus_figures run(char const* name) {
    corpus_figures f;
    std::map<std::string, std::pair<std::size_t, std::size_t>> kinds;
    bool const shows =
        std::getenv("FAPILOG_TEST_SHOW") != nullptr;  // lists what failed, without what is kept aside
    for (corpus::entry const& e : corpus::generator{20260127}.read("secrets.jsonl", 5)) {
      json const log = logged(e);
      std::string output;
      add_strings(log, output);
      bool leaks = false;
      for (std::string const& secret : e.secrets) leaks = leaks || survives(secret, output);
      ++f.secrets;
      f.kept_aside_secrets += e.is_kept_aside ? 1 : 0;
      ++kinds[e.kind].second;
      if (!leaks) continue;
      ++f.leaked;
      ++kinds[e.kind].first;
      f.kept_aside_leaked += e.is_kept_aside ? 1 : 0;
      if (shows && !e.is_kept_aside) std::printf("%s leaks: %s\n", name, e.logged.dump().c_str());
    }
    for (corpus::entry const& e : corpus::generator{20260128}.read("innocents.jsonl", 5)) {
      json const log = logged(e);
      ++f.innocents;
      bool const same = e.place == "m"   ? log.at("message") == e.logged
                        : e.place == "d" ? log.at("data") == e.logged
                        : e.place == "k" ? log.at("data").contains(e.logged.get<std::string>())
                                         : log.at("logger") == e.logged;
      if (same) continue;
      ++f.altered;
      if (shows && !e.is_kept_aside)
        std::printf("%s alters: %s\n  %s\n", name, e.logged.dump().c_str(), log.dump().c_str());
    }
    std::printf(
        "%s: recall %.4f (%zu of %zu leaked; kept aside %zu of %zu), innocents altered %.4f (%zu of %zu)\n",
        name, f.recall(), f.leaked, f.secrets, f.kept_aside_leaked, f.kept_aside_secrets, f.altered_share(),
        f.altered, f.innocents);
    for (auto const& [kind, count] : kinds) {
      if (count.first != 0) std::printf("  %s: %zu of %zu leaked\n", kind.c_str(), count.first, count.second);
    }
    return f;
  }

 private:
  json logged(corpus::entry const& e) {
    json const none = json::object();
    if (e.place == "m") return redactor_.log(e.logged, none);
    if (e.place == "d") return redactor_.log("m", e.logged);
    if (e.place == "k") return redactor_.log("m", {{e.logged.get<std::string>(), 1}});
    return redactor_.log("m", none, none, none, e.logged);
  }

  support::redacted redactor_;
};

}  // namespace

TEST_CASE("production and hardened find the secrets of the corpus and leave innocent text unchanged") {
  corpus_figures const production =
      corpus_measurement{fapilog::redactors::production_set()}.run("production");
  corpus_figures const hardened = corpus_measurement{fapilog::redactors::hardened_set()}.run("hardened");
  CHECK(production.secrets >= 1000);
  CHECK(production.innocents >= 1000);
  CHECK(production.recall() >= 0.94);
  CHECK(hardened.recall() >= 0.99);
  CHECK(production.altered_share() <= 0.001);
  CHECK(hardened.altered_share() <= 0.001);
}

TEST_CASE("keys and the logger's name that hold secrets are masked under both presets") {
  std::string const token = std::string{"gh"} + "p_" + "1a2B3c4D5e6F7g8H9i0J1k2L3m4N5o6P7q8R";
  for (auto const& set : {fapilog::redactors::production_set(), fapilog::redactors::hardened_set()}) {
    support::redacted r{set.at(0)};
    json const log = r.log("m", {{token, 1}, {"a", {{"password=hunter2", 2}}}, {"n", 3}}, {{token + "x", 1}},
                           json::object(), "tenant." + token);
    std::string output;
    add_strings(log, output);
    CHECK(output.find(token) == std::string::npos);
    CHECK(output.find("hunter2") == std::string::npos);
    CHECK(log.at("logger") == "tenant.[REDACTED:TOKEN]");
    CHECK(log.at("data").at("n") == 3);
  }
}

TEST_CASE("the values of named pairs and the arguments of flags are masked as typed fields") {
  support::redacted r{fapilog::redactors::production_set().at(0)};
  CHECK(r.data({{"Key", "password"}, {"Value", "x"}}) == json{{"Key", "password"}, {"Value", "***"}});
  CHECK(r.data({{"a", {{"VALUE", 1}, {"NAME", "api_key"}}}}) ==
        json{{"a", {{"VALUE", "***"}, {"NAME", "api_key"}}}});
  CHECK(r.data({{"a", {{"Name", "secret_name"}, {"Value", "x"}}}}) ==
        json{{"a", {{"Name", "secret_name"}, {"Value", "x"}}}});
  CHECK(r.named("argv", {"mysql", "-u", "root", "-phunter2", "--token", "x", "shop"}) ==
        json({"mysql", "-u", "root", "-p***", "--token", "***", "shop"}));
  CHECK(r.named("argv", {"tar", "-p", "x", "--password", "--verbose"}) ==
        json({"tar", "-p", "x", "--password", "--verbose"}));
}

TEST_CASE("under a runtime of each preset no secret of a call reaches the sink") {
  std::string const token = std::string{"sk_l"} + "ive_" + "4eC39HqLyjWDarjtT1zdp7dc";
  auto const check = [&](auto runtime) {
    auto const sink = std::make_shared<support::capture>();
    runtime(sink);
    std::string lines;
    for (auto const& line : sink->lines()) lines += line;
    CHECK(lines.find("hunter2") == std::string::npos);
    CHECK(lines.find(token) == std::string::npos);
    CHECK(lines.find("tool --password ***") != std::string::npos);
  };
  auto const log_all = [&](auto& rt) {
    rt.get_logger("shop." + token)
        .info("run {}", std::string{"tool --password hunter2"}, fapilog::kv("pw", "hunter2"),
              fapilog::kv("note", token), fapilog::kv(fapilog::dynamic_key("k " + token), 1),
              fapilog::kv("tokens", 512));
    (void)rt.drain(std::chrono::seconds{60});
  };
  check([&](auto const& sink) {
    fapilog::basic_runtime<fapilog::presets::production> rt{{.sinks = {sink}}};
    log_all(rt);
  });
  check([&](auto const& sink) {
    fapilog::basic_runtime<fapilog::presets::hardened> rt{{.sinks = {sink}}};
    log_all(rt);
  });
}

TEST_CASE("hostile strings take linear time under the rules of hardened") {
  support::redacted r{fapilog::redactors::hardened_set().at(0)};
  // In quadratic time these 500,000 characters would take longer than the timeout of the test.
  for (std::string const piece : {"name=password ",
                                  "name=\"password\"\n\n",
                                  "name=\"password\";",
                                  "key:password\\n\\n",
                                  "value:\"",
                                  "?sig=",
                                  "&sig=1a",
                                  "password:\n",
                                  "password:\n ",
                                  "password: |\n",
                                  "password=${",
                                  "password=[",
                                  "password=(",
                                  "password ",
                                  "password '",
                                  "<password>",
                                  "<password><![CDATA[",
                                  "<password a",
                                  "<a:a:a:",
                                  "pas",
                                  "password\",\"",
                                  " by ",
                                  "identified by ",
                                  "identified by '",
                                  " -p",
                                  "mysql -p ",
                                  "login -p",
                                  " -u a:",
                                  "--password ",
                                  "--password '-",
                                  "\"--password\",",
                                  "xoxb-",
                                  "sk-ant-",
                                  "sk-ant-sk",
                                  "glpat-aA1aA1aA1aA1aA1aA1.",
                                  "SG.aA1aA1aA1aA1aA1aA1aA1",
                                  "token 1a2b3c4d5e6f7a8b9",
                                  "1a2b3c4d5e6f7a8b9/",
                                  "aaaaaaaaaaaaaaaa.",
                                  "MTaaaaaaaaaaaaaaaaaaaaaa.aaaaaa.",
                                  "4111.",
                                  "4111/1111",
                                  "4111.1111.1111.1111",
                                  "1234,",
                                  "%3D",
                                  "a%3D",
                                  "%70assword%3D",
                                  "a:b@tcp(",
                                  "oracle:thin:a/b@",
                                  "ssh a@b.cc ",
                                  "//a@"}) {
    std::string text;
    while (text.size() < 500'000) text += piece;
    INFO(piece);
    CHECK_FALSE(r.text(text).empty());
  }
}
