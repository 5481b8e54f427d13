// SPDX-License-Identifier: MIT
// Splitting of names into words.
#include "support/catch.hpp"

#include <fapilog/detail/text/name_words.hpp>

#include <string>
#include <string_view>
#include <vector>

using fapilog::detail::word_cut;

namespace {

std::string words(std::string_view name, word_cut cut = word_cut::at_case) {
  std::vector<std::string> all;
  fapilog::detail::add_words(name, cut, all);
  std::string text;
  for (std::string const& word : all) text += (text.empty() ? "" : " ") + word;
  return text;
}

}  // namespace

TEST_CASE("splits a name at punctuation, at digits and where capitals begin") {
  CHECK(words("user_token") == "user token");
  CHECK(words("X-Auth-Token") == "x auth token");
  CHECK(words("user.pin") == "user pin");
  CHECK(words("userToken") == "user token");
  CHECK(words("APIKey") == "api key");
  CHECK(words("userID") == "user id");
  CHECK(words("ssnLast4") == "ssn last 4");
  CHECK(words("oauth2Token") == "oauth 2 token");
  CHECK(words("__a--b..") == "a b");
  CHECK(words("HTTPServer2URL") == "http server 2 url");
  CHECK(words("tokenizer") == "tokenizer");
  CHECK(words("contrase\xC3\xB1"
              "a") ==
        "contrase\xC3\xB1"
        "a");
  CHECK(words("").empty());
  CHECK(words("***").empty());
}

TEST_CASE("capitals begin no word if a name is split at punctuation only") {
  CHECK(words("APIkey", word_cut::by_signs) == "apikey");
  CHECK(words("PassWord_2", word_cut::by_signs) == "password 2");
}

TEST_CASE("joined names do not depend on how their words are combined") {
  for (auto const* const name :
       {"request_body", "requestBody", "Request-Body", "REQUEST.BODY", "requestbody"}) {
    CHECK(fapilog::detail::joined_name(name) == "requestbody");
  }
}
