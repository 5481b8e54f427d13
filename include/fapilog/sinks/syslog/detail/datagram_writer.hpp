// SPDX-License-Identifier: MIT
// Writes each record as one datagram, over UDP or a Unix socket.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/socket.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/record/batch.hpp>
#include <fapilog/sinks/sink.hpp>
#include <fapilog/sinks/syslog/detail/message_writer.hpp>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail::syslog {

/// Thread: one. Throws: std::bad_alloc.
class datagram_writer {
 public:
  datagram_writer(std::function<connected_socket()> connector, message_writer messages, int timeout_ms)
      : connector_(std::move(connector)), messages_(std::move(messages)), timeout_ms_(timeout_ms) {}

  write_result write(batch const& entries) {
    if (!is_connected() && !connect()) return write_result::retry(problem_, 0);
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (int const error = send(entries[i].event); error != 0) return failed(error, i);
    }
    // A host that refuses a datagram answers after it was sent; on this machine at once.
    char ignored = 0;
    int const error = receive_some(socket_, &ignored, 1).error;
    if (error == ECONNREFUSED) return failed(error, entries.size());
    problem_.clear();
    return write_result::delivered();
  }

  void stop() { socket_.close(); }

  [[nodiscard]] sink_health health() const {
    return problem_.empty() ? sink_health{} : sink_health{false, problem_};
  }

 private:
  /// False also in a forked child, which must not use the socket of its parent.
  [[nodiscard]] bool is_connected() const noexcept {
    return socket_.is_open() && connected_by_ == process_mark();
  }
  bool connect() {
    connected_socket made = connector_();
    socket_ = std::move(made.handle);
    problem_ = std::move(made.problem);
    connected_by_ = process_mark();
    return socket_.is_open();
  }

  /// Cuts a message that is too large for the socket.
  [[nodiscard]] int send(event const& e) {
    constexpr std::size_t min_bytes = 512;
    for (std::size_t max_bytes = messages_.max_bytes();; max_bytes /= 2) {
      int const error =
          send_datagram(socket_, messages_.put(e, (std::max)(max_bytes, min_bytes)), timeout_ms_);
      if (error != EMSGSIZE || max_bytes <= min_bytes) return error;
    }
  }

  write_result failed(int error, std::size_t index) {
    problem_ = error == EAGAIN ? std::string{"the receiver takes nothing"} : errno_text(error);
    if (error != EAGAIN) socket_.close();
    // ECONNREFUSED is the response to a datagram that was sent before.
    return write_result::retry(problem_, error == ECONNREFUSED && index != 0 ? index - 1 : index);
  }

  std::function<connected_socket()> connector_;
  message_writer messages_;
  int timeout_ms_;
  file socket_;
  std::int64_t connected_by_ = 0;
  std::string problem_;
};

}  // namespace fapilog::inline v0_1::detail::syslog
