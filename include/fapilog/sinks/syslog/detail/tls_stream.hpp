// SPDX-License-Identifier: MIT
// A TLS connection to a receiver of syslog messages (RFC 5425), by OpenSSL.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/platform.hpp>
#include <fapilog/detail/os/socket.hpp>
#include <fapilog/detail/text/concat.hpp>
#include <fapilog/sinks/syslog/detail/byte_stream.hpp>
#include <fapilog/sinks/syslog/tls_config.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string>
#include <string_view>
#include <utility>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

namespace fapilog::inline v0_1::detail::syslog {

/// Thread: one. Throws: std::bad_alloc.
class tls_stream final : public byte_stream {
 public:
  /// `server_name`: the name that the certificate must have; empty: `host`.
  tls_stream(sinks::tls_config options, std::string host, std::string server_name, std::string port,
             int connect_timeout_ms, int write_timeout_ms)
      : options_(std::move(options)),
        host_(std::move(host)),
        server_name_(server_name.empty() ? host_ : std::move(server_name)),
        port_(std::move(port)),
        connect_timeout_ms_(connect_timeout_ms),
        write_timeout_ms_(write_timeout_ms) {
    // Records are also delivered while the process exits, so OpenSSL must not free itself then.
    (void)::OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, nullptr);
    // A BIO of our own, because that of OpenSSL raises SIGPIPE.
    transport_.reset(::BIO_meth_new(BIO_TYPE_SOURCE_SINK | ::BIO_get_new_index(), "fapilog"));
    if (!transport_) throw std::bad_alloc{};
    ::BIO_meth_set_write_ex(transport_.get(), &write_socket);
    ::BIO_meth_set_read_ex(transport_.get(), &read_socket);
    ::BIO_meth_set_ctrl(transport_.get(), [](::BIO*, int command, long, void*) -> long {
      return command == BIO_CTRL_FLUSH ? 1 : 0;
    });
  }
  ~tls_stream() override { close(); }

  [[nodiscard]] transfer receive(char* to, std::size_t size) override {
    std::size_t got = 0;
    ::ERR_clear_error();
    int const result = ::SSL_read_ex(session_.get(), to, size, &got);
    return result == 1 ? transfer{got, 0} : transfer{0, error_of(result)};
  }
  [[nodiscard]] transfer send(std::string_view text) override {
    std::size_t sent = 0;
    ::ERR_clear_error();
    int const result = ::SSL_write_ex(session_.get(), text.data(), text.size(), &sent);
    // OpenSSL keeps a TLS record that the socket took in part, and continues it when the same text is sent again.
    has_part_ = result != 1;
    return result == 1 ? transfer{sent, 0} : transfer{0, error_of(result)};
  }
  [[nodiscard]] bool wait(bool to_send, int timeout_ms) const noexcept override {
    return wait_for_socket(socket_.descriptor(), true, to_send, timeout_ms);
  }

  /// Sends close_notify and waits until the receiver has closed the connection too: closing it while something is unread here
  /// makes the system discard what it has not sent yet.
  void finish(int timeout_ms) override {
    if (is_connected() && sends_close_notify()) {
      (void)::SSL_shutdown(session_.get());
      is_established_ = false;
      constexpr int longest_ms = 1'000;
      (void)wait_for_end((std::min)(timeout_ms, longest_ms));
    }
    close();
  }
  void close() noexcept override {
    if (is_own() && sends_close_notify()) {
      ::ERR_clear_error();
      (void)::SSL_shutdown(session_.get());
    }
    is_established_ = false;
    session_.reset();
    context_.reset();
    socket_.close();
  }

  [[nodiscard]] std::string problem(int error) const override {
    return error == EPROTO && !reason_.empty() ? concat({"TLS failed: ", reason_}) : errno_text(error);
  }

 private:
  template <auto Free>
  struct deleter {
    void operator()(auto* p) const noexcept { Free(p); }
  };

  /// How long a receiver that has asked for a certificate may take to refuse it. It does so after the handshake: in TLS 1.3
  /// always, and rsyslog with permitted peers in TLS 1.2, too. What was sent meanwhile would be lost.
  static constexpr int refusal_timeout_ms = 500;

  [[nodiscard]] std::string open() override {
    reason_.clear();
    is_not_tls_ = false;
    std::string problem = make_context();
    if (!problem.empty()) return problem;
    connected_socket made =
        connect_host(host_, port_, socket_kind::stream, connect_timeout_ms_, write_timeout_ms_);
    if (!made.problem.empty()) return std::move(made.problem);
    socket_ = std::move(made.handle);
    problem = make_session();
    if (problem.empty()) problem = shake_hands();
    if (!problem.empty()) close();
    return problem;
  }
  [[nodiscard]] bool is_open() const noexcept override { return session_ != nullptr && is_established_; }

  /// Returns what is wrong with the settings, or an empty string.
  [[nodiscard]] std::string make_context() {
    ::ERR_clear_error();
    context_.reset(::SSL_CTX_new(::TLS_client_method()));
    ::SSL_CTX* const c = context_.get();
    if (c == nullptr || ::SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) != 1)
      return concat({"OpenSSL cannot be used: ", last_reason()});
    ::SSL_CTX_set_mode(c, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    ::SSL_CTX_set_options(c, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    ::SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    ::SSL_CTX_set_verify(c, options_.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    ::SSL_CTX_set_cert_cb(
        c,
        [](::SSL*, void* self) {
          static_cast<tls_stream*>(self)->has_been_asked_ = true;
          return 1;
        },
        this);

    bool const has_authorities =
        options_.ca_file.empty() ? ::SSL_CTX_set_default_verify_paths(c) == 1
                                 : ::SSL_CTX_load_verify_locations(c, options_.ca_file.c_str(), nullptr) == 1;
    if (!has_authorities) return concat({"tls.ca_file: cannot use ", options_.ca_file, ": ", last_reason()});
    // The receiver's own certificate may be trusted directly.
    (void)::X509_VERIFY_PARAM_set_flags(::SSL_CTX_get0_param(c), X509_V_FLAG_PARTIAL_CHAIN);
    if (options_.certificate_file.empty()) return {};
    if (::SSL_CTX_use_certificate_chain_file(c, options_.certificate_file.c_str()) != 1)
      return concat({"tls.certificate_file: cannot use ", options_.certificate_file, ": ", last_reason()});
    // Without a callback, OpenSSL prompts for the password on the terminal.
    ::SSL_CTX_set_default_passwd_cb(c, [](char* to, int size, int, void* self) {
      std::string const& password = static_cast<tls_stream*>(self)->options_.key_password;
      if (password.size() > static_cast<std::size_t>(size)) return 0;
      std::memcpy(to, password.data(), password.size());
      return static_cast<int>(password.size());
    });
    ::SSL_CTX_set_default_passwd_cb_userdata(c, this);
    if (::SSL_CTX_use_PrivateKey_file(c, options_.key_file.c_str(), SSL_FILETYPE_PEM) != 1)
      return concat({"tls.key_file: cannot use ", options_.key_file, ": ", last_reason()});
    return {};
  }

  [[nodiscard]] std::string make_session() {
    has_been_asked_ = has_part_ = is_broken_ = false;
    session_.reset(::SSL_new(context_.get()));
    ::BIO* const bio = ::BIO_new(transport_.get());
    if (!session_ || bio == nullptr) {
      ::BIO_free(bio);
      throw std::bad_alloc{};
    }
    ::BIO_set_data(bio, this);
    ::BIO_set_init(bio, 1);
    ::SSL_set_bio(session_.get(), bio, bio);
    if (!options_.verify) return {};
    ::X509_VERIFY_PARAM* const rules = ::SSL_get0_param(session_.get());
    ::X509_VERIFY_PARAM_set_hostflags(
        rules, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    char const* const name = server_name_.c_str();
    if (::X509_VERIFY_PARAM_set1_ip_asc(rules, name) == 1) return {};
    ::ERR_clear_error();
    // What the macro SSL_set_tlsext_host_name does with a cast of C.
    bool const is_sent = ::SSL_ctrl(session_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                                    const_cast<char*>(name)) == 1;
    if (::SSL_set1_host(session_.get(), name) == 1 && is_sent) return {};
    return concat({"server_name: ", name, " cannot be the name of a host"});
  }

  [[nodiscard]] std::string shake_hands() {
    std::int64_t const deadline = steady_clock_ns() + std::int64_t{connect_timeout_ms_} * 1'000'000;
    for (;;) {
      ::ERR_clear_error();
      int const result = ::SSL_connect(session_.get());
      if (result == 1) break;
      bool const waits_for_room = ::SSL_get_error(session_.get(), result) == SSL_ERROR_WANT_WRITE;
      if (int const error = error_of(result); error != EAGAIN) return handshake_problem(error);
      int const left = socket_detail::remaining_ms(deadline);
      if (left == 0 || !wait_for_socket(socket_.descriptor(), !waits_for_room, waits_for_room, left))
        return concat({peer(), " does not complete the TLS handshake"});
    }
    is_established_ = true;
    if (!has_been_asked_) return {};
    int const error = wait_for_end(refusal_timeout_ms);
    return error == EAGAIN ? std::string{} : concat({peer(), " refuses the connection: ", problem(error)});
  }

  [[nodiscard]] std::string handshake_problem(int error) const {
    if (long const found = ::SSL_get_verify_result(session_.get()); options_.verify && found != X509_V_OK) {
      bool const is_name = found == X509_V_ERR_HOSTNAME_MISMATCH || found == X509_V_ERR_IP_ADDRESS_MISMATCH;
      return concat({"the certificate of ", peer(),
                     " is not accepted: ", ::X509_verify_cert_error_string(found),
                     is_name ? concat({" (it is not for ", server_name_, ")"}) : std::string{}});
    }
    if (is_not_tls_) return concat({peer(), " does not speak TLS"});
    return concat({"no TLS with ", peer(), ": ", error == EPROTO ? reason_ : errno_text(error)});
  }

  /// Ignores what arrives. Returns why the connection has ended, or EAGAIN if it has not within the timeout.
  [[nodiscard]] int wait_for_end(int timeout_ms) {
    std::int64_t const deadline = steady_clock_ns() + std::int64_t{timeout_ms} * 1'000'000;
    for (;;) {
      char ignored[1024];
      transfer const got = receive(static_cast<char*>(ignored), sizeof ignored);
      if (got.error != 0 && got.error != EAGAIN) return got.error;
      int const left = socket_detail::remaining_ms(deadline);
      if (left == 0 || (got.error == EAGAIN && !wait(false, left))) return EAGAIN;
    }
  }

  /// An errno value for what OpenSSL returned; EPROTO: `reason_` has more.
  [[nodiscard]] int error_of(int result) {
    switch (::SSL_get_error(session_.get(), result)) {
      case SSL_ERROR_WANT_READ:
      case SSL_ERROR_WANT_WRITE: return EAGAIN;
      case SSL_ERROR_ZERO_RETURN: return ECONNRESET;
      case SSL_ERROR_SYSCALL: is_broken_ = true; return io_error_ != 0 ? io_error_ : ECONNRESET;
      default:
        is_broken_ = true;
        is_not_tls_ = ERR_GET_REASON(::ERR_peek_error()) == SSL_R_WRONG_VERSION_NUMBER;
        reason_ = last_reason();
        return EPROTO;
    }
  }
  /// Of OpenSSL's first error, which is the cause of the others; without any secret.
  [[nodiscard]] static std::string last_reason() {
    unsigned long const code = ::ERR_peek_error();
    // For a system error, the code is the errno value.
    char const* const text = ::ERR_reason_error_string(code);
    std::string reason =
        text != nullptr ? std::string{text} : errno_text(number_cast<int>(ERR_GET_REASON(code)));
    ::ERR_clear_error();
    return reason;
  }

  /// Not after a fatal error, and not behind a part of a TLS record: that would be completed, though its records count as not
  /// written.
  [[nodiscard]] bool sends_close_notify() const noexcept {
    return session_ != nullptr && is_established_ && !is_broken_ && !has_part_;
  }
  [[nodiscard]] std::string peer() const { return concat({host_, " port ", port_}); }

  static int write_socket(::BIO* bio, char const* data, std::size_t size, std::size_t* written) {
    auto& self = *static_cast<tls_stream*>(::BIO_get_data(bio));
    transfer const some = send_some(self.socket_, {data, size});
    *written = some.bytes;
    self.io_error_ = some.error;
    BIO_clear_retry_flags(bio);
    if (some.error == EAGAIN) BIO_set_retry_write(bio);
    return some.error == 0 ? 1 : 0;
  }
  static int read_socket(::BIO* bio, char* to, std::size_t size, std::size_t* got) {
    auto& self = *static_cast<tls_stream*>(::BIO_get_data(bio));
    transfer const some = receive_some(self.socket_, to, size);
    *got = some.bytes;
    self.io_error_ = some.error;
    BIO_clear_retry_flags(bio);
    if (some.error == EAGAIN) BIO_set_retry_read(bio);
    return some.error == 0 ? 1 : 0;
  }

  sinks::tls_config options_;
  std::string host_;
  std::string server_name_;
  std::string port_;
  int connect_timeout_ms_;
  int write_timeout_ms_;
  std::unique_ptr<::BIO_METHOD, deleter<&::BIO_meth_free>> transport_;
  std::unique_ptr<::SSL_CTX, deleter<&::SSL_CTX_free>> context_;
  file socket_;
  std::unique_ptr<::SSL, deleter<&::SSL_free>> session_;
  int io_error_ = 0;             ///< of the last transfer of the socket
  bool is_established_ = false;  ///< the handshake is complete
  bool has_been_asked_ = false;  ///< for a certificate
  bool has_part_ = false;        ///< of a TLS record that could not be sent whole
  bool is_broken_ = false;
  bool is_not_tls_ = false;
  std::string reason_;
};

}  // namespace fapilog::inline v0_1::detail::syslog
