// SPDX-License-Identifier: MIT
// The sink for syslog receivers over TLS (RFC 5425), or RELP over TLS; needs the component `fapilog::tls` (OpenSSL).
#pragma once

#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/sink.hpp>
#include <fapilog/sinks/syslog/detail/message_writer.hpp>
#include <fapilog/sinks/syslog/detail/stream_writer.hpp>
#include <fapilog/sinks/syslog/detail/tls_stream.hpp>
#include <fapilog/sinks/syslog/tls_config.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace fapilog::inline v0_1::sinks {

/// Sends each record as one syslog message over TLS. Delivery is that of `syslog` over TCP, or with RELP over RELP.
/// Thread: one at a time; `cancel` any. Throws: std::bad_alloc. The constructor throws std::invalid_argument for invalid settings.
class syslog_tls {
 public:
  static constexpr bool needs_json = false;
  static constexpr bool may_block = true;

  explicit syslog_tls(syslog_tls_config const& config = {}) : is_verified_(config.tls.verify) {
    check_settings(name(), config);
    bool const is_relp = config.protocol == syslog_tls_protocol::relp;
    int const standard = is_relp ? 2514 : 6514;
    auto const connect_ms = static_cast<int>(config.connect_timeout.count());
    auto const write_ms = static_cast<int>(config.write_timeout.count());
    std::string const port = std::to_string(config.port != 0 ? config.port : standard);
    peer_ = config.host + ':' + port;
    writer_ = std::make_unique<detail::syslog::stream_writer>(
        std::make_unique<detail::syslog::tls_stream>(config.tls, config.host, config.server_name, port,
                                                     connect_ms, write_ms),
        detail::syslog::message_writer{config.message, false, 8192U},
        is_relp ? detail::syslog::frame_form::relp : detail::syslog::frame_form::octet_counting, write_ms);
  }

  [[nodiscard]] static std::string_view name() noexcept { return "syslog_tls"; }
  /// Waiting batches are joined, so that fewer system calls and acknowledgements are needed.
  [[nodiscard]] static std::size_t batch_size() noexcept { return detail::syslog::stream_batch_size; }

  void start(start_context const& context) {
    writer_->start();
    if (!is_verified_) context.report("the certificate of the receiver is not checked (tls.verify)", peer_);
  }
  void cancel() noexcept { writer_->cancel(); }
  write_result write(batch const& entries) { return writer_->write(entries); }
  void stop() { writer_->stop(); }
  [[nodiscard]] sink_health health() const { return writer_->health(); }

 private:
  bool is_verified_;
  std::string peer_;
  std::unique_ptr<detail::syslog::stream_writer> writer_;
};

}  // namespace fapilog::inline v0_1::sinks
