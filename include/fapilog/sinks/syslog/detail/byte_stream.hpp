// SPDX-License-Identifier: MIT
// A connection to a receiver that takes bytes in order: TCP or a Unix socket; TLS derives from the same interface.
#pragma once

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/os/socket.hpp>
#include <fapilog/detail/os/system.hpp>
#include <fapilog/detail/text/concat.hpp>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>

namespace fapilog::inline v0_1::detail::syslog {

/// Thread: one. Functions that transfer do not wait; they fail with EAGAIN. Throws: std::bad_alloc.
class byte_stream {
 public:
  byte_stream() = default;
  byte_stream(byte_stream const&) = delete;
  byte_stream& operator=(byte_stream const&) = delete;
  virtual ~byte_stream() = default;

  /// Connects anew and returns what is wrong, or an empty string.
  [[nodiscard]] std::string connect() {
    close();
    std::string problem = open();
    if (problem.empty()) connected_by_ = process_mark();
    return problem;
  }
  /// False also in a forked child, which must not use the connection of its parent.
  [[nodiscard]] bool is_connected() const noexcept { return is_open() && connected_by_ == process_mark(); }

  /// Receives up to `size` bytes; ECONNRESET if the peer has closed the connection.
  [[nodiscard]] virtual transfer receive(char* to, std::size_t size) = 0;
  [[nodiscard]] virtual transfer send(std::string_view text) = 0;
  /// Waits until a transfer that failed with EAGAIN may succeed; with `to_send` either of them. False after the timeout.
  [[nodiscard]] virtual bool wait(bool to_send, int timeout_ms) const noexcept = 0;
  /// Ends the connection so that the peer receives what was sent.
  virtual void finish(int /*timeout_ms*/) { close(); }
  virtual void close() noexcept = 0;
  /// Why a transfer failed.
  [[nodiscard]] virtual std::string problem(int error) const { return errno_text(error); }

 protected:
  [[nodiscard]] virtual std::string open() = 0;
  [[nodiscard]] virtual bool is_open() const noexcept = 0;
  [[nodiscard]] bool is_own() const noexcept { return connected_by_ == process_mark(); }

 private:
  std::int64_t connected_by_ = 0;
};

/// A stream socket.
class plain_stream final : public byte_stream {
 public:
  /// `connector` makes a connected socket.
  explicit plain_stream(std::function<connected_socket()> connector) : connector_(std::move(connector)) {}

  [[nodiscard]] transfer receive(char* to, std::size_t size) override {
    return receive_some(socket_, to, size);
  }
  [[nodiscard]] transfer send(std::string_view text) override { return send_some(socket_, text); }
  [[nodiscard]] bool wait(bool to_send, int timeout_ms) const noexcept override {
    return wait_for_socket(socket_.descriptor(), true, to_send, timeout_ms);
  }
  void close() noexcept override { socket_.close(); }

 private:
  [[nodiscard]] std::string open() override {
    connected_socket made = connector_();
    socket_ = std::move(made.handle);
    return std::move(made.problem);
  }
  [[nodiscard]] bool is_open() const noexcept override { return socket_.is_open(); }

  std::function<connected_socket()> connector_;
  file socket_;
};

}  // namespace fapilog::inline v0_1::detail::syslog
