// SPDX-License-Identifier: MIT
// The sink for syslog receivers: RFC 5424 or 3164 over UDP, TCP, Unix sockets, or RELP with acknowledgements.
#pragma once

#include <fapilog/detail/os/socket.hpp>
#include <fapilog/detail/settings/setting_check.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/setting.hpp>
#include <fapilog/sinks/sink.hpp>
#include <fapilog/sinks/syslog/detail/byte_stream.hpp>
#include <fapilog/sinks/syslog/detail/datagram_writer.hpp>
#include <fapilog/sinks/syslog/detail/message_writer.hpp>
#include <fapilog/sinks/syslog/detail/stream_writer.hpp>
#include <fapilog/sinks/syslog/message.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1 {
namespace sinks {

enum class syslog_transport : std::uint8_t {
  udp,            ///< records can be lost without notice
  tcp,            ///< what lies in the connection is lost if the receiver dies
  relp,           ///< the receiver acknowledges each record, so that none is lost
  unix_datagram,  ///< such as `/dev/log`
  unix_stream,
};

/// How messages are delimited in a stream (RFC 6587).
enum class syslog_framing : std::uint8_t { octet_counting, newline };

struct syslog_config {
  syslog_transport transport = syslog_transport::unix_datagram;
  std::string host = "localhost";
  /// 0: 514, for RELP 2514.
  std::uint16_t port = 0;
  /// Of a Unix socket.
  std::string path = "/dev/log";
  syslog_framing framing = syslog_framing::octet_counting;
  std::chrono::milliseconds connect_timeout{5'000};
  /// How long the receiver may take nothing, or acknowledge nothing.
  std::chrono::milliseconds write_timeout{5'000};
  syslog_message message = {};

  template <class Self, class Visitor>
  static void describe(Self& self, Visitor&& visit) {
    constexpr double day = 86'400;
    // clang-format off
    visit(setting{.name = "transport", .text = "`udp`, `tcp`, `relp` (acknowledged, so that nothing is lost), `unix_datagram` or `unix_stream`."}, self.transport);
    visit(setting{.name = "host", .text = "Host of the receiver, by name or address.", .not_empty = true}, self.host);
    visit(setting{.name = "port", .text = "Port of the receiver; 0: 514, for `relp` 2514."}, self.port);
    visit(setting{.name = "path", .text = "Path of the receiver's Unix socket.", .not_empty = true}, self.path);
    visit(setting{.name = "framing", .text = "How messages are delimited by `tcp` and `unix_stream`: `octet_counting`, or `newline` for old receivers."}, self.framing);
    visit(setting{.name = "connect_timeout", .text = "How long to wait for a connection to one address.", .min = 0.001, .max = day, .advanced = true}, self.connect_timeout);
    visit(setting{.name = "write_timeout", .text = "How long the receiver may take nothing, or acknowledge nothing; then records are tried again on a new connection.", .min = 0.001, .max = day, .advanced = true}, self.write_timeout);
    visit(setting{.name = "message", .text = "What a message contains."}, self.message);
    // clang-format on
  }

  [[gnu::cold]] static void(check)(syslog_config const& c, setting_problems& problems) {
    if (!detail::fits_unix_address(c.path))
      problems.add("path", "must be short enough for the path of a socket (107 bytes on Linux)");
    if (c.path.find('\0') != std::string::npos) problems.add("path", "must not contain a NUL character");
    if (c.host.find('\0') != std::string::npos) problems.add("host", "must not contain a NUL character");
  }
};

/// Sends each record as one syslog message; its fields are structured data. With RELP a record counts as delivered when the
/// receiver has acknowledged it. With the other transports it counts when the kernel has taken it, and a receiver that dies
/// can lose records. While the receiver is away, records wait in the queue, the spool or the fallback of their delivery.
/// Thread: one at a time. Throws: std::bad_alloc. The constructor throws std::invalid_argument for invalid settings.
class syslog {
 public:
  static constexpr bool needs_json = false;
  static constexpr bool may_block = true;

  explicit syslog(syslog_config const& config = {}) {
    using enum syslog_transport;
    check_settings(name(), config);
    auto const connect_ms = static_cast<int>(config.connect_timeout.count());
    auto const write_ms = static_cast<int>(config.write_timeout.count());
    bool const is_local = config.transport == unix_datagram || config.transport == unix_stream;
    bool const is_datagram = config.transport == udp || config.transport == unix_datagram;
    auto const kind = is_datagram ? detail::socket_kind::datagram : detail::socket_kind::stream;

    std::function<detail::connected_socket()> connector;
    if (is_local) {
      connector = [path = config.path, kind, connect_ms] {
        return detail::connect_unix(path, kind, connect_ms);
      };
    } else {
      int const standard = config.transport == relp ? 2514 : 514;
      connector = [host = config.host, port = std::to_string(config.port != 0 ? config.port : standard), kind,
                   connect_ms,
                   write_ms] { return detail::connect_host(host, port, kind, connect_ms, write_ms); };
    }
    detail::syslog::message_writer messages{config.message, is_local,
                                            config.transport == udp ? 2048U : 8192U};
    if (is_datagram) {
      datagrams_ = std::make_unique<detail::syslog::datagram_writer>(std::move(connector),
                                                                     std::move(messages), write_ms);
      return;
    }
    auto form = detail::syslog::frame_form::octet_counting;
    if (config.transport == relp) {
      form = detail::syslog::frame_form::relp;
    } else if (config.framing == syslog_framing::newline) {
      form = detail::syslog::frame_form::newline;
    }
    stream_ = std::make_unique<detail::syslog::stream_writer>(
        std::make_unique<detail::syslog::plain_stream>(std::move(connector)), std::move(messages), form,
        write_ms);
  }

  [[nodiscard]] static std::string_view name() noexcept { return "syslog"; }
  /// Waiting batches are joined for a stream, so that fewer system calls and acknowledgements are needed.
  [[nodiscard]] std::size_t batch_size() const noexcept {
    return stream_ ? detail::syslog::stream_batch_size : 0;
  }

  void start(start_context const&) {
    if (stream_) stream_->start();
  }
  /// For the transports that may wait for long: streams. Thread: any.
  void cancel() noexcept {
    if (stream_) stream_->cancel();
  }
  write_result write(batch const& entries) {
    return stream_ ? stream_->write(entries) : datagrams_->write(entries);
  }
  void stop() {
    if (stream_) stream_->stop();
    if (datagrams_) datagrams_->stop();
  }
  [[nodiscard]] sink_health health() const { return stream_ ? stream_->health() : datagrams_->health(); }

 private:
  std::unique_ptr<detail::syslog::stream_writer> stream_;
  std::unique_ptr<detail::syslog::datagram_writer> datagrams_;
};

}  // namespace sinks

template <>
struct enum_names<sinks::syslog_transport> {
  static constexpr std::array names{
      std::pair{sinks::syslog_transport::udp, std::string_view{"udp"}},
      std::pair{sinks::syslog_transport::tcp, std::string_view{"tcp"}},
      std::pair{sinks::syslog_transport::relp, std::string_view{"relp"}},
      std::pair{sinks::syslog_transport::unix_datagram, std::string_view{"unix_datagram"}},
      std::pair{sinks::syslog_transport::unix_stream, std::string_view{"unix_stream"}}};
};

template <>
struct enum_names<sinks::syslog_framing> {
  static constexpr std::array names{
      std::pair{sinks::syslog_framing::octet_counting, std::string_view{"octet_counting"}},
      std::pair{sinks::syslog_framing::newline, std::string_view{"newline"}}};
};

}  // namespace fapilog::inline v0_1
