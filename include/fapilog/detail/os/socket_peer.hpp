// SPDX-License-Identifier: MIT
// Who is at the other end of a socket.
#pragma once

#include <fapilog/detail/text/concat.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include <fcntl.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

namespace fapilog::inline v0_1::detail {

/// Returns the own address and port of a TCP connection as "address port", or an empty string.
[[nodiscard, gnu::cold]] inline std::string local_address(int socket) {
  ::sockaddr_storage address{};
  ::socklen_t size = sizeof address;
  auto* const own = reinterpret_cast<::sockaddr*>(&address);
  char host[256];
  char port[32];
  if (::getsockname(socket, own, &size) != 0 || address.ss_family == AF_UNIX ||
      ::getnameinfo(own, size, host, sizeof host, port, sizeof port, NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return {};
  return concat({host, " ", port});
}

/// Returns the id of the process that listens at the other end of a Unix socket, or 0 if it is unknown.
[[nodiscard, gnu::cold]] inline std::int64_t listening_process([[maybe_unused]] int socket) noexcept {
#if defined(SO_PEERCRED)
  ::ucred peer{};
  ::socklen_t size = sizeof peer;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0) return peer.pid;
#endif
  return 0;
}

/// Returns the id of the parent of a process, or 0 if it is unknown.
[[nodiscard, gnu::cold]] inline std::int64_t parent_process(std::int64_t id) {
  int const descriptor =
      ::open(concat({"/proc/", std::to_string(id), "/stat"}).c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) return 0;
  char text[256];
  ::ssize_t const size = ::read(descriptor, text, sizeof text - 1);
  ::close(descriptor);
  text[size > 0 ? size : 0] = '\0';
  // "1234 (name) S 1 ...", where the name may contain parentheses.
  std::size_t const name_end = std::string_view{text}.rfind(") ");
  return name_end == std::string_view::npos || text[name_end + 2] == '\0'
             ? 0
             : std::strtoll(text + name_end + 3, nullptr, 10);
}

}  // namespace fapilog::inline v0_1::detail
