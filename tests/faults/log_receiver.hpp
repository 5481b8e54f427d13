// SPDX-License-Identifier: MIT
// Receives what a child process writes to syslog over TCP and to journald, in a thread.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace faults {

/// Make it before the fork, and call `begin` after it in the parent.
class log_receiver {
 public:
  /// `path` of the socket for journald.
  explicit log_receiver(std::string path) : path_(std::move(path)) {
    ::sockaddr_in host{};
    host.sin_family = AF_INET;
    host.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ::sockaddr_un local{};
    local.sun_family = AF_UNIX;
    std::strncpy(static_cast<char*>(local.sun_path), path_.c_str(), sizeof local.sun_path - 1);
    ::socklen_t size = sizeof host;
    is_open_ = listener_ >= 0 && datagrams_ >= 0 && ::pipe2(stop_, O_CLOEXEC) == 0 &&
               ::bind(listener_, as_address(host), size) == 0 && ::listen(listener_, 64) == 0 &&
               ::getsockname(listener_, as_address(host), &size) == 0 &&
               ::bind(datagrams_, as_address(local), sizeof local) == 0;
    port_ = ntohs(host.sin_port);
  }
  log_receiver(log_receiver const&) = delete;
  log_receiver& operator=(log_receiver const&) = delete;
  ~log_receiver() {
    end();
    for (int const one : {listener_, datagrams_, stop_[0], stop_[1]}) ::close(one);
  }

  [[nodiscard]] bool is_open() const { return is_open_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] std::string const& path() const { return path_; }

  void begin() {
    thread_ = std::thread{[this] { receive(); }};
  }
  /// Returns when all that an ended process has sent is received.
  void end() {
    if (!thread_.joinable()) return;
    (void)!::write(stop_[1], "", 1);
    thread_.join();
  }

  /// Whole lines of all connections.
  [[nodiscard]] std::vector<std::string> const& lines() const { return lines_; }
  [[nodiscard]] std::vector<std::string> const& entries() const { return entries_; }

 private:
  struct connection {
    int descriptor;
    std::string rest;  ///< of a line that has no end yet
  };

  template <class Address>
  static ::sockaddr* as_address(Address& address) {
    return reinterpret_cast<::sockaddr*>(&address);
  }

  void receive() {
    for (bool is_ending = false;;) {
      std::vector<::pollfd> waiting{{listener_, POLLIN, 0}, {datagrams_, POLLIN, 0}};
      if (!is_ending) waiting.push_back({stop_[0], POLLIN, 0});
      for (connection const& one : connections_) waiting.push_back({one.descriptor, POLLIN, 0});
      bool const waits = !is_ending || !connections_.empty();
      int const ready = ::poll(waiting.data(), waiting.size(), waits ? -1 : 0);
      if (ready == 0) return;
      if (waiting[0].revents != 0) accept();
      if (waiting[1].revents != 0) receive_entry();
      std::size_t at = is_ending ? 2 : 3;
      is_ending = is_ending || waiting[2].revents != 0;
      for (std::size_t i = 0; at < waiting.size(); ++at) {
        if (waiting[at].revents == 0 || receive_lines(connections_[i])) ++i;
        else connections_.erase(connections_.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
  }

  void accept() {
    int const made = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (made >= 0) connections_.push_back({made, {}});
  }

  /// False at the end of the connection.
  bool receive_lines(connection& from) {
    char piece[65'536];
    ::ssize_t const got = ::read(from.descriptor, piece, sizeof piece);
    if (got < 0 && errno == EINTR) return true;
    if (got <= 0) {
      ::close(from.descriptor);
      return false;
    }
    from.rest.append(piece, static_cast<std::size_t>(got));
    std::size_t begin = 0;
    for (std::size_t end = 0; (end = from.rest.find('\n', begin)) != std::string::npos; begin = end + 1)
      lines_.push_back(from.rest.substr(begin, end - begin));
    from.rest.erase(0, begin);
    return true;
  }

  /// A datagram, or the content of a file that it carries.
  void receive_entry() {
    char content[65'536];
    ::iovec piece{content, sizeof content};
    alignas(::cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    ::msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    ::ssize_t const got = ::recvmsg(datagrams_, &message, MSG_CMSG_CLOEXEC);
    if (got < 0) return;
    ::cmsghdr const* const head = CMSG_FIRSTHDR(&message);
    if (head == nullptr) {
      entries_.emplace_back(content, static_cast<std::size_t>(got));
      return;
    }
    int file = -1;
    std::memcpy(&file, CMSG_DATA(head), sizeof file);
    ::ssize_t const size = ::pread(file, content, sizeof content, 0);
    ::close(file);
    entries_.emplace_back(content, size < 0 ? 0 : static_cast<std::size_t>(size));
  }

  std::string path_;
  int listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  int datagrams_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  int stop_[2] = {-1, -1};
  bool is_open_ = false;
  std::uint16_t port_ = 0;
  std::vector<connection> connections_;
  std::vector<std::string> lines_;
  std::vector<std::string> entries_;
  std::thread thread_;
};

}  // namespace faults
