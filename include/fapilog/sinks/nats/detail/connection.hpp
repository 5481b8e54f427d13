// SPDX-License-Identifier: MIT
// A connection to a server of NATS, and an inbox for the responses: the only header that includes libnats.
#pragma once

#include <fapilog/detail/os/fork.hpp>
#include <fapilog/detail/os/standard_descriptors.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/sinks/nats/config.hpp>

#include <nats/nats.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace fapilog::inline v0_1::detail::nats {

struct message_deleter {
  void operator()(::natsMsg* m) const noexcept { ::natsMsg_Destroy(m); }
};
using message = std::unique_ptr<::natsMsg, message_deleter>;

/// Why there is no connection.
struct connect_failure {
  std::string reason = {};  ///< empty: there is one
  bool is_refused = false;  ///< by every server: of no use to try again soon
};

/// Does not reconnect by itself, so that no record is in an unknown buffer: a lost connection ends, and the next attempt opens
/// another one. Thread: one at a time. Throws: std::bad_alloc.
class connection {
 public:
  explicit connection(sinks::nats_config const& config) : config_(config) {
    for (std::string const& one : config_.servers) servers_.push_back(parse(one));
  }
  connection(connection const&) = delete;
  connection& operator=(connection const&) = delete;
  ~connection() { close(); }

  [[nodiscard]] bool is_open() const noexcept {
    return handle_ != nullptr && generation_ == fork_generation.load_relaxed() &&
           ::natsConnection_IsClosed(handle_) == 0;
  }

  /// Tries each server once, beginning with the one that worked last.
  [[nodiscard, gnu::cold]] connect_failure open() {
    close();
    // libnats ignores SIGPIPE for the whole process when it is first used; its threads must not handle signals.
    sigpipe_action_kept const action;
    signals_blocked const in_new_threads;
    reserve_standard_descriptors();
    (void)::nats_Open(-1);
    connect_failure all{.is_refused = true};
    for (std::size_t i = 0; i < servers_.size(); ++i) {
      std::size_t const at = (latest_ + i) % servers_.size();
      ::natsStatus const status = open(servers_[at]);
      if (status == NATS_OK) {
        latest_ = at;
        generation_ = watched_fork_generation();
        return {};
      }
      all.reason = concat({servers_[at].shown, ": ", text_of(status)});
      all.is_refused = all.is_refused && is_refusal(status);
      close();
    }
    return all;
  }

  void close() noexcept {
    // The threads of a parent process do not exist in a forked child: there is nothing that could be ended.
    if (generation_ == fork_generation.load_relaxed()) {
      ::natsSubscription_Destroy(answers_);
      ::natsConnection_Destroy(handle_);
    }
    answers_ = nullptr;
    handle_ = nullptr;
  }

  /// Its response is for `answer_to`, as `answered` returns it. `id`: the `Nats-Msg-Id`.
  [[nodiscard]] ::natsStatus publish(std::string const& subject, std::string_view answer_to, char const* id,
                                     std::string_view data) {
    // The server ends the connection of a client that sends more.
    constexpr std::size_t header_bytes = 64;
    std::size_t const stream_bytes = config_.stream.empty() ? 0 : config_.stream.size() + header_bytes;
    if (data.size() + header_bytes + stream_bytes >
        static_cast<std::size_t>(::natsConnection_GetMaxPayload(handle_)))
      return NATS_MAX_PAYLOAD;
    reply_.assign(inbox_).append(answer_to);
    ::natsMsg* made = nullptr;
    ::natsStatus status =
        ::natsMsg_Create(&made, subject.c_str(), reply_.c_str(), data.data(), static_cast<int>(data.size()));
    message const owner{made};
    if (status == NATS_OK) status = ::natsMsgHeader_Set(made, "Nats-Msg-Id", id);
    if (status == NATS_OK && !config_.stream.empty())
      status = ::natsMsgHeader_Set(made, "Nats-Expected-Stream", config_.stream.c_str());
    if (status == NATS_OK) status = ::natsConnection_PublishMsg(handle_, made);
    if (status == NATS_NO_MEMORY) throw std::bad_alloc{};
    return status;
  }

  /// NATS_TIMEOUT if no response comes in time.
  [[nodiscard]] ::natsStatus next_answer(message& to, std::int64_t wait_ms) {
    ::natsMsg* got = nullptr;
    ::natsStatus const status = ::natsSubscription_NextMsg(&got, answers_, wait_ms);
    to.reset(got);
    return status;
  }
  /// What follows the inbox in the subject of a response.
  [[nodiscard]] std::string_view answered(message const& m) const noexcept {
    std::string_view const subject = ::natsMsg_GetSubject(m.get());
    return subject.size() < inbox_.size() ? std::string_view{} : subject.substr(inbox_.size());
  }

  /// The last error that the server sent, such as a permission that is missing; or an empty string.
  [[nodiscard, gnu::cold]] std::string server_error() const {
    char const* text = nullptr;
    if (handle_ == nullptr || ::natsConnection_GetLastError(handle_, &text) == NATS_OK || text == nullptr)
      return {};
    return text;
  }
  /// Host and port of the server that worked last.
  [[nodiscard]] std::string const& peer() const noexcept { return servers_[latest_].shown; }

  [[nodiscard, gnu::cold]] static std::string text_of(::natsStatus status) {
    ::natsStatus last = NATS_OK;
    char const* const text = ::nats_GetLastError(&last);
    std::string_view detail = last == status && text != nullptr ? text : "";
    // It begins with a place in the source of libnats.
    if (std::size_t const end = detail.find("): "); detail.starts_with('(') && end != std::string_view::npos)
      detail.remove_prefix(end + 3);
    return std::string{detail.empty() ? std::string_view{::natsStatus_GetText(status)} : detail};
  }

 private:
  struct endpoint {
    std::string url;
    std::string host;
    std::string shown;  ///< without user and password
    bool is_tls = false;
  };

  [[gnu::cold]] static endpoint parse(std::string const& text) {
    endpoint s;
    s.url = text;
    s.is_tls = text.starts_with("tls://");
    std::string_view rest = text;
    if (std::size_t const scheme = rest.find("://"); scheme != std::string_view::npos)
      rest.remove_prefix(scheme + 3);
    if (std::size_t const user = rest.rfind('@'); user != std::string_view::npos)
      rest.remove_prefix(user + 1);
    s.shown = rest;
    if (rest.starts_with('[')) {
      s.host = rest.substr(1, rest.find(']') - 1);
    } else {
      s.host = rest.substr(0, rest.find(':'));
    }
    return s;
  }

  [[gnu::cold]] ::natsStatus open(endpoint const& to) {
    ::natsOptions* made = nullptr;
    ::natsStatus status = ::natsOptions_Create(&made);
    std::unique_ptr<::natsOptions, void (*)(::natsOptions*)> const options{made, ::natsOptions_Destroy};
    auto const apply = [&status](auto const& call) {
      if (status == NATS_OK) status = call();
    };
    constexpr std::int64_t ping_ms = 10'000;
    apply([&] { return ::natsOptions_SetURL(made, to.url.c_str()); });
    apply([&] { return ::natsOptions_SetName(made, "fapilog"); });
    apply([&] { return ::natsOptions_SetTimeout(made, config_.connect_timeout.count()); });
    apply([&] { return ::natsOptions_SetWriteDeadline(made, config_.timeout.count()); });
    apply([&] { return ::natsOptions_SetAllowReconnect(made, false); });
    apply([&] { return ::natsOptions_SetIgnoreDiscoveredServers(made, true); });
    apply([&] { return ::natsOptions_SetPingInterval(made, ping_ms); });
    // The handler by default writes to standard error.
    apply([&] {
      return ::natsOptions_SetErrorHandler(
          made, [](::natsConnection*, ::natsSubscription*, ::natsStatus, void*) {}, nullptr);
    });
    if (!config_.credentials_file.empty()) {
      apply([&] {
        return ::natsOptions_SetUserCredentialsFromFiles(made, config_.credentials_file.c_str(), nullptr);
      });
    }
    if (!config_.user.empty())
      apply([&] { return ::natsOptions_SetUserInfo(made, config_.user.c_str(), config_.password.c_str()); });
    if (!config_.token.empty()) apply([&] { return ::natsOptions_SetToken(made, config_.token.c_str()); });
    if (to.is_tls) apply_tls(made, to, apply);
    apply([&] { return ::natsConnection_Connect(&handle_, made); });
    apply([&] { return subscribe(); });
    if (status == NATS_NO_MEMORY) throw std::bad_alloc{};
    return status;
  }
  template <class Apply>
  [[gnu::cold]] void apply_tls(::natsOptions* options, endpoint const& to, Apply const& apply) const {
    sinks::tls_config const& tls = config_.tls;
    apply([&] { return ::natsOptions_SetSecure(options, true); });
    if (!tls.ca_file.empty())
      apply([&] { return ::natsOptions_LoadCATrustedCertificates(options, tls.ca_file.c_str()); });
    if (!tls.certificate_file.empty()) {
      apply([&] {
        return ::natsOptions_LoadCertificatesChain(options, tls.certificate_file.c_str(),
                                                   tls.key_file.c_str());
      });
    }
    if (tls.verify) apply([&] { return ::natsOptions_SetExpectedHostname(options, to.host.c_str()); });
    else apply([&] { return ::natsOptions_SkipServerVerification(options, true); });
  }
  [[gnu::cold]] ::natsStatus subscribe() {
    ::natsInbox* made = nullptr;
    ::natsStatus status = ::natsInbox_Create(&made);
    std::unique_ptr<::natsInbox, void (*)(::natsInbox*)> const owner{made, ::natsInbox_Destroy};
    if (status != NATS_OK) return status;
    inbox_ = concat({made, "."});
    status = ::natsConnection_SubscribeSync(&answers_, handle_, (inbox_ + ">").c_str());
    if (status == NATS_OK) status = ::natsSubscription_SetPendingLimits(answers_, -1, -1);
    return status;
  }

  [[nodiscard]] static bool is_refusal(::natsStatus status) noexcept {
    return status == NATS_CONNECTION_AUTH_FAILED || status == NATS_SSL_ERROR ||
           status == NATS_SECURE_CONNECTION_WANTED || status == NATS_SECURE_CONNECTION_REQUIRED ||
           status == NATS_NOT_PERMITTED;
  }

  sinks::nats_config const& config_;
  std::vector<endpoint> servers_;
  std::size_t latest_ = 0;
  ::natsConnection* handle_ = nullptr;
  ::natsSubscription* answers_ = nullptr;
  std::string inbox_;
  std::string reply_;             ///< subject of a response
  std::uint32_t generation_ = 0;  ///< the fork generation in which the connection was made
};

}  // namespace fapilog::inline v0_1::detail::nats
