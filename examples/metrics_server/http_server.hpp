// SPDX-License-Identifier: MIT
// A small HTTP/1.1 server over plain sockets, for a few pages that programs fetch: one thread, one poll loop.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace metrics_server {

/// Closes its descriptor.
class descriptor {
 public:
  explicit descriptor(int number = -1) noexcept : number_(number) {}
  descriptor(descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  descriptor& operator=(descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~descriptor() {
    if (number_ >= 0) ::close(number_);
  }
  [[nodiscard]] int get() const noexcept { return number_; }

 private:
  int number_;
};

struct http_answer {
  int status = 200;
  std::string type = "text/plain; charset=utf-8";
  std::string body = {};
  std::string extra = {};  ///< further header lines, each with its "\r\n"
};

/// Answers GET and HEAD; each connection carries one request. A request is at most 8 KiB, comes and is answered within
/// five seconds, and at most 64 are at hand at a time: nobody can make it hold more, or hold it up.
class http_server {
 public:
  /// Makes the page of a path; an answer of status 404 where there is none.
  using page_maker = std::function<http_answer(std::string_view path)>;
  using request_watcher = std::function<void(std::string_view method, std::string_view path, int status)>;

  /// Listens at once; port 0 takes any free one. Throws: std::system_error.
  http_server(std::string const& address, std::uint16_t port)
      : listener_(check(::socket(AF_INET, SOCK_STREAM, 0), "socket")) {
    prepare(listener_.get());
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(port);
    if (::inet_pton(AF_INET, address.c_str(), &at.sin_addr) != 1) {
      throw std::system_error{EINVAL, std::generic_category(), "'" + address + "' is no IPv4 address"};
    }
    int const yes = 1;
    ::setsockopt(listener_.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    socklen_t size = sizeof at;
    check(::bind(listener_.get(), reinterpret_cast<sockaddr const*>(&at), size), "bind");
    check(::listen(listener_.get(), 64), "listen");
    check(::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&at), &size), "getsockname");
    port_ = ntohs(at.sin_port);
  }

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }

  /// Serves until `stop` can be read from. What is at hand then is given up. Throws: std::system_error.
  void serve(int stop, page_maker const& make_page, request_watcher const& watch) {
    std::vector<pollfd> watched;
    while (true) {
      bool const has_room = connections_.size() < most_connections;
      watched.assign({{stop, POLLIN, 0}, {has_room ? listener_.get() : -1, POLLIN, 0}});
      for (connection const& c : connections_) {
        short const wanted = c.is_answering() ? POLLOUT : POLLIN;
        watched.push_back({c.socket.get(), wanted, 0});
      }
      if (::poll(watched.data(), static_cast<nfds_t>(watched.size()), milliseconds_left()) < 0) {
        if (errno == EINTR) continue;
        throw std::system_error{errno, std::generic_category(), "poll"};
      }
      if (watched[0].revents != 0) return connections_.clear();
      for (std::size_t i = 0; i < connections_.size(); ++i) {
        if (watched[i + 2].revents != 0) advance(connections_[i], make_page, watch);
      }
      auto const now = clock::now();
      std::erase_if(connections_, [now](connection const& c) { return c.is_over || c.until <= now; });
      if (watched[1].revents != 0) accept_one();
    }
  }

 private:
  using clock = std::chrono::steady_clock;
  static constexpr std::size_t most_connections = 64;
  static constexpr std::size_t most_request_bytes = 8192;
  static constexpr std::chrono::seconds patience{5};

  struct connection {
    descriptor socket;
    clock::time_point until = clock::now() + patience;
    std::string request = {};
    std::string answer = {};  ///< empty while the request is not complete
    std::size_t written = 0;
    bool is_over = false;

    [[nodiscard]] bool is_answering() const noexcept { return written < answer.size(); }
  };

  static int check(int result, char const* what) {
    if (result < 0) throw std::system_error{errno, std::generic_category(), what};
    return result;
  }
  static void prepare(int socket) {
    check(::fcntl(socket, F_SETFL, O_NONBLOCK), "fcntl");
    check(::fcntl(socket, F_SETFD, FD_CLOEXEC), "fcntl");
  }
  static bool would_block() noexcept { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

  /// Until the first connection runs out of time; without end where there is none.
  [[nodiscard]] int milliseconds_left() const {
    if (connections_.empty()) return -1;
    auto const first = std::min_element(connections_.begin(), connections_.end(),
                                        [](auto const& a, auto const& b) { return a.until < b.until; });
    auto const left = std::chrono::ceil<std::chrono::milliseconds>(first->until - clock::now());
    return static_cast<int>(std::max<std::int64_t>(left.count(), 0));
  }

  void accept_one() {
    descriptor socket{::accept(listener_.get(), nullptr, nullptr)};
    if (socket.get() < 0) {
      bool const has_no_descriptor = errno == EMFILE || errno == ENFILE;
      if (has_no_descriptor) ::poll(nullptr, 0, 100);  // else this would be tried without a pause
      return;
    }
    prepare(socket.get());
    connections_.push_back({.socket = std::move(socket)});
  }

  static void advance(connection& c, page_maker const& make_page, request_watcher const& watch) {
    if (!c.is_answering()) read(c, make_page, watch);
    if (c.is_answering()) write(c);
  }

  /// After the answer the rest is read and thrown away until the other side closes: closing a socket with unread
  /// bytes could take the answer back.
  static void read(connection& c, page_maker const& make_page, request_watcher const& watch) {
    char piece[2048];
    auto const size = ::recv(c.socket.get(), piece, sizeof piece, 0);
    if (size <= 0) {
      c.is_over = size == 0 || !would_block();
      return;
    }
    if (!c.answer.empty()) return;
    c.request.append(piece, static_cast<std::size_t>(size));
    bool const is_complete = c.request.find("\r\n\r\n") != std::string::npos;
    if (is_complete) {
      answer(c, make_page, watch);
    } else if (c.request.size() > most_request_bytes) {
      refuse(c, {.status = 431}, watch);
    } else if (c.request.find('\n') != std::string::npos && !request_line(c.request).is_valid) {
      refuse(c, {.status = 400}, watch);
    }
  }

  static void write(connection& c) {
#ifdef MSG_NOSIGNAL
    int const flags = MSG_NOSIGNAL;
#else
    int const flags = 0;
#endif
    auto const size = ::send(c.socket.get(), c.answer.data() + c.written, c.answer.size() - c.written, flags);
    if (size < 0) {
      c.is_over = !would_block();
      return;
    }
    c.written += static_cast<std::size_t>(size);
    if (!c.is_answering()) ::shutdown(c.socket.get(), SHUT_WR);
  }

  struct parsed_line {
    std::string_view method;
    std::string_view path;
    bool is_valid = false;
  };

  /// `GET /metrics?x=y HTTP/1.1`; the query is left out.
  static parsed_line request_line(std::string_view request) {
    std::string_view line = request.substr(0, request.find('\n'));
    if (line.ends_with('\r')) line.remove_suffix(1);
    auto const first = line.find(' ');
    auto const last = line.rfind(' ');
    if (first == std::string_view::npos || last <= first) return {};
    parsed_line found{line.substr(0, first), line.substr(first + 1, last - first - 1)};
    std::string_view const version = line.substr(last + 1);
    bool const is_method = !found.method.empty() && std::all_of(found.method.begin(), found.method.end(),
                                                                [](char c) { return c >= 'A' && c <= 'Z'; });
    bool const is_target =
        found.path.starts_with('/') &&
        std::all_of(found.path.begin(), found.path.end(), [](char c) { return c > ' ' && c <= '~'; });
    found.is_valid = is_method && is_target && (version == "HTTP/1.1" || version == "HTTP/1.0");
    found.path = found.path.substr(0, found.path.find('?'));
    return found;
  }

  static void answer(connection& c, page_maker const& make_page, request_watcher const& watch) {
    parsed_line const asked = request_line(c.request);
    if (!asked.is_valid) return refuse(c, {.status = 400}, watch);
    http_answer page = make_page(asked.path);
    if (page.status != 404 && asked.method != "GET" && asked.method != "HEAD") {
      page = {.status = 405, .extra = "Allow: GET, HEAD\r\n"};
    }
    watch(asked.method, asked.path, page.status);
    put(c, std::move(page), asked.method != "HEAD");
  }

  static void refuse(connection& c, http_answer why, request_watcher const& watch) {
    watch({}, {}, why.status);
    put(c, std::move(why), true);
  }

  static void put(connection& c, http_answer page, bool with_body) {
    std::string const status = std::to_string(page.status) + ' ' + reason(page.status);
    if (page.body.empty()) page.body = status + '\n';
    c.answer = "HTTP/1.1 " + status + "\r\nContent-Type: " + page.type +
               "\r\nContent-Length: " + std::to_string(page.body.size()) + "\r\n" + page.extra +
               "Cache-Control: no-store\r\nConnection: close\r\n\r\n";
    if (with_body) c.answer += page.body;
  }

  static char const* reason(int status) noexcept {
    switch (status) {
      case 200: return "OK";
      case 400: return "Bad Request";
      case 404: return "Not Found";
      case 405: return "Method Not Allowed";
      case 431: return "Request Header Fields Too Large";
      default: return "Service Unavailable";
    }
  }

  descriptor listener_;
  std::uint16_t port_ = 0;
  std::vector<connection> connections_;
};

}  // namespace metrics_server
