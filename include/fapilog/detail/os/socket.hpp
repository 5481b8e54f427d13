// SPDX-License-Identifier: MIT
// Client sockets: connects with a timeout, sends datagrams and streams, and passes memory to a local process.
#pragma once

#include <fapilog/detail/os/platform.hpp>

#if FAPILOG_DETAIL_WINDOWS
#error \
    "fapilog: the sinks syslog and journald need a POSIX system; on Windows use rotating_file or a sink over HTTP"
#endif

#include <fapilog/detail/os/file.hpp>
#include <fapilog/detail/text/concat.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace fapilog::inline v0_1::detail {

// Functions that return `int` return an errno value, or 0. All sockets are non-blocking and closed by exec(3). Sending raises
// no SIGPIPE. Throws: only std::bad_alloc.

enum class socket_kind : std::uint8_t { stream, datagram };

/// A connected socket, or why there is none.
struct connected_socket {
  file handle;
  std::string problem;
};

namespace socket_detail {

#if defined(MSG_NOSIGNAL)
inline constexpr int no_signal = MSG_NOSIGNAL;
#else
inline constexpr int no_signal = 0;
#endif

[[nodiscard]] inline file make_socket(int family, socket_kind kind) noexcept {
  reserve_standard_descriptors();
  int type = kind == socket_kind::stream ? SOCK_STREAM : SOCK_DGRAM;
#if defined(SOCK_CLOEXEC)
  type |= SOCK_CLOEXEC;  // a process that is started at this moment does not inherit it
#endif
  file made{move_above_standard(::socket(family, type, 0))};
  if (!made.is_open()) return made;
  int const descriptor = made.descriptor();
  if (::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0 ||
      ::fcntl(descriptor, F_SETFL, ::fcntl(descriptor, F_GETFL) | O_NONBLOCK) != 0)
    made.close();
#if defined(SO_NOSIGPIPE)
  int const on = 1;
  (void)::setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &on, sizeof on);
#endif
  return made;
}

/// Milliseconds until `deadline_ns` of the steady clock, at least 0.
[[nodiscard]] inline int remaining_ms(std::int64_t deadline_ns) noexcept {
  std::int64_t const left = deadline_ns - steady_clock_ns();
  return left <= 0 ? 0 : static_cast<int>(left / 1'000'000) + 1;
}

/// Waits for an event until the deadline. Returns false if it has passed.
[[nodiscard]] inline bool wait_for(int descriptor, short events, std::int64_t deadline_ns) noexcept {
  for (;;) {
    int const left = remaining_ms(deadline_ns);
    ::pollfd waiting{descriptor, events, 0};
    int const found = ::poll(&waiting, 1, left);
    if (found > 0) return true;
    if (left == 0) return false;
  }
}

/// Connects a socket that `make_socket` made.
[[nodiscard]] inline int connect(int descriptor, ::sockaddr const* address, std::size_t size,
                                 std::int64_t deadline_ns) noexcept {
  for (;;) {
    if (::connect(descriptor, address, static_cast<::socklen_t>(size)) == 0) return 0;
    if (errno == EISCONN) return 0;
    if (errno == EINTR || errno == EALREADY) {
      if (!wait_for(descriptor, POLLOUT, deadline_ns)) return ETIMEDOUT;
      continue;
    }
    if (errno != EINPROGRESS) return errno;
    if (!wait_for(descriptor, POLLOUT, deadline_ns)) return ETIMEDOUT;
    int error = 0;
    ::socklen_t length = sizeof error;
    if (::getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
    return error;
  }
}

/// Sends keep-alive probes after `idle_s` seconds without data and limits the time that sent data stays unacknowledged, so that
/// a dead peer is noticed.
inline void watch_peer(int descriptor, int unacknowledged_ms, int idle_s) noexcept {
  int const on = 1;
  (void)::setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
#if defined(TCP_KEEPIDLE) && defined(TCP_KEEPINTVL) && defined(TCP_KEEPCNT)
  int const interval = (std::max)(idle_s / 2, 1);
  int const count = 3;
  (void)::setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof idle_s);
  (void)::setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
  (void)::setsockopt(descriptor, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
#else
  (void)idle_s;
#endif
#if FAPILOG_DETAIL_LINUX && defined(TCP_USER_TIMEOUT)
  (void)::setsockopt(descriptor, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms, sizeof unacknowledged_ms);
#else
  (void)unacknowledged_ms;
#endif
}

}  // namespace socket_detail

/// True if a path is short enough for the address of a Unix socket.
[[nodiscard]] inline bool fits_unix_address(std::string_view path) noexcept {
  return path.size() < sizeof(::sockaddr_un::sun_path);
}

/// Connects to a Unix socket by its path.
[[nodiscard]] inline connected_socket connect_unix(std::string const& path, socket_kind kind,
                                                   int timeout_ms) {
  connected_socket result;
  ::sockaddr_un address{};
  address.sun_family = AF_UNIX;
  int error = ENAMETOOLONG;
  if (fits_unix_address(path)) {
    std::memcpy(static_cast<char*>(address.sun_path), path.data(), path.size());
    result.handle = socket_detail::make_socket(AF_UNIX, kind);
    error = !result.handle.is_open()
                ? errno
                : socket_detail::connect(result.handle.descriptor(),
                                         reinterpret_cast<::sockaddr const*>(&address), sizeof address,
                                         steady_clock_ns() + std::int64_t{timeout_ms} * 1'000'000);
  }
  if (error != 0) {
    result.handle.close();
    result.problem = concat({"cannot connect to ", path, ": ", errno_text(error)});
  }
  return result;
}

/// Connects to a host by name or address; tries all its addresses in order, each with the full timeout. The resolver has its
/// own timeout. A TCP connection ends when sent data stays unacknowledged for `unacknowledged_ms`.
[[nodiscard]] inline connected_socket connect_host(std::string const& host, std::string const& port,
                                                   socket_kind kind, int timeout_ms, int unacknowledged_ms) {
  connected_socket result;
  ::addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = kind == socket_kind::stream ? SOCK_STREAM : SOCK_DGRAM;
  hints.ai_flags = AI_NUMERICSERV;
  ::addrinfo* found = nullptr;
  if (int const failed = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); failed != 0) {
    result.problem = concat({"cannot resolve ", host, ": ",
                             failed == EAI_SYSTEM ? errno_text(errno) : std::string{::gai_strerror(failed)}});
    return result;
  }
  std::unique_ptr<::addrinfo, void (*)(::addrinfo*)> const owner{found, ::freeaddrinfo};
  int error = EADDRNOTAVAIL;
  for (::addrinfo const* one = found; one != nullptr; one = one->ai_next) {
    result.handle = socket_detail::make_socket(one->ai_family, kind);
    error = !result.handle.is_open()
                ? errno
                : socket_detail::connect(result.handle.descriptor(), one->ai_addr, one->ai_addrlen,
                                         steady_clock_ns() + std::int64_t{timeout_ms} * 1'000'000);
    if (error == 0) {
      if (kind == socket_kind::stream) {
        int const on = 1;
        (void)::setsockopt(result.handle.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        constexpr int idle_s = 10;
        socket_detail::watch_peer(result.handle.descriptor(), unacknowledged_ms, idle_s);
      }
      return result;
    }
  }
  result.handle.close();
  result.problem = concat({"cannot connect to ", host, " port ", port, ": ", errno_text(error)});
  return result;
}

/// Asks for room for this many bytes that are sent but not received; the system may give less.
inline void request_send_buffer(file const& socket, int bytes) noexcept {
  (void)::setsockopt(socket.descriptor(), SOL_SOCKET, SO_SNDBUF, &bytes, sizeof bytes);
}

/// Waits until the socket can be read or written, as chosen. False after the timeout.
[[nodiscard]] inline bool wait_for_socket(int descriptor, bool to_read, bool to_write,
                                          int timeout_ms) noexcept {
  auto const events = static_cast<short>((to_read ? POLLIN : 0) | (to_write ? POLLOUT : 0));
  return socket_detail::wait_for(descriptor, events,
                                 steady_clock_ns() + std::int64_t{timeout_ms} * 1'000'000);
}

/// Sends one datagram, whole or not at all. Waits up to `timeout_ms` while the receiver has no room, then fails with EAGAIN.
/// EMSGSIZE: it is too large.
[[nodiscard]] inline int send_datagram(file const& socket, std::string_view content,
                                       int timeout_ms) noexcept {
  std::int64_t deadline = 0;
  for (;;) {
    if (::send(socket.descriptor(), content.data(), content.size(), socket_detail::no_signal) >= 0) return 0;
    int const error = errno;
    if (error == EINTR) continue;
    if (!would_block(error)) return error;
    if (deadline == 0) deadline = steady_clock_ns() + std::int64_t{timeout_ms} * 1'000'000;
    if (!socket_detail::wait_for(socket.descriptor(), POLLOUT, deadline)) return EAGAIN;
  }
}

/// How many datagrams were sent, and why the next one was not.
struct sent_datagrams {
  std::size_t count = 0;
  int error = 0;
};

/// Sends each of these as one datagram, in order, several in a system call if the system can. Waits for each like
/// `send_datagram`. Only for Unix sockets: an error that the network reports for an earlier datagram can be lost.
[[nodiscard]] inline sent_datagrams send_datagrams(file const& socket, std::span<std::string_view const> all,
                                                   int timeout_ms) noexcept {
  sent_datagrams sent;
#if FAPILOG_DETAIL_LINUX
  constexpr std::size_t max_count = 64;
  std::array<::mmsghdr, max_count> messages{};
  std::array<::iovec, max_count> parts{};
  std::size_t first = 0;  // of those in `messages`
  std::size_t last = 0;
  std::int64_t deadline = 0;
  while (sent.count < all.size()) {
    if (sent.count == last) {
      first = last;
      last = (std::min)(first + max_count, all.size());
      for (std::size_t i = first; i < last; ++i) {
        parts[i - first] = {const_cast<char*>(all[i].data()), all[i].size()};
        messages[i - first].msg_hdr.msg_iov = &parts[i - first];
        messages[i - first].msg_hdr.msg_iovlen = 1;
      }
    }
    int const count = ::sendmmsg(socket.descriptor(), &messages[sent.count - first],
                                 static_cast<unsigned>(last - sent.count), socket_detail::no_signal);
    if (count > 0) {
      sent.count += static_cast<std::size_t>(count);
      deadline = 0;
      continue;
    }
    int const error = errno;
    if (error == EINTR) continue;
    if (!would_block(error)) return {sent.count, error};
    if (deadline == 0) deadline = steady_clock_ns() + std::int64_t{timeout_ms} * 1'000'000;
    if (!socket_detail::wait_for(socket.descriptor(), POLLOUT, deadline)) return {sent.count, EAGAIN};
  }
  return {sent.count, 0};
#else
  for (; sent.count < all.size() && sent.error == 0; sent.count += sent.error == 0 ? 1 : 0)
    sent.error = send_datagram(socket, all[sent.count], timeout_ms);
  return sent;
#endif
}

/// Sends as much of the text as there is room for; EAGAIN if there is none.
[[nodiscard]] inline transfer send_some(file const& socket, std::string_view text) noexcept {
  for (;;) {
    ::ssize_t const sent = ::send(socket.descriptor(), text.data(), text.size(), socket_detail::no_signal);
    if (sent >= 0) return {static_cast<std::size_t>(sent), 0};
    if (errno != EINTR) return {0, errno == EWOULDBLOCK ? EAGAIN : errno};
  }
}

/// Receives what has arrived; EAGAIN if nothing has, ECONNRESET if the peer has closed the connection.
[[nodiscard]] inline transfer receive_some(file const& socket, char* to, std::size_t size) noexcept {
  for (;;) {
    ::ssize_t const got = ::recv(socket.descriptor(), to, size, 0);
    if (got > 0) return {static_cast<std::size_t>(got), 0};
    if (got == 0) return {0, ECONNRESET};
    if (errno != EINTR) return {0, errno == EWOULDBLOCK ? EAGAIN : errno};
  }
}

/// Creates anonymous memory with this content that can no longer change (a memfd with all seals). ENOSYS if the system has no
/// such memory.
[[nodiscard]] inline opened_file seal_memory([[maybe_unused]] std::string_view content) {
#if FAPILOG_DETAIL_LINUX && defined(MFD_ALLOW_SEALING) && defined(F_ADD_SEALS)
  reserve_standard_descriptors();
  opened_file result;
  result.handle = file{move_above_standard(::memfd_create("fapilog", MFD_CLOEXEC | MFD_ALLOW_SEALING))};
  if (!result.handle.is_open()) return {{}, errno};
  transfer const written = result.handle.write(content);
  result.error = written.error;
  if (result.error == 0 && ::fcntl(result.handle.descriptor(), F_ADD_SEALS,
                                   F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) != 0)
    result.error = errno;
  return result;
#else
  return {{}, ENOSYS};
#endif
}

/// Sends an empty datagram that carries an open file to the process at the other end. Waits like `send_datagram`.
[[nodiscard]] inline int send_file(file const& socket, file const& passed, int timeout_ms) noexcept {
  int const descriptor = passed.descriptor();
  alignas(::cmsghdr) char control[CMSG_SPACE(sizeof descriptor)] = {};
  ::msghdr message{};
  message.msg_control = static_cast<char*>(control);
  message.msg_controllen = sizeof control;
  ::cmsghdr* const head = CMSG_FIRSTHDR(&message);
  head->cmsg_level = SOL_SOCKET;
  head->cmsg_type = SCM_RIGHTS;
  head->cmsg_len = CMSG_LEN(sizeof descriptor);
  std::memcpy(CMSG_DATA(head), &descriptor, sizeof descriptor);
  std::int64_t deadline = 0;
  for (;;) {
    if (::sendmsg(socket.descriptor(), &message, socket_detail::no_signal) >= 0) return 0;
    int const error = errno;
    if (error == EINTR) continue;
    if (!would_block(error)) return error;
    if (deadline == 0) deadline = steady_clock_ns() + std::int64_t{timeout_ms} * 1'000'000;
    if (!socket_detail::wait_for(socket.descriptor(), POLLOUT, deadline)) return EAGAIN;
  }
}

}  // namespace fapilog::inline v0_1::detail
