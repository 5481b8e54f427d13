// SPDX-License-Identifier: MIT
// The HTTP client by libcurl: the only header that includes it.
#pragma once

#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/standard_descriptors.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/text/ascii.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/metrics/metric.hpp>
#include <fapilog/sinks/detail/cancel_request.hpp>
#include <fapilog/sinks/http/connection_config.hpp>
#include <fapilog/sinks/http/detail/credential_source.hpp>
#include <fapilog/sinks/http/detail/http_client.hpp>
#include <fapilog/sinks/http/detail/http_message.hpp>
#include <fapilog/sinks/http/detail/url_syntax.hpp>
#include <fapilog/version.hpp>

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail {

class http_client::curl_client {
 public:
  [[gnu::cold]] curl_client(std::string const& url, sinks::http_connection_config given)
      : config(std::move(given)), credential_(config.credential) {
    static bool const is_usable = ::curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
    if (!is_usable) throw std::runtime_error{"libcurl cannot be initialised"};
    if (std::string_view const problem = url_problem(url); !problem.empty())
      throw std::invalid_argument{concat({"fapilog: the URL of a sink ", problem})};
    read_url(url);
  }
  curl_client(curl_client const&) = delete;
  curl_client& operator=(curl_client const&) = delete;
  ~curl_client() { close(); }

  void begin(http_request request, std::size_t id) {
    if (multi_ == nullptr || generation_ != fork_generation.load_relaxed()) open();
    auto next = std::make_unique<transfer>();
    next->id = id;
    next->request = std::move(request);
    if (is_cancelled()) {
      active_.push_back(std::move(next));  // which `wait` ends
      return;
    }
    next->max_body = static_cast<std::size_t>(config.max_response_bytes);
    if (idle_.empty()) {
      next->handle = ::curl_easy_init();
      if (next->handle == nullptr) throw std::bad_alloc{};
    } else {
      next->handle = idle_.back();
      idle_.pop_back();
    }
    prepare(*next);
    if (::curl_multi_add_handle(multi_, next->handle) != CURLM_OK) throw std::bad_alloc{};
    counts.requests.add();
    counts.bytes.add(next->request.body.size());
    active_.push_back(std::move(next));
  }

  [[nodiscard]] std::size_t in_flight() const noexcept { return active_.size(); }

  void cancel() noexcept { cancel_.request(); }
  void resume() noexcept { cancel_.clear(); }
  [[nodiscard]] bool is_cancelled() const noexcept { return cancel_.is_requested(); }

  [[nodiscard]] finished wait() {
    for (;;) {
      int running = 0;
      ::curl_multi_perform(multi_, &running);
      int left = 0;
      while (::CURLMsg const* const message = ::curl_multi_info_read(multi_, &left)) {
        if (message->msg == CURLMSG_DONE) return finish(message->easy_handle, message->data.result);
      }
      if (is_cancelled()) return abandon();
      constexpr int max_wait_ms = 100;  // until `cancel` is noticed
      ::curl_multi_poll(multi_, nullptr, 0, max_wait_ms, nullptr);
    }
  }

  void pause(std::chrono::milliseconds time) {
    if (multi_ == nullptr || generation_ != fork_generation.load_relaxed()) open();
    constexpr std::chrono::milliseconds max_step{100};
    for (; time.count() > 0 && !is_cancelled(); time -= max_step)
      ::curl_multi_poll(multi_, nullptr, 0, static_cast<int>((std::min)(time, max_step).count()), nullptr);
  }

  void close() noexcept {
    if (multi_ == nullptr) return;
    // In a forked child the connections belong to the parent: to close them here would end them there.
    bool const is_inherited = generation_ != fork_generation.load_relaxed();
    if (!is_inherited) {
      for (auto const& one : active_) {
        if (one->handle == nullptr) continue;
        ::curl_multi_remove_handle(multi_, one->handle);
        ::curl_easy_cleanup(std::exchange(one->handle, nullptr));
      }
      for (::CURL* const handle : idle_) ::curl_easy_cleanup(handle);
      ::curl_multi_cleanup(multi_);
    } else {
      for (auto const& one : active_) one->handle = nullptr;
    }
    active_.clear();
    idle_.clear();
    multi_ = nullptr;
  }

  sinks::http_connection_config const config;
  std::string peer;
  http_counts counts;

 private:
  struct string_list_deleter {
    void operator()(::curl_slist* list) const noexcept { ::curl_slist_free_all(list); }
  };
  using string_list = std::unique_ptr<::curl_slist, string_list_deleter>;
  struct url_deleter {
    void operator()(::CURLU* url) const noexcept { ::curl_url_cleanup(url); }
  };
  using url_handle = std::unique_ptr<::CURLU, url_deleter>;

  struct transfer {
    transfer() = default;
    transfer(transfer const&) = delete;
    transfer& operator=(transfer const&) = delete;
    ~transfer() {
      if (handle != nullptr) ::curl_easy_cleanup(handle);
    }

    ::CURL* handle = nullptr;
    std::size_t id = 0;
    std::size_t max_body = 0;
    http_request request;
    http_response response;
    string_list headers;
    url_handle url;
    std::array<char, CURL_ERROR_SIZE> error{};
  };

  [[gnu::cold]] void open() {
    close();
    (void)fork_participants::instance();  // without a runtime, nobody else counts forks
    reserve_standard_descriptors();
    multi_ = ::curl_multi_init();
    if (multi_ == nullptr) throw std::bad_alloc{};
    generation_ = watched_fork_generation();
    ::curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, static_cast<long>(config.requests_in_flight));
  }

  [[gnu::cold]] void read_url(std::string const& url) {
    url_.reset(::curl_url());
    if (url_ == nullptr) throw std::bad_alloc{};
    if (::curl_url_set(url_.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK)
      throw std::invalid_argument{"fapilog: the URL of a sink is invalid"};
    user_ = part(CURLUPART_USER, CURLU_URLDECODE);
    password_ = part(CURLUPART_PASSWORD, CURLU_URLDECODE);
    path_ = part(CURLUPART_PATH, 0);
    peer = concat({part(CURLUPART_HOST, 0), ":", part(CURLUPART_PORT, CURLU_DEFAULT_PORT)});
    ::curl_url_set(url_.get(), CURLUPART_USER, nullptr, 0);
    ::curl_url_set(url_.get(), CURLUPART_PASSWORD, nullptr, 0);
  }
  [[nodiscard, gnu::cold]] std::string part(::CURLUPart which, unsigned flags) const {
    char* text = nullptr;
    if (::curl_url_get(url_.get(), which, &text, flags) != CURLUE_OK) return {};
    std::unique_ptr<char, void (*)(void*)> const owner{text, ::curl_free};
    return text;
  }

  static void set(::CURL* handle, ::CURLoption option, std::string const& text) {
    if (!text.empty()) ::curl_easy_setopt(handle, option, text.c_str());
  }
  static void add(string_list& to, std::string const& header) {
    ::curl_slist* const longer = ::curl_slist_append(to.get(), header.c_str());
    if (longer == nullptr) throw std::bad_alloc{};
    (void)to.release();
    to.reset(longer);
  }

  void prepare(transfer& t) {
    ::CURL* const h = t.handle;
    ::curl_easy_reset(h);  // keeps its connections
    t.url.reset(::curl_url_dup(url_.get()));
    if (t.url == nullptr) throw std::bad_alloc{};
    if (!t.request.path.empty()) {
      std::string path = path_;
      while (!path.empty() && path.back() == '/') path.pop_back();
      ::curl_url_set(t.url.get(), CURLUPART_PATH, path.append(t.request.path).c_str(), 0);
    }
    if (!t.request.query.empty())
      ::curl_url_set(t.url.get(), CURLUPART_QUERY, t.request.query.c_str(), CURLU_APPENDQUERY);
    ::curl_easy_setopt(h, CURLOPT_CURLU, t.url.get());
    add_headers(t);
    if (t.request.body.empty()) {
      ::curl_easy_setopt(h, CURLOPT_HTTPGET, 1L);
    } else {
      ::curl_easy_setopt(h, CURLOPT_POST, 1L);
      ::curl_easy_setopt(h, CURLOPT_POSTFIELDS, t.request.body.data());
      ::curl_easy_setopt(h, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<::curl_off_t>(t.request.body.size()));
    }
    set(h, CURLOPT_USERNAME, user_);
    set(h, CURLOPT_PASSWORD, password_);
    if (!user_.empty() || !password_.empty()) ::curl_easy_setopt(h, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
    set_connection(h);
    set_tls(h);
    ::curl_easy_setopt(h, CURLOPT_ERRORBUFFER, t.error.data());
    ::curl_easy_setopt(h, CURLOPT_WRITEDATA, &t);
    ::curl_easy_setopt(h, CURLOPT_WRITEFUNCTION, &keep_body);
    if (!t.request.kept_header.empty()) {
      ::curl_easy_setopt(h, CURLOPT_HEADERDATA, &t);
      ::curl_easy_setopt(h, CURLOPT_HEADERFUNCTION, &keep_header);
    }
    if (!t.request.may_repeat) {
      ::curl_easy_setopt(h, CURLOPT_SOCKOPTDATA, h);
      ::curl_easy_setopt(h, CURLOPT_SOCKOPTFUNCTION, &refuse_if_sent);
    }
    ::curl_easy_setopt(h, CURLOPT_PRIVATE, &t);
  }
  void add_headers(transfer& t) {
    add(t.headers, concat({"User-Agent: fapilog/", version}));
    add(t.headers, "Expect:");  // a server that is slow to answer it would delay each request by a second
    if (!t.request.content_type.empty()) add(t.headers, concat({"Content-Type: ", t.request.content_type}));
    if (!t.request.content_encoding.empty())
      add(t.headers, concat({"Content-Encoding: ", t.request.content_encoding}));
    for (std::string const& header : config.headers) add(t.headers, header);
    for (std::string const& header : t.request.headers) add(t.headers, header);
    if (std::string const& credential = credential_.header(); !credential.empty()) add(t.headers, credential);
    ::curl_easy_setopt(t.handle, CURLOPT_HTTPHEADER, t.headers.get());
  }
  void set_connection(::CURL* h) const {
    auto const milliseconds = [](std::chrono::milliseconds given) {
      return number_cast<long>(given.count());
    };
    constexpr long idle_s = 2;
    constexpr long interval_s = 1;
    constexpr long max_lifetime_s = 300;  // behind a name there may be other servers by then
    ::curl_easy_setopt(h, CURLOPT_NOSIGNAL, 1L);
    ::curl_easy_setopt(h, CURLOPT_CONNECTTIMEOUT_MS, milliseconds(config.connect_timeout));
    ::curl_easy_setopt(h, CURLOPT_TIMEOUT_MS, milliseconds(config.timeout));
    ::curl_easy_setopt(h, CURLOPT_TCP_KEEPALIVE, 1L);
    ::curl_easy_setopt(h, CURLOPT_TCP_KEEPIDLE, idle_s);
    ::curl_easy_setopt(h, CURLOPT_TCP_KEEPINTVL, interval_s);
    ::curl_easy_setopt(h, CURLOPT_FOLLOWLOCATION, 0L);
    // libcurl 7.88 reports an error of the stream after whole HTTP/2 responses of nginx, so that each request would be repeated.
    constexpr unsigned good_http2 = 0x080100;
    bool const has_good_http2 = ::curl_version_info(CURLVERSION_NOW)->version_num >= good_http2;
    ::curl_easy_setopt(h, CURLOPT_HTTP_VERSION,
                       static_cast<long>(has_good_http2 ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
    ::curl_easy_setopt(h, CURLOPT_NETRC, static_cast<long>(CURL_NETRC_IGNORED));
#if LIBCURL_VERSION_NUM >= 0x075000
    ::curl_easy_setopt(h, CURLOPT_MAXLIFETIME_CONN, max_lifetime_s);
#endif
#if LIBCURL_VERSION_NUM >= 0x075500
    ::curl_easy_setopt(h, CURLOPT_PROTOCOLS_STR, "http,https");
#else
    ::curl_easy_setopt(h, CURLOPT_PROTOCOLS, static_cast<long>(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
    if (!config.proxy.empty())
      ::curl_easy_setopt(h, CURLOPT_PROXY, config.proxy == "none" ? "" : config.proxy.c_str());
  }
  void set_tls(::CURL* h) const {
    auto const& tls = config.tls;
    constexpr long checks_name = 2;
    ::curl_easy_setopt(h, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    ::curl_easy_setopt(h, CURLOPT_SSL_VERIFYPEER, tls.verify ? 1L : 0L);
    ::curl_easy_setopt(h, CURLOPT_SSL_VERIFYHOST, tls.verify ? checks_name : 0L);
    set(h, CURLOPT_CAINFO, tls.ca_file);
    set(h, CURLOPT_SSLCERT, tls.certificate_file);
    set(h, CURLOPT_SSLKEY, tls.key_file);
    set(h, CURLOPT_KEYPASSWD, tls.key_password);
  }

  static std::size_t keep_body(char* bytes, std::size_t size, std::size_t count, void* to) {
    auto& t = *static_cast<transfer*>(to);
    std::size_t const given = size * count;
    std::size_t const room = t.max_body - (std::min)(t.max_body, t.response.body.size());
    if (given > room) t.response.is_body_cut = true;
    try {
      t.response.body.append(bytes, (std::min)(given, room));
    } catch (std::bad_alloc const&) {
      t.response.is_body_cut = true;
    }
    return given;
  }

  /// Refuses a new connection for a request of which something was sent over another one.
  static int refuse_if_sent(void* handle, ::curl_socket_t /*socket*/, ::curlsocktype /*purpose*/) {
    return has_sent(handle) ? CURL_SOCKOPT_ERROR : CURL_SOCKOPT_OK;
  }
  [[nodiscard]] static bool has_sent(::CURL* handle) noexcept {
    long size = 0;
    return ::curl_easy_getinfo(handle, CURLINFO_REQUEST_SIZE, &size) != CURLE_OK || size > 0;
  }
  /// Gets one line of the head at a time.
  static std::size_t keep_header(char* bytes, std::size_t size, std::size_t count, void* to) {
    auto& t = *static_cast<transfer*>(to);
    try {
      if (auto const value = header_value({bytes, size * count}, t.request.kept_header))
        t.response.kept_header = *value;
    } catch (std::bad_alloc const&) {
      t.response.kept_header.clear();
    }
    return size * count;
  }

  [[nodiscard]] finished finish(::CURL* handle, ::CURLcode result) {
    ::curl_multi_remove_handle(multi_, handle);
    auto const found = std::find_if(active_.begin(), active_.end(),
                                    [handle](auto const& one) { return one->handle == handle; });
    std::unique_ptr<transfer> const done = std::move(*found);
    active_.erase(found);
    http_response& response = done->response;
    long number = 0;
    if (::curl_easy_getinfo(handle, CURLINFO_NUM_CONNECTS, &number) == CURLE_OK && number > 0)
      counts.connections.add(static_cast<std::uint64_t>(number));
    response.was_sent = has_sent(handle);
    if (result == CURLE_OK) {
      ::curl_easy_getinfo(handle, CURLINFO_RESPONSE_CODE, &number);
      response.status = static_cast<int>(number);
      ::curl_off_t seconds = 0;
      constexpr ::curl_off_t max_seconds = 600;
      if (::curl_easy_getinfo(handle, CURLINFO_RETRY_AFTER, &seconds) == CURLE_OK && seconds > 0)
        response.retry_after = std::chrono::seconds{(std::min)(seconds, max_seconds)};
    } else {
      response.failure = is_refusal(result) ? http_failure::refused : http_failure::unreachable;
      std::string_view const text =
          done->error[0] != '\0' ? done->error.data() : ::curl_easy_strerror(result);
      response.error = concat({peer, ": ", without_secrets(text)});
    }
    if (response.status < 200 || response.status > 299) counts.failures.add();
    idle_.push_back(std::exchange(done->handle, nullptr));
    return {done->id, std::move(done->request), std::move(response)};
  }
  /// Ends a request that is in flight or not begun, and its connection.
  [[nodiscard, gnu::cold]] finished abandon() {
    std::unique_ptr<transfer> const ended = std::move(active_.front());
    active_.erase(active_.begin());
    http_response& response = ended->response;
    if (ended->handle != nullptr) {
      response.was_sent = has_sent(ended->handle);
      ::curl_multi_remove_handle(multi_, ended->handle);
      counts.failures.add();
    }
    response.failure = http_failure::unreachable;
    response.body.clear();
    response.error =
        concat({peer, ": the request was abandoned, because the time to drain the logger runs out"});
    return {ended->id, std::move(ended->request), std::move(response)};
  }
  [[nodiscard]] static bool is_refusal(::CURLcode result) noexcept {
    constexpr std::array codes{
        CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM, CURLE_SSL_CACERT_BADFILE,
        CURLE_SSL_ISSUER_ERROR,         CURLE_SSL_CIPHER,      CURLE_SSL_ENGINE_NOTFOUND,
        CURLE_UNSUPPORTED_PROTOCOL,     CURLE_URL_MALFORMAT,   CURLE_LOGIN_DENIED};
    return std::find(codes.begin(), codes.end(), result) != codes.end();
  }
  /// No message of libcurl is known to contain one of them.
  [[nodiscard, gnu::cold]] std::string without_secrets(std::string_view text) const {
    std::string clean{text};
    for (std::string const* secret :
         {&credential_.secret(), &password_, &config.tls.key_password, &config.proxy}) {
      if (secret->empty()) continue;
      for (std::size_t at = clean.find(*secret); at != std::string::npos; at = clean.find(*secret, at + 3))
        clean.replace(at, secret->size(), "***");
    }
    return clean;
  }

  credential_source credential_;
  url_handle url_;  ///< without user and password
  std::string user_;
  std::string password_;
  std::string path_;
  ::CURLM* multi_ = nullptr;
  std::uint32_t generation_ = 0;  ///< the fork generation in which `multi_` was made
  cancel_request cancel_;
  std::vector<::CURL*> idle_;
  std::vector<std::unique_ptr<transfer>> active_;
};

}  // namespace fapilog::inline v0_1::detail
