// SPDX-License-Identifier: MIT
// The HTTP sink beside a loop that makes the same lines with fmt, each with its time, its id and escaped strings, and sends them with
// libcurl in requests of the same size, over one connection each: bench_http_sink URL [RECORDS [REPETITIONS]]. Prints medians and
// their ratios. http_sink.sh starts a server and runs it.
#include "beside_client.hpp"

#include <fapilog/sinks/http.hpp>

#include <curl/curl.h>

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <string>

namespace {

constexpr std::size_t lines_in_request = 500;

std::size_t ignore(char*, std::size_t size, std::size_t count, void*) { return size * count; }

bench::cost by_libcurl(std::string const& url, std::size_t records) {
  bench::meter const time;
  std::unique_ptr<CURL, decltype(&::curl_easy_cleanup)> const handle{::curl_easy_init(),
                                                                     &::curl_easy_cleanup};
  std::unique_ptr<curl_slist, decltype(&::curl_slist_free_all)> const headers{
      ::curl_slist_append(nullptr, "Content-Type: application/json"), &::curl_slist_free_all};
  ::curl_easy_setopt(handle.get(), CURLOPT_URL, url.c_str());
  ::curl_easy_setopt(handle.get(), CURLOPT_HTTPHEADER, headers.get());
  ::curl_easy_setopt(handle.get(), CURLOPT_WRITEFUNCTION, &ignore);
  ::curl_easy_setopt(handle.get(), CURLOPT_POST, 1L);
  std::string body;
  bench::plain_content content;
  for (std::size_t i = 0; i < records;) {
    body = "[";
    for (std::size_t in_body = 0; in_body < lines_in_request && i < records; ++in_body, ++i) {
      if (in_body != 0) body += ',';
      bench::append_line(body, content, i);
    }
    body += ']';
    ::curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDS, body.data());
    ::curl_easy_setopt(handle.get(), CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
    long status = 0;
    if (::curl_easy_perform(handle.get()) != CURLE_OK ||
        ::curl_easy_getinfo(handle.get(), CURLINFO_RESPONSE_CODE, &status) != CURLE_OK || status / 100 != 2)
      bench::fail("the server refuses the loop of libcurl");
  }
  return time.so_far();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) bench::fail("usage: bench_http_sink URL [RECORDS [REPETITIONS]]");
  std::string const url = argv[1];
  bench::compare(
      "libcurl", argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 200'000, argc > 3 ? std::atoi(argv[3]) : 7,
      [&](std::size_t records) {
        return bench::by_fapilog(fapilog::sinks::http{{.url = url, .batch_size = lines_in_request}}, records);
      },
      [&](std::size_t records) { return by_libcurl(url, records); });
  return 0;
}
