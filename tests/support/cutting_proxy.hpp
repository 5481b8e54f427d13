// SPDX-License-Identifier: MIT
// A proxy between the sink and its server that cuts connections: before an INSERT or COMMIT arrives, or before the answer to
// a COMMIT does.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "support/temporary_directory.hpp"

namespace support {

/// Drops every `before`th INSERT or COMMIT; forwards every `after`th COMMIT and drops the server's answer; 0: none. Thread: any.
class cutting_proxy {
 public:
  explicit cutting_proxy(std::string server_folder) : server_(std::move(server_folder)) {
    listener_ = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un const address = address_in(folder_.path().string());
    if (::bind(listener_, reinterpret_cast<sockaddr const*>(&address), sizeof address) != 0 ||
        ::listen(listener_, 16) != 0) {
      throw std::runtime_error{"the proxy cannot listen"};
    }
    thread_ = std::thread{[this] { run(); }};
  }
  cutting_proxy(cutting_proxy const&) = delete;
  cutting_proxy& operator=(cutting_proxy const&) = delete;
  ~cutting_proxy() {
    is_over_ = true;
    thread_.join();
    ::close(listener_);
  }

  [[nodiscard]] std::string host() const { return folder_.path().string(); }

  std::atomic<unsigned> before{0};
  std::atomic<unsigned> after{0};
  std::atomic<unsigned> cut_before{0};  ///< so far
  std::atomic<unsigned> cut_after{0};

 private:
  struct pair {
    int client;
    int server;
    bool loses_answer = false;
  };

  static sockaddr_un address_in(std::string const& folder) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::string const path = folder + "/.s.PGSQL.5432";
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
  }

  void run() {
    std::vector<pair> pairs;
    while (!is_over_) {
      std::vector<pollfd> watched{{listener_, POLLIN, 0}};
      for (pair const& p : pairs) {
        watched.push_back({p.client, POLLIN, 0});
        watched.push_back({p.server, POLLIN, 0});
      }
      if (::poll(watched.data(), watched.size(), 50) <= 0) continue;
      std::vector<pair> kept;
      for (std::size_t i = 0; i < pairs.size(); ++i) {
        if (serve(pairs[i], watched[1 + 2 * i].revents != 0, watched[2 + 2 * i].revents != 0)) {
          kept.push_back(pairs[i]);
        } else {
          ::close(pairs[i].client);
          ::close(pairs[i].server);
        }
      }
      pairs = std::move(kept);
      if (watched[0].revents != 0) accept_one(pairs);
    }
    for (pair const& p : pairs) {
      ::close(p.client);
      ::close(p.server);
    }
  }

  void accept_one(std::vector<pair>& pairs) const {
    int const client = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    int const server = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un const address = address_in(server_);
    if (::connect(server, reinterpret_cast<sockaddr const*>(&address), sizeof address) == 0) {
      pairs.push_back({client, server});
    } else {
      ::close(client);
      ::close(server);
    }
  }

  /// Returns false once the connection has ended.
  bool serve(pair& p, bool from_client, bool from_server) {
    std::array<char, 65536> bytes;
    if (from_client) {
      ssize_t const count = ::read(p.client, bytes.data(), bytes.size());
      if (count <= 0) return false;
      std::string_view const message{bytes.data(), static_cast<std::size_t>(count)};
      bool const is_insert = message.starts_with('P');  // Parse, with Bind and Execute behind it
      bool const is_commit = message.starts_with('Q') && message.substr(5).starts_with("COMMIT");
      if (is_insert || is_commit) {
        ++steps_;
        if (before != 0 && steps_ % before == 0) {
          ++cut_before;
          return false;
        }
      }
      if (is_commit) p.loses_answer = after != 0 && ++commits_ % after == 0;
      if (!forward(p.server, bytes.data(), count)) return false;
    }
    if (from_server) {
      ssize_t const count = ::read(p.server, bytes.data(), bytes.size());
      if (count <= 0) return false;
      if (p.loses_answer) {
        ++cut_after;
        return false;
      }
      if (!forward(p.client, bytes.data(), count)) return false;
    }
    return true;
  }

  static bool forward(int to, char const* bytes, ssize_t count) {
    while (count > 0) {
      ssize_t const sent = ::send(to, bytes, static_cast<std::size_t>(count), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes += sent;
      count -= sent;
    }
    return true;
  }

  temporary_directory folder_;
  std::string server_;
  int listener_ = -1;
  unsigned steps_ = 0;
  unsigned commits_ = 0;
  std::atomic<bool> is_over_{false};
  std::thread thread_;
};

}  // namespace support
