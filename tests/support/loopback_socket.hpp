// SPDX-License-Identifier: MIT
// A socket on a free port of 127.0.0.1, for tests that play the server.
#pragma once

#include "support/catch.hpp"

#include <cstdint>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace support {

/// Listens if it is a stream.
class loopback_socket {
 public:
  explicit loopback_socket(int type = SOCK_STREAM) : descriptor_(::socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    REQUIRE(::bind(descriptor_, reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0);
    if (type == SOCK_STREAM) REQUIRE(::listen(descriptor_, 8) == 0);
    REQUIRE(::getsockname(descriptor_, reinterpret_cast<sockaddr*>(&address), &size) == 0);
    port_ = ntohs(address.sin_port);
  }
  loopback_socket(loopback_socket const&) = delete;
  loopback_socket& operator=(loopback_socket const&) = delete;
  ~loopback_socket() { ::close(descriptor_); }

  [[nodiscard]] int descriptor() const { return descriptor_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  /// Waits for a connection. Returns its descriptor, which the caller closes, or -1 after `shut_down`.
  [[nodiscard]] int accept() const { return ::accept4(descriptor_, nullptr, nullptr, SOCK_CLOEXEC); }
  /// Ends an `accept` of another thread.
  void shut_down() const { ::shutdown(descriptor_, SHUT_RDWR); }

 private:
  int descriptor_;
  std::uint16_t port_ = 0;
};

}  // namespace support
